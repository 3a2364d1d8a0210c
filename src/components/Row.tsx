import { defineComponent, type View } from './component';
import { EMPTY } from './parts/layout';
import { length, rootAttributes } from './parts/root';
import { Status } from './parts/Status';

function Body({ id, props, children }: View<'row'>): JSX.Element {
  const align = props.equalHeight ? ' ib-is-equal' : '';
  const root = rootAttributes(props, `ib-Row ib-is-${props.variant}${align}`, id);
  const limited = props.height !== null || props.maxHeight !== null;
  const heights = {
    height: length(props.height),
    maxHeight: length(props.maxHeight),
    minHeight: length(props.minHeight),
    overflow: limited ? 'auto' : undefined
  };
  return (
    <div {...root} style={{ ...root.style, ...heights }}>
      {children}
      {props.showProgress ? <Status id={id} /> : null}
    </div>
  );
}

export const Row = defineComponent(
  'row',
  Body,
  `
.ib-Row { position: relative; box-sizing: border-box; display: flex; flex-flow: row wrap; align-items: flex-start; gap: var(--ib-gap); min-width: 0; }
.ib-Row.ib-is-equal { align-items: stretch; }
.ib-Row > * { flex: var(--ib-grow, 1) 1 var(--ib-basis, 0px); min-width: var(--ib-min-width, min(160px, 100%)); }
.ib-Row > .ib-Button { min-width: var(--ib-min-width, min-content); }
.ib-Row > .ib-Status { min-width: 0; }
/* Beside fields, on the line of what is typed: above the padding and the border of their card. */
.ib-Row:not(.ib-is-equal):has(> .ib-Form) > .ib-Button { align-self: flex-end; margin-bottom: 13px; }
.ib-Row${EMPTY} { display: none; }
.ib-Row.ib-is-panel { padding: var(--ib-gap); border-radius: var(--ib-radius); background: var(--ib-panel); }
.ib-Row.ib-is-compact { gap: 0; }
.ib-Row.ib-is-compact > .ib-card, .ib-Row.ib-is-compact > .ib-Button { border-radius: 0; margin-inline-end: -1px; }
.ib-Row.ib-is-compact > :last-child { margin-inline-end: 0; }
`
);
