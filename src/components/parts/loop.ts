/** What a list with many items and its items know of each other. */
import { createContext } from 'react';

/** Items from one on, up to one that is no more part of them. */
export type Span = readonly [first: number, last: number];

/** The list around. */
export interface LoopState {
  /** How many items there are. */
  readonly count: number;
  /** Items that are drawn: the first, and the one after the last. */
  readonly drawn: Span;
  /** Takes the element of an item, to follow how large it is; null: nothing is measured. */
  readonly measure: ((element: HTMLElement | null) => void) | null;
  /** An item is there, whether it is drawn or not. Returns how to take it back. */
  readonly add: (index: number) => () => void;
}

/** null: there is none. */
export const LoopContext = createContext<LoopState | null>(null);

/**
 * What is drawn for items in sight: a screen of them on either side. The former span stays while half a
 * screen is left on both, so that small steps change nothing.
 */
export function windowAround(
  { startIndex, endIndex, count }: { startIndex: number; endIndex: number; count: number },
  [first, last]: Span
): Span {
  const screen = endIndex - startIndex + 1;
  const stays =
    last <= count &&
    last - first <= 4 * screen &&
    (first === 0 ? startIndex >= 0 : startIndex >= first + screen / 2) &&
    (last === count ? endIndex < last : endIndex + 1 <= last - screen / 2);
  return stays
    ? [first, last]
    : [Math.max(0, startIndex - screen), Math.min(count, endIndex + 1 + screen)];
}
