import type { CSSProperties } from 'react';

import { defineComponent, type View } from './component';
import { EMPTY } from './parts/layout';
import { length, rootAttributes } from './parts/root';

function Body({ id, props, children }: View<'stack'>): JSX.Element {
  const { direction, align, justify, scroll, hug } = props;
  const shares = direction === 'horizontal' && justify === null && !hug && !scroll;
  const names = [
    'ib-Stack',
    `ib-is-${direction}`,
    shares ? 'ib-is-shared' : '',
    scroll ? 'ib-is-scrolled' : '',
    hug ? 'ib-is-hugging' : '',
    align === null ? '' : 'ib-is-aligned'
  ];
  const root = rootAttributes(props, names.filter(Boolean).join(' '), id);
  return (
    <div {...root} style={{ ...root.style, ...styleOf(props) }}>
      {children}
    </div>
  );
}

function styleOf(props: View<'stack'>['props']): CSSProperties {
  return {
    gap: length(props.gap),
    alignItems: props.align ?? undefined,
    justifyContent: props.justify ?? undefined,
    width: length(props.width),
    height: length(props.height)
  };
}

export const Stack = defineComponent(
  'stack',
  Body,
  `
.ib-Stack { position: relative; box-sizing: border-box; display: flex; flex-direction: column; gap: var(--ib-gap); min-width: 0; max-width: 100%; }
.ib-Stack > * { flex: var(--ib-grow, 0) 0 auto; max-width: 100%; }
.ib-Stack > .ib-Form { flex-grow: var(--ib-stretch, 0); }
.ib-Stack.ib-is-horizontal { flex-flow: row wrap; align-items: flex-start; }
.ib-Stack.ib-is-shared > * { flex: var(--ib-grow, 1) 1 var(--ib-basis, 0px); min-width: var(--ib-min-width, min(160px, 100%)); }
.ib-Stack.ib-is-shared > :is(.ib-Button, .ib-Text, .ib-Stack) { min-width: var(--ib-min-width, min-content); }
/* Words are on the line of what is on a button beside them. */
.ib-Stack.ib-is-horizontal > .ib-Text:not(.ib-card) { --ib-bar-top: 2px; padding-block: calc((var(--ib-control-height) - var(--ib-line)) / 2); }
/* A button is as wide as its words, unless its author says otherwise. */
.ib-Stack.ib-is-vertical:not(.ib-is-aligned) > .ib-Button, .ib-Stack > .ib-Column > .ib-Button { align-self: flex-start; }
.ib-Stack.ib-is-shared > .ib-Button { flex-grow: var(--ib-grow, 0); }
.ib-Stack.ib-is-horizontal > .ib-Text:has(> .ib-Failure) { flex-basis: 100%; }
.ib-Stack.ib-is-horizontal > .ib-Form { flex-flow: row wrap; }
.ib-Stack.ib-is-horizontal > .ib-Form > * { flex: var(--ib-grow, 1) 1 var(--ib-basis, 0px); min-width: var(--ib-min-width, min(160px, 100%)); }
.ib-Stack.ib-is-scrolled { --ib-bar-top: -1px; overflow: auto; }
.ib-Stack.ib-is-scrolled.ib-is-horizontal { flex-wrap: nowrap; }
.ib-Stack.ib-is-hugging { flex-grow: 0; align-self: flex-start; width: fit-content; }
.ib-Stack${EMPTY} { display: none; }
`
);
