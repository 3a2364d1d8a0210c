import { useMemo, useRef, useState, type FocusEvent, type MouseEvent } from 'react';

import { defineComponent, type View } from './component';
import { chosenOf, known, optionsOf, type ChoiceValue, type Option } from './parts/choices';
import { Combobox, comboboxCss, type Picker } from './parts/Combobox';
import { Frame, type Ids } from './parts/Frame';
import { Tokens, tokensCss } from './parts/Tokens';

type DropdownView = View<'dropdown'>;

interface ControlProps {
  readonly view: DropdownView;
  readonly picker: Picker;
  readonly ids: Ids;
}

function Body(view: DropdownView): JSX.Element {
  const { id, props } = view;
  const picker = usePicker(view);
  const { multiple, filterable, custom } = picker;
  const Control = !props.interactive
    ? ReadOnly
    : multiple || filterable || custom
      ? Searched
      : Native;
  return (
    <Frame id={id} props={props} className="ib-Dropdown" title="Dropdown">
      {ids => <Control view={view} picker={picker} ids={ids} />}
    </Frame>
  );
}

function usePicker(view: DropdownView): Picker {
  const { choices, value, multiselect, filterable, allowCustomValue, maxChoices } = view.props;
  const options = useMemo(() => optionsOf(choices), [choices]);
  const chosen = useMemo(
    () => chosenOf(options, value, allowCustomValue).slice(0, multiselect ? undefined : 1),
    [options, value, allowCustomValue, multiselect]
  );
  const isFull = multiselect && maxChoices !== null && chosen.length >= maxChoices;
  return {
    options,
    chosen,
    multiple: multiselect,
    filterable,
    custom: allowCustomValue,
    fullAt: isFull ? maxChoices : null,
    ...(multiselect ? several(view, options, chosen, isFull) : single(view, options, chosen[0])),
    keyUp: view.listens('key_up')
      ? (key, text) => view.fire('key_up', { key, inputValue: text })
      : null
  };
}

type Actions = Pick<Picker, 'pick' | 'remove' | 'enter'>;

function single(
  { set, fire }: DropdownView,
  options: readonly Option[],
  chosen: Option | undefined
): Actions {
  const change = (value: ChoiceValue | null): void => {
    if (value !== (chosen?.value ?? null)) {
      set({ value });
      fire('input');
    }
  };
  const pick = ({ index, value }: Option): void => {
    change(value);
    fire('select', { index: index < 0 ? null : index, value, selected: true });
  };
  return {
    pick,
    remove: () => change(null),
    enter: text => (text.trim() === '' ? change(null) : pick(optionFor(options, text)))
  };
}

function several(
  { set, fire, props }: DropdownView,
  options: readonly Option[],
  chosen: readonly Option[],
  isFull: boolean
): Actions {
  const change = (next: readonly Option[], { index, value }: Option, selected: boolean): void => {
    const values = next.map(option => option.value);
    set({ value: props.allowCustomValue ? values : known(props.choices, values) });
    fire('input');
    fire('select', { index: index < 0 ? null : index, value, selected });
  };
  const isChosen = ({ value }: Option): boolean => chosen.some(each => each.value === value);
  const add = (option: Option): void => {
    if (!isFull && !isChosen(option)) {
      change([...chosen, option], option, true);
    }
  };
  const remove = (option: Option | undefined): void => {
    if (option !== undefined) {
      change(chosen.filter(each => each.value !== option.value), option, false); // prettier-ignore
    }
  };
  return {
    pick: option => (isChosen(option) ? remove(option) : add(option)),
    remove: position => remove(chosen[position]),
    enter: text => (text.trim() === '' ? undefined : add(optionFor(options, text)))
  };
}

/** The choice of that label or value, or else a value of the person's own. */
function optionFor(options: readonly Option[], text: string): Option {
  return (
    options.find(option => option.label === text) ??
    options.find(option => option.value === text) ?? { index: -1, label: text, value: text }
  );
}

/** The browser's own list: the quickest, and on a phone the best. */
function Native({ view, picker, ids }: ControlProps): JSX.Element {
  const { options, chosen, pick } = picker;
  const current = chosen[0]?.index ?? -1;
  return (
    <div className="ib-Combobox">
      <select
        id={ids.control}
        className={current < 0 ? 'ib-Combobox-input ib-is-empty' : 'ib-Combobox-input'}
        aria-describedby={ids.info}
        value={current}
        disabled={options.length === 0}
        onChange={event => {
          const option = options[Number(event.currentTarget.value)];
          if (option !== undefined) {
            pick(option);
          }
        }}
        onFocus={() => view.fire('focus')}
        onBlur={() => view.fire('blur')}
        onKeyUp={event => picker.keyUp?.(event.key, chosen[0]?.label ?? '')}
      >
        {current < 0 ? (
          <option value={-1} disabled hidden>
            {placeholderOf(picker)}
          </option>
        ) : null}
        {options.map(({ index, label }) => (
          <option key={index} value={index}>
            {label}
          </option>
        ))}
      </select>
    </div>
  );
}

