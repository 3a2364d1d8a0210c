import { defineComponent, type View } from './component';
import { Frame } from './parts/Frame';
import { OptionRows, optionRowsCss } from './parts/OptionRows';

function Body({ id, props, set, fire }: View<'radio'>): JSX.Element {
  return (
    <Frame id={id} props={props} className="ib-Radio" title="Radio" as="group">
      {ids => (
        <OptionRows
          type="radio"
          name={ids.control}
          choices={props.choices}
          isChosen={choice => choice[1] === props.value}
          disabled={!props.interactive}
          rtl={props.rtl}
          onChoose={(index, [, value]) => {
            set({ value });
            fire('input');
            fire('select', { index, value, selected: true });
          }}
        />
      )}
    </Frame>
  );
}

export const Radio = defineComponent('radio', Body, optionRowsCss('.ib-Radio'));
