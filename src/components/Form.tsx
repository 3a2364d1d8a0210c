import { useNode, useNodes } from '../store/hooks';
import type { NodeState } from '../store/store';
import { defineComponent, type View } from './component';
import { EMPTY } from './parts/layout';
import { rootAttributes, type Placement } from './parts/root';

function Body({ id, props, children }: View<'form'>): JSX.Element {
  const fields = useNodes(useNode(id)?.children ?? NONE);
  const { stretches, ...sum } = sumOf(fields);
  const root = rootAttributes({ ...props, ...sum }, 'ib-Form ib-card', id);
  const style = stretches ? { ...root.style, '--ib-stretch': 1 } : root.style;
  return (
    <div {...root} style={style}>
      {children}
    </div>
  );
}

const NONE: readonly never[] = [];

interface Sum {
  readonly scale: number;
  readonly minWidth: number;
  /** Whether a field asks for a share of the free height. */
  readonly stretches: boolean;
}

/** In a row a form stands for its fields: it has the sum of their shares and of their least widths. */
function sumOf(fields: readonly NodeState[]): Sum {
  const shown = fields
    .map(field => field.props as Placement)
    .filter(props => props.visible === true);
  return {
    scale: shown.reduce((sum, { scale }) => sum + (scale ?? 1), 0),
    minWidth: shown.reduce((sum, { minWidth }) => sum + (minWidth ?? 0), 0),
    stretches: shown.some(({ scale }) => (scale ?? 0) > 0)
  };
}

export const Form = defineComponent(
  'form',
  Body,
  // Every field draws the hairlines around itself, into the gaps, so that they are right however they wrap.
  `
.ib-Form { display: flex; flex-direction: column; gap: 1px; min-width: 0; overflow: clip; }
.ib-Form${EMPTY} { display: none; }
.ib-Form > * { flex: var(--ib-grow, 0) 0 auto; box-shadow: 0 0 0 1px var(--ib-border); }
.ib-Form > .ib-card { border: 0; border-radius: 0; }
.ib-Form > .ib-card > .ib-Status { inset: 0; }
.ib-Row > .ib-Form { flex-flow: row wrap; }
.ib-Row > .ib-Form > * { flex: var(--ib-grow, 1) 1 var(--ib-basis, 0px); min-width: var(--ib-min-width, min(160px, 100%)); }
`
);
