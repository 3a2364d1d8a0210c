import { useContext, useLayoutEffect, useRef } from 'react';

import { defineComponent, type View } from './component';
import { LoopContext } from './parts/loop';
import { rootAttributes } from './parts/root';

function Body({ id, props, children }: View<'loopitem'>): JSX.Element | null {
  const { index } = props;
  const loop = useContext(LoopContext);
  const add = loop?.add;
  const element = useRef<HTMLDivElement>(null);
  const isDrawn = loop !== null && index >= loop.drawn[0] && index < loop.drawn[1];
  const measure = loop?.measure ?? null;
  useLayoutEffect(() => add?.(index), [add, index]);
  // Again when it has moved to another place of the list, of which another size is known.
  useLayoutEffect(() => {
    if (isDrawn) {
      measure?.(element.current);
    }
  }, [measure, index, isDrawn]);
  if (loop === null) {
    return <div {...rootAttributes(props, 'ib-LoopItem', id)}>{children}</div>;
  }
  if (!isDrawn) {
    return null;
  }
  const { style, ...root } = rootAttributes(props, 'ib-LoopItem', id);
  return (
    <div
      {...root}
      ref={element}
      role="listitem"
      aria-setsize={loop.count}
      aria-posinset={index + 1}
      data-index={index}
      // Wherever in the document it stands, it is seen in its place.
      style={{ ...style, order: index }}
    >
      {children}
    </div>
  );
}

export const LoopItem = defineComponent(
  'loopitem',
  Body,
  `
.ib-LoopItem { box-sizing: border-box; flex: none; display: flex; flex-direction: column; gap: var(--ib-gap); min-width: 0; }
.ib-LoopItem > * { flex: 0 0 auto; }
.ib-LoopItem > .ib-Button { align-self: flex-start; }
`
);
