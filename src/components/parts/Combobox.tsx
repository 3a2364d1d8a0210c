/** A field that is searched by typing, with the list of what was found. Costs a lot: see `Dropdown`. */
import {
  useCombobox,
  type UseComboboxPropGetters,
  type UseComboboxState,
  type UseComboboxStateChangeOptions
} from 'downshift';
import {
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
  type InputHTMLAttributes,
  type KeyboardEvent,
  type SyntheticEvent
} from 'react';

import { useAnchored } from './anchored';
import { matching, MOST_DRAWN, type Option } from './choices';
import { onFieldKey, Tokens } from './Tokens';

/** What is chosen among, and what happens when something is. */
export interface Picker {
  readonly options: readonly Option[];
  readonly chosen: readonly Option[];
  readonly multiple: boolean;
  readonly filterable: boolean;
  /** The person may give values of their own. */
  readonly custom: boolean;
  /** No more can be chosen than there are now; the number. */
  readonly fullAt: number | null;
  /** Choose an option; of several, one that is chosen already is taken out. */
  readonly pick: (option: Option) => void;
  /** Take out the chosen option at a position. */
  readonly remove: (position: number) => void;
  /** Choose what was typed. */
  readonly enter: (text: string) => void;
  /** null when nobody listens. */
  readonly keyUp: ((key: string, text: string) => void) | null;
}

interface ComboboxProps {
  readonly picker: Picker;
  readonly inputId: string;
  readonly labelId: string;
  readonly infoId: string | undefined;
  readonly placeholder: string;
  /** Open the list at once. */
  readonly opened: boolean;
  /** Where to put what has been typed and not been entered; null: nothing was typed. */
  readonly typed: { current: string | null };
}

const Change = useCombobox.stateChangeTypes;

/** Takes the focus when it is mounted. */
export function Combobox(props: ComboboxProps): JSX.Element {
  const { picker, typed, placeholder } = props;
  const [text, setText] = useState(typed.current);
  const write = (next: string | null): void => {
    typed.current = next;
    setText(next);
  };
  const found = useFound(picker, text);
  const box = useRef<HTMLDivElement>(null);
  const popup = useRef<HTMLDivElement>(null);
  const input = useRef<HTMLInputElement>(null);
  const shown = shownText(picker, text);
  const combobox = useList(props, found.shown, shown);
  useAnchored(combobox.isOpen, box, popup);
  useLayoutEffect(() => input.current?.focus(), []);
  useLayoutEffect(() => {
    // What stands there was chosen, not typed: the first letter of a search replaces it.
    if (text === null) {
      input.current?.select();
    }
  }, [text, shown]);
  const choose = (option: Option): void => {
    picker.pick(option);
    write(null);
    if (!picker.multiple) {
      combobox.closeMenu();
    }
  };
  const keys = { picker, combobox, found, text, write, choose };
  return (
    <>
      <div ref={box} className="ib-Combobox">
        {picker.multiple ? <Tokens chosen={picker.chosen} onRemove={picker.remove} /> : null}
        <input
          {...combobox.getInputProps({
            ref: input,
            'aria-describedby': props.infoId,
            placeholder: picker.multiple && picker.chosen.length > 0 ? undefined : placeholder,
            ...fieldProps(keys)
          })}
          className="ib-Combobox-input"
        />
      </div>
      <div ref={popup} className="ib-Combobox-popup" hidden={!combobox.isOpen}>
        <Choices {...{ picker, combobox, found, choose }} />
      </div>
    </>
  );
}

type List = UseComboboxPropGetters<Option> & UseComboboxState<Option> & { closeMenu: () => void };

interface Found {
  readonly shown: readonly Option[];
  readonly more: number;
}

/** What the list shows: all that match, or as many as can be drawn while typing can narrow them. */
function useFound({ options, filterable }: Picker, text: string | null): Found {
  return useMemo(() => {
    const found = matching(options, filterable ? (text ?? '') : '');
    const most = filterable ? MOST_DRAWN : found.length;
    return { shown: found.slice(0, most), more: Math.max(0, found.length - most) };
  }, [options, filterable, text]);
}

function shownText({ multiple, chosen }: Picker, text: string | null): string {
  return text ?? (multiple ? '' : (chosen[0]?.label ?? ''));
}

/**
 * What is open and what is marked. The value is not in this state: the store has it, and what a person
 * chooses goes straight there, once.
 */
