import { defineComponent, type View } from './component';
import { rootAttributes } from './parts/root';

function Body({ props, children }: View<'form'>): JSX.Element {
  return <div {...rootAttributes({ ...props, scale: null, minWidth: null }, 'ib-Form ib-card')}>{children}</div>;
}

export const Form = defineComponent(
  'form',
  Body,
  `
.ib-Form { display: flex; flex-direction: column; gap: 1px; padding: 0; background: var(--ib-border); overflow: clip; }
.ib-Form > .ib-Frame { border: 0; border-radius: 0; flex: 1 0 auto; }
.ib-Row > .ib-Form { flex-flow: row wrap; flex: 1 1 0; min-width: min(100%, 160px); }
.ib-Row > .ib-Form > * { flex: var(--ib-grow, 1) 1 var(--ib-min-width, 0px); min-width: min(var(--ib-min-width, 0px), 100%); }
`
);
