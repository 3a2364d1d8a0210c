import { defineComponent, type View } from './component';
import { rootAttributes } from './parts/root';
import { Status } from './parts/Status';

function Body({ id, props, children }: View<'column'>): JSX.Element {
  return (
    <div {...rootAttributes(props, `ib-Column ib-is-${props.variant}`)}>
      {children}
      {props.showProgress ? <Status id={id} /> : null}
    </div>
  );
}

export const Column = defineComponent(
  'column',
  Body,
  `
.ib-Column { position: relative; display: flex; flex-direction: column; gap: var(--ib-gap); min-width: 0; }
.ib-Column > * { flex: 0 0 auto; }
.ib-Column.ib-is-compact { gap: 0; }
.ib-Column.ib-is-panel { padding: var(--ib-gap); border-radius: var(--ib-radius); background: var(--ib-hover); }
`
);
