import {
  useCallback,
  useEffect,
  useLayoutEffect,
  useMemo,
  useReducer,
  useRef,
  type CSSProperties,
  type ReactElement
} from 'react';
import { useVirtualizer, type VirtualItem } from '@tanstack/react-virtual';

import { useNode, useNodes, usePageStatus } from '../store/hooks';
import type { NodeState } from '../store/store';
import { defineComponent, type View } from './component';
import { LoopContext, windowAround, type Span } from './parts/loop';
import { length, rootAttributes } from './parts/root';

/** Most items that are drawn whether they are in sight or not. */
const FEW = 50;
/** Pixels of a list of more items, where nobody says. */
const HEIGHT = 480;
/** Pixels of an item of which nothing is known. */
const ITEM = 40;

type LoopView = View<'loop'>;

function Body(view: LoopView): JSX.Element {
  const { count, virtual } = view.props;
  return virtual && count > FEW ? <InSight view={view} /> : <Whole view={view} />;
}

/** All items; those that are not there yet have a row of their own. */
function Whole({ view }: { readonly view: LoopView }): JSX.Element {
  const { props } = view;
  const items = useItems(view);
  const drawn = useMemo<Span>(() => [0, props.count], [props.count]);
  useAsk(view, drawn, items.there);
  const rows = missing(drawn, items.there).map(index => ({
    index,
    size: props.itemHeight ?? ITEM
  }));
  const state = useMemo(
    () => ({ count: props.count, drawn, measure: null, add: items.add }),
    [props.count, drawn, items.add]
  );
  return (
    <div {...rootOf(view, props.height === null ? {} : { [sizeOf(view)]: props.height })}>
      <LoopContext.Provider value={state}>{items.sorted}</LoopContext.Provider>
      <Rows rows={rows} side={sizeOf(view)} />
    </div>
  );
}

/** The items in sight, and a screen of others on either side. */
function InSight({ view }: { readonly view: LoopView }): JSX.Element {
  const { props } = view;
  const { count, itemHeight } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const last = useRef<Span>([0, 0]);
  const typical = useRef<number | null>(null);
  const items = useItems(view);
  const virtualizer = useVirtualizer({
    count,
    horizontal: props.direction === 'horizontal',
    getScrollElement: () => scroller.current,
    estimateSize: () => itemHeight ?? typical.current ?? ITEM,
    rangeExtractor: range => indexes((last.current = windowAround(range, last.current))),
    // Measuring happens while React is at work.
    useFlushSync: false
  });
  const shown = virtualizer.getVirtualItems();
  const drawn = useSpan(shown);
  useAsk(view, drawn, items.there);
  useLayoutEffect(() => {
    const sizes = [...virtualizer.itemSizeCache.values()];
    if (typical.current === null && sizes.length > 0) {
      typical.current = sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
    }
  });
  const { measureElement: measure } = virtualizer;
  const state = useMemo(
    () => ({ count, drawn, measure, add: items.add }),
    [count, drawn, measure, items.add]
  );
  const side = sizeOf(view);
  const before = shown[0]?.start ?? 0;
  const after = virtualizer.getTotalSize() - (shown.at(-1)?.end ?? 0);
  const most = side === 'height' ? { maxHeight: HEIGHT } : { maxWidth: '100%' };
  const limit = props.height === null ? most : { [side]: props.height };
  return (
    <div {...rootOf(view, limit)} ref={scroller} tabIndex={0}>
      <div aria-hidden="true" style={{ flex: 'none', order: -1, [side]: before }} />
      <LoopContext.Provider value={state}>{items.sorted}</LoopContext.Provider>
      <Rows rows={shown.filter(({ index }) => !items.there.has(index))} side={side} />
      <div aria-hidden="true" style={{ flex: 'none', order: count, [side]: after }} />
    </div>
  );
}

/** Items that are not there yet: quiet, and as large as they will be, as far as one knows. */
function Rows(options: {
  readonly rows: readonly Pick<VirtualItem, 'index' | 'size'>[];
  readonly side: 'height' | 'width';
}): JSX.Element {
  const { rows, side } = options;
  return (
    <>
      {rows.map(({ index, size }) => (
        <div
          key={index}
          className="ib-Loop-waiting"
          aria-hidden="true"
          style={{ order: index, [side]: size }}
        />
      ))}
    </>
  );
}