function useList(
  { picker, inputId, labelId, opened }: ComboboxProps,
  shown: readonly Option[],
  text: string
): List {
  const current = picker.multiple ? undefined : picker.chosen[0];
  const start = current === undefined ? -1 : shown.indexOf(current);
  return useCombobox<Option>({
    items: shown as Option[],
    inputId,
    labelId,
    menuId: `${inputId}m`,
    getItemId: index => `${inputId}o${index}`,
    inputValue: text,
    selectedItem: null,
    itemToString: option => option?.label ?? '',
    isItemDisabled: option => isBarred(picker, option),
    initialIsOpen: opened,
    initialHighlightedIndex: start,
    stateReducer: (state, change) => reduce(picker, start, state, change)
  });
}

function isBarred({ fullAt, chosen }: Picker, option: Option): boolean {
  return fullAt !== null && !chosen.includes(option);
}

function reduce(
  { custom }: Picker,
  start: number,
  state: UseComboboxState<Option>,
  { type, changes }: UseComboboxStateChangeOptions<Option>
): Partial<UseComboboxState<Option>> {
  switch (type) {
    // Neither of them chooses or clears anything; they only close.
    case Change.InputKeyDownEscape:
    case Change.InputBlur:
      return { ...state, isOpen: false, highlightedIndex: -1 };
    case Change.InputChange:
      // Enter means the first that was found, unless what is typed is itself a value.
      return { ...changes, highlightedIndex: custom || changes.inputValue === '' ? -1 : 0 };
    case Change.InputClick:
    case Change.InputKeyDownArrowDown:
    case Change.InputKeyDownArrowUp:
      return state.isOpen || start < 0 ? changes : { ...changes, highlightedIndex: start };
    default:
      return changes;
  }
}

interface ListKeys {
  readonly picker: Picker;
  readonly combobox: List;
  readonly found: Found;
  readonly text: string | null;
  readonly write: (text: string | null) => void;
  readonly choose: (option: Option) => void;
}

function fieldProps(keys: ListKeys): InputHTMLAttributes<HTMLInputElement> {
  const { picker, write } = keys;
  return {
    'aria-autocomplete': picker.filterable ? 'list' : 'none',
    // Read-only would hand its keys to the notebook; this takes focus and keys, and no text.
    inputMode: picker.filterable ? 'text' : 'none',
    spellCheck: false,
    onChange: event => (picker.filterable ? write(event.currentTarget.value) : skip(event)),
    onKeyDown: event => {
      const { multiple, chosen, remove } = picker;
      if ((multiple && onFieldKey(event, chosen.length, remove)) || onListKey(event, keys)) {
        skip(event);
      }
    },
    onKeyUp: event => picker.keyUp?.(event.key, event.currentTarget.value)
  };
}

/** Enter, and Escape at a closed list. Returns whether the key was one of these. */
function onListKey(event: KeyboardEvent<HTMLInputElement>, keys: ListKeys): boolean {
  const { picker, combobox, found, text, write, choose } = keys;
  if (event.key === 'Escape' && !combobox.isOpen) {
    write(null);
    return true;
  }
  // While an input method composes, Enter accepts its suggestion.
  if (event.key !== 'Enter' || event.nativeEvent.isComposing) {
    return false;
  }
  event.preventDefault();
  const marked = combobox.isOpen ? found.shown[combobox.highlightedIndex] : undefined;
  if (marked !== undefined) {
    if (!isBarred(picker, marked)) {
      choose(marked);
    }
    return true;
  }
  if (picker.custom && text !== null) {
    picker.enter(text);
    write(null);
  }
  combobox.closeMenu();
  return true;
}

/** Keep the list from acting on an event. */
function skip({ nativeEvent }: SyntheticEvent): void {
  Object.assign(nativeEvent, { preventDownshiftDefault: true });
}

type ChoicesProps = Pick<ListKeys, 'picker' | 'combobox' | 'found' | 'choose'>;

/** The list and a line about it. */
function Choices({ picker, combobox, found, choose }: ChoicesProps): JSX.Element {
  const chosen = new Set(picker.chosen);
  const item = (option: Option, index: number): JSX.Element => (
    <li
      key={option.index}
      {...combobox.getItemProps({
        item: option,
        index,
        onClick: event => {
          skip(event);
          choose(option);
        }
      })}
      // Marked is told by aria-activedescendant; this is what the value is.
      aria-selected={chosen.has(option)}
      className={
        index === combobox.highlightedIndex ? 'ib-Combobox-item ib-is-marked' : 'ib-Combobox-item'
      }
    >
      {option.label}
    </li>
  );
  return (
    <>
      <ul
        {...combobox.getMenuProps({ onMouseDown: event => event.preventDefault() })}
        aria-multiselectable={picker.multiple || undefined}
        className="ib-Combobox-list"
      >
        {combobox.isOpen ? found.shown.map(item) : null}
      </ul>
      <div className="ib-Combobox-note" role="status">
        {combobox.isOpen ? note(found, picker) : null}
      </div>
    </>
  );
}

