import { defineComponent, type View } from './component';
import { known, type Choice, type ChoiceValue } from './parts/choices';
import { Frame } from './parts/Frame';
import { OptionRows, optionRowsCss } from './parts/OptionRows';

function Body(view: View<'checkboxgroup'>): JSX.Element {
  const { id, props, set, fire } = view;
  const chosen = new Set<ChoiceValue>(props.value);
  const choose = (index: number, [, value]: Choice, selected: boolean): void => {
    const others = known(props.choices, props.value).filter(each => each !== value);
    set({ value: selected ? [...others, value] : others });
    fire('input');
    fire('select', { index, value, selected });
  };
  return (
    <Frame
      id={id}
      props={props}
      className="ib-CheckboxGroup"
      title="Checkbox Group"
      as="group"
      tools={props.showSelectAll && props.choices.length > 0 ? <SelectAll {...view} /> : undefined}
    >
      {ids => (
        <OptionRows
          type="checkbox"
          name={ids.control}
          choices={props.choices}
          isChosen={choice => chosen.has(choice[1])}
          disabled={!props.interactive}
          onChoose={choose}
        />
      )}
    </Frame>
  );
}

/** One tick for all: empty, half when only some are chosen, full. */
function SelectAll({ props, set, fire }: View<'checkboxgroup'>): JSX.Element {
  const count = known(props.choices, props.value).length;
  const all = count === props.choices.length;
  const toggle = (): void => {
    set({ value: all ? [] : props.choices.map(choice => choice[1]) });
    fire('input');
  };
  return (
    <label className="ib-Option ib-CheckboxGroup-all">
      <input
        type="checkbox"
        checked={all}
        ref={element => {
          if (element !== null) {
            element.indeterminate = count > 0 && !all;
          }
        }}
        disabled={!props.interactive}
        onChange={toggle}
      />
      <span>Select all</span>
    </label>
  );
}

export const CheckboxGroup = defineComponent(
  'checkboxgroup',
  Body,
  `
.ib-CheckboxGroup .ib-CheckboxGroup-all { margin-inline-start: auto; color: var(--ib-text-secondary); }
${optionRowsCss('.ib-CheckboxGroup')}`
);
