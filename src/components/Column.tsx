import { defineComponent, type View } from './component';
import { EMPTY } from './parts/layout';
import { rootAttributes } from './parts/root';
import { Status } from './parts/Status';

function Body({ id, props, children }: View<'column'>): JSX.Element {
  return (
    <div {...rootAttributes(props, `ib-Column ib-is-${props.variant}`, id)}>
      {children}
      {props.showProgress ? <Status id={id} /> : null}
    </div>
  );
}

export const Column = defineComponent(
  'column',
  Body,
  // An empty column of a row keeps its share of the width: it is how one centres what is beside it.
  `
.ib-Column { position: relative; box-sizing: border-box; display: flex; flex-direction: column; gap: var(--ib-gap); min-width: 0; }
.ib-Column:has(> .ib-Status) { animation: ib-line 0s 200ms forwards; }
.ib-Column > * { flex: var(--ib-grow, 0) 0 auto; }
.ib-Column > .ib-Form { flex-grow: var(--ib-stretch, 0); }
.ib-Column.ib-is-panel { padding: var(--ib-gap); border-radius: var(--ib-radius); background: var(--ib-panel); }
.ib-Column.ib-is-compact { gap: 0; }
.ib-Column.ib-is-compact > .ib-card, .ib-Column.ib-is-compact > .ib-Button { border-radius: 0; margin-block-end: -1px; }
.ib-Column.ib-is-compact > :last-child { margin-block-end: 0; }
.ib-Column${EMPTY} { padding: 0; background: none; }
.ib-Column${EMPTY}:not(.ib-Row > *) { display: none; }
`
);
