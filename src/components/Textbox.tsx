import {
  useEffect,
  useRef,
  useState,
  type KeyboardEvent,
  type RefObject,
  type SyntheticEvent
} from 'react';

import { defineComponent, type View } from './component';
import { CopyButton } from './parts/CopyButton';
import { EndKeeper } from './parts/ending';
import { Frame, type Ids } from './parts/Frame';

type Field = HTMLInputElement | HTMLTextAreaElement;

function Body(view: View<'textbox'>): JSX.Element {
  const { id, props } = view;
  // A value that the kernel sends while an input method composes waits: setting the field would break it off.
  const [draft, compose] = useState<string | null>(null);
  const text = draft ?? props.value ?? '';
  const copy = props.showCopyButton ? (
    <CopyButton text={props.value ?? ''} onCopy={value => view.fire('copy', { value })} />
  ) : undefined;
  return (
    <Frame id={id} props={props} className="ib-Textbox" title="Textbox" tools={copy}>
      {ids => {
        const field = { ...view, ids, text, compose };
        return isSingleLine(props) ? <SingleLine {...field} /> : <Area {...field} />;
      }}
    </Frame>
  );
}

interface FieldView extends View<'textbox'> {
  readonly ids: Ids;
  readonly text: string;
  /** An input method composes, and this is the text so far; null: it is done. */
  readonly compose: (draft: string | null) => void;
}

function isSingleLine(props: View<'textbox'>['props']): boolean {
  return props.type !== 'text' || (props.lines === 1 && props.maxLines === 1);
}

function SingleLine(view: FieldView): JSX.Element {
  return <input {...fieldAttributes(view)} type={view.props.type} />;
}

/** A text area that grows with its text, from `lines` to `maxLines`. */
function Area(view: FieldView): JSX.Element {
  const { props, text } = view;
  const field = useRef<HTMLTextAreaElement>(null);
  useAutoscroll(field, text, props.autoscroll);
  return (
    // The grid's second cell holds the same text unseen and so gives the area its height: no measuring,
    // no jump, and 1000 of them cost no layout pass each.
    <div className="ib-Textbox-grow" data-text={text} style={heights(props)}>
      <textarea {...fieldAttributes(view)} ref={field} rows={props.lines} />
    </div>
  );
}

function heights({ lines, maxLines }: View<'textbox'>['props']): Record<string, string | number> {
  return { '--ib-lines': lines, '--ib-max-lines': Math.max(lines, maxLines ?? 1_000_000) };
}

function fieldAttributes(view: FieldView): Record<string, unknown> {
  const { props, ids, text, fire, listens } = view;
  return {
    id: ids.control,
    className: 'ib-input',
    'aria-describedby': ids.info,
    value: text,
    placeholder: props.placeholder ?? undefined,
    readOnly: !props.interactive,
    autoFocus: props.autofocus,
    dir: props.rtl ? 'rtl' : undefined,
    maxLength: props.maxLength ?? undefined,
    style: props.textAlign ? { textAlign: props.textAlign } : undefined,
    autoComplete: 'off',
    spellCheck: false,
    ...typing(view),
    onKeyDown: (event: KeyboardEvent<Field>) => {
      if (submits(event, isSingleLine(props) ? 1 : props.lines)) {
        event.preventDefault();
        fire('submit');
      }
    },
    onFocus: () => fire('focus'),
    onBlur: () => fire('blur'),
    onSelect: listens('select')
      ? (event: SyntheticEvent<Field>) => {
          const { selectionStart: start, selectionEnd: end, value } = event.currentTarget;
          if (start !== null && end !== null && start !== end) {
            fire('select', { index: [start, end], value: value.slice(start, end), selected: true });
          }
        }
      : undefined
  };
}

type Typing = (event: SyntheticEvent<Field, InputEvent>) => void;

function typing({ props, set, fire, compose }: FieldView): Readonly<Record<string, Typing>> {
  const type = (value: string): void => {
    set({ value });
    fire('input');
  };
  return {
    onChange: event => {
      const { value } = event.currentTarget;
      if (event.nativeEvent.isComposing) {
        compose(value);
      }
      type(value);
    },
    onCompositionStart: event => compose(event.currentTarget.value),
    onCompositionEnd: event => {
      const { value } = event.currentTarget;
      compose(null);
      // Some browsers tell of the text only after the end, when the field would already be set back.
      if (value !== (props.value ?? '')) {
        type(value);
      }
    }
  };
}

function submits(event: KeyboardEvent<Field>, lines: number): boolean {
  // While an input method composes, Enter accepts its suggestion.
  const { isComposing, keyCode } = event.nativeEvent;
  // Safari has already ended the composition when it tells of that Enter, and marks it by this code.
  if (event.key !== 'Enter' || isComposing || keyCode === 229) {
    return false;
  }
  return lines === 1 ? !event.shiftKey : event.shiftKey;
}

/** Keep the end in view while text is added, unless the person has scrolled away from it. */
function useAutoscroll(field: RefObject<HTMLTextAreaElement>, text: string, wanted: boolean): void {
  const [end] = useState(() => new EndKeeper());
  const frame = useRef<number | null>(null);
  useEffect(() => {
    if (!wanted) {
      return;
    }
    // With the next painting, which lays the page out in any case. One that is asked for stays so: text that comes
    // with every painting would put it off for ever.
    frame.current ??= requestAnimationFrame(() => {
      frame.current = null;
      const element = field.current;
      if (element !== null && document.activeElement !== element) {
        end.follow(element);
      }
    });
  }, [end, field, text, wanted]);
  useEffect(() => {
    const element = field.current;
    const onScroll = (): void => {
      if (element !== null) {
        end.scrolled(element);
      }
    };
    element?.addEventListener('scroll', onScroll, { passive: true });
    return () => {
      element?.removeEventListener('scroll', onScroll);
      cancelAnimationFrame(frame.current ?? 0);
      frame.current = null;
    };
  }, [end, field]);
}

export const Textbox = defineComponent(
  'textbox',
  Body,
  `
.ib-Textbox-grow { display: grid; }
.ib-Textbox-grow > textarea { resize: none; overflow: hidden auto; }
.ib-Textbox-grow > textarea,
.ib-Textbox-grow::after {
  grid-area: 1 / 1 / 2 / 2;
  box-sizing: border-box;
  min-height: calc(var(--ib-lines) * var(--ib-line) + 2 * var(--ib-pad-y) + 2px);
  max-height: calc(var(--ib-max-lines) * var(--ib-line) + 2 * var(--ib-pad-y) + 2px);
}
.ib-Textbox-grow::after {
  content: attr(data-text) ' ';
  visibility: hidden;
  white-space: pre-wrap;
  overflow-wrap: anywhere;
  overflow: hidden;
  padding: var(--ib-pad-y) var(--ib-pad-x);
  border: 1px solid transparent;
  font: inherit;
  line-height: var(--ib-line);
}
`
);
