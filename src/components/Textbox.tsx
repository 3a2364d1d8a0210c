import { useEffect, useRef, type KeyboardEvent, type SyntheticEvent } from 'react';

import { defineComponent, type View } from './component';
import { CopyButton } from './parts/CopyButton';
import { Frame, type Ids } from './parts/Frame';

type Field = HTMLInputElement | HTMLTextAreaElement;

function Body(view: View<'textbox'>): JSX.Element {
  const { id, props } = view;
  const copy = props.showCopyButton ? <CopyButton text={props.value ?? ''} /> : undefined;
  return (
    <Frame id={id} props={props} className="ib-Textbox" title="Textbox" tools={copy}>
      {ids =>
        isSingleLine(props) ? <SingleLine {...view} ids={ids} /> : <Area {...view} ids={ids} />
      }
    </Frame>
  );
}

type FieldView = View<'textbox'> & { readonly ids: Ids };

function isSingleLine(props: View<'textbox'>['props']): boolean {
  return props.type !== 'text' || (props.lines === 1 && props.maxLines === 1);
}

function SingleLine(view: FieldView): JSX.Element {
  return <input {...fieldAttributes(view)} type={view.props.type} />;
}

/** A text area that grows with its text, from `lines` to `maxLines`. */
function Area(view: FieldView): JSX.Element {
  const { props } = view;
  const field = useRef<HTMLTextAreaElement>(null);
  useAutoscroll(field, props.value, props.autoscroll);
  return (
    // The grid's second cell holds the same text unseen and so gives the area its height: no measuring,
    // no jump, and 1000 of them cost no layout pass each.
    <div className="ib-Textbox-grow" data-text={props.value ?? ''} style={heights(props)}>
      <textarea {...fieldAttributes(view)} ref={field} rows={props.lines} />
    </div>
  );
}

function heights({ lines, maxLines }: View<'textbox'>['props']): Record<string, string | number> {
  return { '--ib-lines': lines, '--ib-max-lines': Math.max(lines, maxLines ?? 1_000_000) };
}

function fieldAttributes({ props, ids, set, fire, listens }: FieldView): Record<string, unknown> {
  return {
    id: ids.control,
    className: 'ib-input',
    'aria-describedby': ids.info,
    value: props.value ?? '',
    placeholder: props.placeholder ?? undefined,
    readOnly: !props.interactive,
    autoFocus: props.autofocus,
    dir: props.rtl ? 'rtl' : undefined,
    maxLength: props.maxLength ?? undefined,
    style: props.textAlign ? { textAlign: props.textAlign } : undefined,
    autoComplete: 'off',
    spellCheck: false,
    onChange: (event: SyntheticEvent<Field>) => {
      set({ value: event.currentTarget.value });
      fire('input');
    },
    onKeyDown: (event: KeyboardEvent<Field>) => {
      if (submits(event, props.lines)) {
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

function submits(event: KeyboardEvent<Field>, lines: number): boolean {
  // While an input method composes, Enter accepts its suggestion.
  if (event.key !== 'Enter' || event.nativeEvent.isComposing) {
    return false;
  }
  return lines === 1 ? !event.shiftKey : event.shiftKey;
}

/** Keep the end in view while text is added, unless the person has scrolled away from it. */
function useAutoscroll(
  field: React.RefObject<HTMLTextAreaElement>,
  value: string | null,
  wanted: boolean
): void {
  const atEnd = useRef(true);
  useEffect(() => {
    const element = field.current;
    if (element !== null && wanted && atEnd.current && document.activeElement !== element) {
      element.scrollTop = element.scrollHeight;
    }
  }, [field, value, wanted]);
  useEffect(() => {
    const element = field.current;
    const onScroll = (): void => {
      if (element !== null) {
        atEnd.current = element.scrollTop + element.clientHeight >= element.scrollHeight - 4;
      }
    };
    element?.addEventListener('scroll', onScroll, { passive: true });
    return () => element?.removeEventListener('scroll', onScroll);
  }, [field]);
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
