import type { CSSProperties } from 'react';

import { defineComponent, type View } from './component';
import { rootAttributes } from './parts/root';
import { Status } from './parts/Status';

function Body({ id, props }: View<'text'>): JSX.Element {
  const root = rootAttributes(props, `ib-Text${props.container ? ' ib-card' : ''}`, id);
  const { label, showLabel } = props;
  return (
    <div {...root}>
      {label === null ? null : (
        <div className={showLabel ? 'ib-label' : 'ib-visually-hidden'}>{label}</div>
      )}
      <div className="ib-Text-value" style={styleOf(props)}>
        {props.value}
      </div>
      <Status id={id} />
    </div>
  );
}

function styleOf(props: View<'text'>['props']): CSSProperties {
  return {
    textAlign: props.align ?? undefined,
    color: props.color ?? undefined,
    fontSize: props.fontSize ?? undefined,
    // The app's own height of a line is that of its own letters.
    lineHeight: props.fontSize === null ? undefined : 1.5,
    fontWeight: props.bold ? 'bold' : undefined,
    fontStyle: props.italic ? 'italic' : undefined,
    textDecoration: props.underline ? 'underline' : undefined
  };
}

export const Text = defineComponent(
  'text',
  Body,
  // What is not seen keeps the height of a line where there is no text yet, and is not copied. Words
  // that appear over the end of a short text get room beside it.
  `
.ib-Text { position: relative; box-sizing: border-box; min-width: 0; }
.ib-Text.ib-card { padding: 8px 12px; }
.ib-Text:has(> .ib-Status) { animation: ib-room 0s 200ms forwards; }
.ib-Text-value { white-space: pre-wrap; overflow-wrap: anywhere; user-select: text; }
.ib-Text:has(> .ib-Failure) > .ib-Text-value:empty { display: none; }
.ib-Text-value::after { content: '\\200b'; }
`
);
