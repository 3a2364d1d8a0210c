import { defineComponent, type View } from './component';
import { length, rootAttributes } from './parts/root';
import { Status } from './parts/Status';

function Body({ id, props, children }: View<'row'>): JSX.Element {
  const align = props.equalHeight ? 'ib-is-equal' : '';
  const root = rootAttributes(props, `ib-Row ib-is-${props.variant} ${align}`);
  const heights = {
    height: length(props.height),
    maxHeight: length(props.maxHeight),
    minHeight: length(props.minHeight)
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
.ib-Row { position: relative; display: flex; flex-flow: row wrap; align-items: flex-start; gap: var(--ib-gap); min-width: 0; }
.ib-Row.ib-is-equal { align-items: stretch; }
.ib-Row.ib-is-compact { gap: 0; }
.ib-Row.ib-is-panel { padding: var(--ib-gap); border-radius: var(--ib-radius); background: var(--ib-hover); }
.ib-Row > * { flex: var(--ib-grow, 1) 1 var(--ib-min-width, 0px); min-width: min(var(--ib-min-width, 0px), 100%); }
.ib-Row[style*='height'] { overflow: auto; }
`
);
