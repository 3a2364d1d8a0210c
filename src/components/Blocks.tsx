import { defineComponent, type View } from './component';
import { rootAttributes } from './parts/root';

function Body({ props, children }: View<'blocks'>): JSX.Element {
  return <div {...rootAttributes(props, 'ib-Blocks')}>{children}</div>;
}

export const Blocks = defineComponent(
  'blocks',
  Body,
  `
.ib-Blocks { display: flex; flex-direction: column; gap: var(--ib-gap); min-width: 0; }
`
);
