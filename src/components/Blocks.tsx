import { defineComponent, type View } from './component';
import { rootAttributes } from './parts/root';

function Body({ id, props, children }: View<'blocks'>): JSX.Element {
  return <div {...rootAttributes(props, 'ib-Blocks', id)}>{children}</div>;
}

export const Blocks = defineComponent(
  'blocks',
  Body,
  // There is free height to share only where the host gives the app one to fill.
  `
.ib-Blocks { display: flex; flex-direction: column; gap: var(--ib-gap); min-width: 0; }
.ib-Blocks > * { flex: var(--ib-grow, 0) 0 auto; }
.ib-Blocks > .ib-Form { flex-grow: var(--ib-stretch, 0); }
`
);