function note({ shown, more }: Found, picker: Picker): string | null {
  if (picker.options.length === 0 || shown.length === 0) {
    const nothing = picker.options.length === 0 ? 'No choices' : 'No matches';
    return picker.custom ? 'Press Enter to use what you typed' : nothing;
  }
  if (picker.fullAt !== null) {
    return `${picker.fullAt} of ${picker.fullAt} chosen; remove one to choose another`;
  }
  return more > 0 ? `… and ${more.toLocaleString('en')} more; type to narrow` : null;
}

/** CSS of the field and its list inside `root`, a class selector. */
export function comboboxCss(root: string): string {
  return `
${root} .ib-Combobox { display: flex; flex-wrap: wrap; align-items: center; gap: 4px; position: relative; box-sizing: border-box; width: 100%; min-height: var(--ib-control-height); padding: 3px 28px 3px 4px; border: 1px solid var(--ib-border-strong); border-radius: var(--ib-radius); background: var(--ib-input); }
${root} .ib-Combobox::after { content: ''; position: absolute; top: 9px; inset-inline-end: 11px; width: 6px; height: 6px; border-right: 1.5px solid var(--ib-text-secondary); border-bottom: 1.5px solid var(--ib-text-secondary); transform: rotate(45deg); pointer-events: none; }
${root} .ib-Combobox:focus-within { border-color: var(--ib-focus); outline: 1px solid var(--ib-focus); }
${root} .ib-Combobox.ib-is-readonly { padding-inline-end: 4px; border-color: var(--ib-border); background: transparent; }
${root} .ib-Combobox.ib-is-readonly::after { display: none; }
${root} .ib-Combobox .ib-Combobox-input { flex: 1 1 40px; appearance: none; box-sizing: border-box; min-width: 0; height: 22px; margin: 0; padding: 0 4px; border: 0; background: none; color: var(--ib-text); font: inherit; text-overflow: ellipsis; }
${root} .ib-Combobox > input.ib-Combobox-input:focus-visible { outline: none; }
${root} .ib-Combobox-input::placeholder { color: var(--ib-text-secondary); opacity: 1; }
${root} .ib-Combobox > select.ib-Combobox-input { height: calc(var(--ib-control-height) - 2px); margin: -3px -28px -3px -4px; padding: 0 28px 0 8px; border-radius: var(--ib-radius); cursor: pointer; }
${root} .ib-Combobox > select.ib-Combobox-input:focus-visible { outline: none; }
${root} .ib-Combobox > select:is(:disabled, .ib-is-empty) { color: var(--ib-text-secondary); opacity: 1; }
${root} .ib-Combobox option { background: var(--ib-card); color: var(--ib-text); }
${root} .ib-Combobox-popup { box-sizing: border-box; flex-direction: column; position: absolute; z-index: 10; inset: auto; width: 100%; max-height: 280px; margin: 0; padding: 0; overflow: hidden; border: 1px solid var(--ib-border-strong); border-radius: var(--ib-radius); background: var(--ib-raised); color: var(--ib-text); font: inherit; box-shadow: var(--jp-elevation-z6, 0 4px 12px rgb(0 0 0 / 24%)); }
${root} .ib-Combobox-popup:not([hidden]) { display: flex; }
${root} .ib-Combobox-popup:popover-open { position: fixed; }
${root} .ib-Combobox-list { flex: 0 1 auto; min-height: 0; margin: 0; padding: 4px; overflow: hidden auto; list-style: none; overscroll-behavior: contain; }
${root} .ib-Combobox-list:empty { display: none; }
${root} .ib-Combobox-item { position: relative; min-height: 20px; padding: 4px 8px 4px 28px; border-radius: var(--ib-radius); overflow-wrap: anywhere; cursor: pointer; }
${root} .ib-Combobox-item.ib-is-marked { background: var(--ib-hover); }
@media (forced-colors: active) { ${root} .ib-Combobox-item.ib-is-marked { forced-color-adjust: none; background: Highlight; color: HighlightText; --ib-accent: HighlightText; } }
${root} .ib-Combobox-item[aria-selected='true']::before { content: ''; position: absolute; top: 7px; inset-inline-start: 12px; width: 4px; height: 9px; border-right: 2px solid var(--ib-accent); border-bottom: 2px solid var(--ib-accent); transform: rotate(45deg); }
${root} .ib-Combobox-item[aria-disabled='true'] { color: var(--ib-text-secondary); cursor: not-allowed; }
${root} .ib-Combobox-note { flex: none; padding: 4px 12px; color: var(--ib-text-secondary); font-size: calc(var(--ib-font-size) - 1px); }
${root} .ib-Combobox-list:not(:empty) + .ib-Combobox-note { border-top: 1px solid var(--ib-border); }
${root} .ib-Combobox-note:empty { display: none; }`;
}
