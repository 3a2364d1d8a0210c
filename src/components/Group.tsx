import { defineComponent, type View } from './component';
import { EMPTY } from './parts/layout';
import { rootAttributes } from './parts/root';

function Body({ id, props, children }: View<'group'>): JSX.Element {
  return <div {...rootAttributes(props, 'ib-Group ib-card', id)}>{children}</div>;
}

export const Group = defineComponent(
  'group',
  Body,
  // Every child draws the hairlines around itself, into the gaps, so that they are right however rows wrap.
  `
.ib-Group { --ib-bar-top: 0px; display: flex; flex-direction: column; gap: 1px; min-width: 0; overflow: clip; }
.ib-Group${EMPTY} { display: none; }
.ib-Group > * { flex: var(--ib-grow, 0) 0 auto; }
.ib-Group > .ib-Form { flex-grow: var(--ib-stretch, 0); }
.ib-Group > *, .ib-Group > .ib-Row > * { box-shadow: 0 0 0 1px var(--ib-border); }
.ib-Group .ib-card { border: 0; border-radius: 0; }
.ib-Group .ib-card > .ib-Status { inset: 0; }
.ib-Group > .ib-Row, .ib-Group > .ib-Column, .ib-Group > .ib-Row > .ib-Column { gap: 1px; }
.ib-Group > .ib-Column > *, .ib-Group > .ib-Row > .ib-Column > * { box-shadow: 0 0 0 1px var(--ib-border); }
.ib-Group > .ib-Button, .ib-Group > .ib-Row > .ib-Button { border: 0; border-radius: 0; }
.ib-Group > .ib-Button:focus-visible, .ib-Group > .ib-Row > .ib-Button:focus-visible { outline-offset: -2px; }
.ib-Group > :is(.ib-Markdown, .ib-Text):not(.ib-card) { padding: 8px 12px; }
.ib-Group > .ib-Text:not(.ib-card) > .ib-Status > .ib-Status-line { top: 8px; inset-inline-end: 12px; max-width: calc(100% - 24px); }
`
);
