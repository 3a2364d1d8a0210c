/** Attributes that every component puts on its own element. */
import type { CSSProperties } from 'react';

import type { NodeId } from '../../protocol/wire';

/** Props that place and name a component, whatever its kind. */
export interface Placement {
  readonly visible: boolean | 'hidden';
  readonly elemId: string | null;
  readonly elemClasses: readonly string[];
  readonly scale?: number | null;
  readonly minWidth?: number | null;
}

/** Attributes of an element. */
export interface RootAttributes {
  readonly id: string | undefined;
  readonly className: string;
  readonly hidden: boolean | undefined;
  readonly style: CSSProperties;
  readonly 'data-node': NodeId;
}

/**
 * `id`, `class`, `hidden` and size of a component's own element.
 *
 * In a row, `scale` is a share of the free width (0: no more than needed) and `minWidth` is where it wraps;
 * in a column, `scale` is a share of the free height, if there is any.
 *
 * @param node - Lets the host find the element, to bring it into view.
 */
export function rootAttributes(props: Placement, className: string, node: NodeId): RootAttributes {
  return {
    'data-node': node,
    id: props.elemId ?? undefined,
    className: [className, ...props.elemClasses].join(' '),
    hidden: props.visible === 'hidden' ? true : undefined,
    style: sizing(props)
  };
}

function sizing({ scale, minWidth }: Placement): CSSProperties {
  const style: Record<string, string | number> = {};
  if (scale !== null && scale !== undefined) {
    style['--ib-grow'] = scale;
    if (scale === 0) {
      style['--ib-basis'] = 'auto';
    }
  }
  if (minWidth !== null && minWidth !== undefined) {
    style['--ib-min-width'] = `min(${minWidth}px, 100%)`;
  }
  return style;
}

/** A length: a number is pixels. */
export function length(value: number | string | null): string | undefined {
  if (value === null) {
    return undefined;
  }
  return typeof value === 'number' ? `${value}px` : value;
}