function rootOf(view: LoopView, limit: Readonly<Record<string, number | string>>) {
  const { id, props } = view;
  const { style, ...root } = rootAttributes(props, `ib-Loop ib-is-${props.direction}`, id);
  const sized: CSSProperties = Object.fromEntries(
    Object.entries(limit).map(([name, value]) => [name, length(value)] as const)
  );
  // An empty list shows what its author has put in its place.
  const role = props.count > 0 ? 'list' : undefined;
  return { ...root, role, style: { ...style, ...sized } };
}

function sizeOf({ props }: LoopView): 'height' | 'width' {
  return props.direction === 'horizontal' ? 'width' : 'height';
}

interface Items {
  /** The children, items in their order: so the tabulator goes from one to the next. */
  readonly sorted: readonly ReactElement[];
  /** Positions of the items that are there. */
  readonly there: ReadonlySet<number>;
  readonly add: (index: number) => () => void;
}

/** Which items are there, also those inside of other layouts. */
function useItems({ id, children }: LoopView): Items {
  const there = useRef(new Set<number>()).current;
  const [, draw] = useReducer((times: number) => times + 1, 0);
  const add = useCallback(
    (index: number) => {
      there.add(index);
      draw();
      return () => {
        there.delete(index);
        draw();
      };
    },
    [there]
  );
  const nodes = useNodes(useNode(id)?.children ?? NONE);
  const sorted = useMemo(() => {
    const place = new Map(nodes.map(node => [String(node.id), indexOf(node)]));
    const elements = [...((children ?? NONE) as readonly ReactElement[])];
    return elements.sort((a, b) => (place.get(`${a.key}`) ?? 0) - (place.get(`${b.key}`) ?? 0));
  }, [nodes, children]);
  return { sorted, there, add };
}

const NONE: readonly never[] = [];

function indexOf(node: NodeState): number {
  return node.kind === 'loopitem' ? (node as NodeState<'loopitem'>).props.index : -1;
}

/** Tells the kernel which items are wanted, when one of them is not there: once a frame at most. */
function useAsk(view: LoopView, drawn: Span, there: ReadonlySet<number>): void {
  const { set, props } = view;
  const isLive = usePageStatus().kind === 'live';
  const [first, last] = drawn;
  const isAsked = props.window[0] === first && props.window[1] === last;
  const isDue = isLive && !isAsked && missing(drawn, there).length > 0;
  const due = useRef<Span | null>(null);
  const frame = useRef<number | null>(null);
  // Not taken back by the next drawing: while one scrolls fast, each frame has another.
  useEffect(() => {
    due.current = isDue ? [first, last] : null;
    if (isDue && frame.current === null) {
      frame.current = requestAnimationFrame(() => {
        frame.current = null;
        if (due.current !== null) {
          set({ window: due.current });
        }
      });
    }
  });
  useEffect(
    () => () => {
      cancelAnimationFrame(frame.current ?? 0);
      frame.current = null;
    },
    []
  );
}

function missing(span: Span, there: ReadonlySet<number>): number[] {
  return indexes(span).filter(index => !there.has(index));
}

function indexes([first, last]: Span): number[] {
  return Array.from({ length: last - first }, (_, i) => first + i);
}

/** The same object until it says something else. */
function useSpan(shown: readonly VirtualItem[]): Span {
  const first = shown[0]?.index ?? 0;
  const last = shown.length === 0 ? 0 : first + shown.length;
  return useMemo(() => [first, last], [first, last]);
}

export const Loop = defineComponent(
  'loop',
  Body,
  // The space between items is part of them, so that it is measured with them. What `gr.render` puts
  // around its items is no box here.
  `
.ib-Loop { --ib-bar-top: -1px; position: relative; box-sizing: border-box; display: flex; flex-direction: column; min-width: 0; overflow: auto; overflow-anchor: none; }
.ib-Loop.ib-is-horizontal { flex-direction: row; }
.ib-Loop:not([style*='height'], [style*='width']) { overflow: visible; }
.ib-Loop[role='list'][tabindex]:focus-visible { outline-offset: -2px; }
.ib-Loop > .ib-Column:has(> .ib-LoopItem) { display: contents; }
.ib-Loop .ib-LoopItem[role='listitem'] { padding-block-end: var(--ib-gap); }
.ib-Loop.ib-is-horizontal .ib-LoopItem[role='listitem'] { padding-block-end: 0; padding-inline-end: var(--ib-gap); }
.ib-Loop-waiting { flex: none; box-sizing: border-box; border-block-end: var(--ib-gap) solid transparent; background: var(--ib-panel) padding-box; border-radius: var(--ib-radius); min-width: 0; }
.ib-Loop.ib-is-horizontal > .ib-Loop-waiting { border-block-end: 0; border-inline-end: var(--ib-gap) solid transparent; }
`
);