function ReadOnly({ picker, ids }: ControlProps): JSX.Element {
  const { chosen, multiple } = picker;
  if (!multiple) {
    const text = chosen[0]?.label ?? '';
    return (
      <input
        id={ids.control}
        className="ib-input"
        aria-describedby={ids.info}
        value={text}
        readOnly
      />
    );
  }
  return (
    <output id={ids.control} className="ib-Combobox ib-is-readonly" aria-describedby={ids.info}>
      <Tokens chosen={chosen} onRemove={null} />
      {chosen.length === 0 ? <span className="ib-Dropdown-none">None</span> : null}
    </output>
  );
}

/** How the field was entered: with its list open, and with what text. */
interface Entry {
  readonly opened: boolean;
  readonly text: string | null;
}

/**
 * A field that is searched by typing. A searched field costs many times a plain one, so it is there
 * only while it has the focus; before that, a plain field stands in its place.
 */
function Searched({ view, picker, ids }: ControlProps): JSX.Element {
  const [entry, setEntry] = useState<Entry | null>(null);
  const typed = useRef<string | null>(null);
  const begin = (opened: boolean, text: string | null = null): void => {
    typed.current = text;
    setEntry({ opened, text });
    view.fire('focus');
  };
  const leave = (event: FocusEvent<HTMLElement>): void => {
    const within = event.currentTarget;
    // The last is another window coming to the front: the focus comes back with this one.
    const stays = [event.relatedTarget, document.activeElement].some(to => within.contains(to));
    if (entry === null || stays) {
      return;
    }
    if (picker.custom && typed.current !== null) {
      picker.enter(typed.current);
    }
    typed.current = null;
    setEntry(null);
    view.fire('blur');
  };
  return (
    <div onBlur={leave}>
      <Resting picker={picker} ids={ids} hidden={entry !== null} begin={begin} />
      {entry === null ? null : (
        <Combobox
          picker={picker}
          inputId={ids.control}
          labelId={ids.label}
          infoId={ids.info}
          placeholder={placeholderOf(picker)}
          opened={entry.opened}
          typed={typed}
        />
      )}
    </div>
  );
}

interface RestingProps {
  readonly picker: Picker;
  readonly ids: Ids;
  readonly hidden: boolean;
  readonly begin: (opened: boolean, text?: string) => void;
}

/**
 * Looks like the searched field. It stays in the document, unseen, while that has the focus: were the
 * focused element removed, the focus would be nobody's for a moment, and the notebook would take it.
 */
function Resting({ picker, ids, hidden, begin }: RestingProps): JSX.Element {
  const { chosen, multiple, remove } = picker;
  const press = (event: MouseEvent): void => {
    if (event.button === 0 && !(event.target instanceof HTMLButtonElement)) {
      event.preventDefault();
      begin(true);
    }
  };
  return (
    <div className="ib-Combobox" hidden={hidden} onMouseDown={press}>
      {multiple ? <Tokens chosen={chosen} onRemove={remove} /> : null}
      <input
        id={hidden ? undefined : ids.control}
        className="ib-Combobox-input"
        role="combobox"
        aria-expanded={false}
        aria-haspopup="listbox"
        aria-describedby={ids.info}
        autoComplete="off"
        placeholder={multiple && chosen.length > 0 ? undefined : placeholderOf(picker)}
        value={multiple ? '' : (chosen[0]?.label ?? '')}
        onFocus={() => begin(false)}
        onChange={event => begin(true, event.currentTarget.value)}
      />
    </div>
  );
}

function placeholderOf({ options, custom }: Picker): string {
  if (options.length === 0) {
    return custom ? 'Type a value' : 'No choices';
  }
  return custom ? 'Choose or type…' : 'Choose…';
}

export const Dropdown = defineComponent(
  'dropdown',
  Body,
  `
.ib-Dropdown .ib-Dropdown-none { color: var(--ib-text-secondary); }
${comboboxCss('.ib-Dropdown')}
${tokensCss('.ib-Dropdown')}`
);
