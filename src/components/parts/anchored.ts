/** A box that floats beside an element and is cut off by nothing. */
import { useLayoutEffect, type RefObject } from 'react';

const GAP = 2;
const MARGIN = 8;
const TALLEST = 280;
/** Room below that is enough: less, and the box opens upward where there is more. */
const ENOUGH = 160;

/**
 * Keep `box` beside `anchor` while `open`, below it or above where there is more room.
 *
 * The box goes to the browser's top layer, the one place that is outside of every clipping ancestor and
 * every container that `position: fixed` would be relative to; an output area is both. In the document
 * it stays where it is, so it has the app's tokens and its place in the order of reading. A browser
 * without the Popover API draws it below the anchor, where an ancestor may cut it off.
 */
export function useAnchored(
  open: boolean,
  anchor: RefObject<HTMLElement>,
  box: RefObject<HTMLElement>
): void {
  useLayoutEffect(() => {
    const from = anchor.current;
    const floating = box.current;
    if (!open || from === null || floating === null) {
      return undefined;
    }
    floating.setAttribute('popover', 'manual');
    if (typeof floating.showPopover !== 'function') {
      return undefined;
    }
    floating.showPopover();
    const unfollow = follow(from, floating);
    return () => {
      unfollow();
      if (floating.isConnected) {
        floating.hidePopover();
      }
    };
  }, [open, anchor, box]);
}

/** Place the box now and whenever something moves. Returns how to stop. */
function follow(anchor: HTMLElement, box: HTMLElement): () => void {
  let upward = opensUpward(anchor, box);
  const moved = (): void => {
    upward = opensUpward(anchor, box);
    place(anchor, box, upward);
  };
  const abort = new AbortController();
  const options = { capture: true, passive: true, signal: abort.signal };
  const onScroll = ({ target }: Event): void => {
    if (!(target instanceof Node && box.contains(target))) {
      moved();
    }
  };
  document.addEventListener('scroll', onScroll, options);
  window.addEventListener('resize', moved, options);
  // What is in the box may change while a person types; that must not throw it to the other side.
  const resized = new ResizeObserver(() => place(anchor, box, upward));
  resized.observe(anchor);
  // Scrolled out of its scrolling ancestor, the anchor is gone from sight; so is what hangs on it.
  const seen = new IntersectionObserver(entries => {
    box.style.visibility = entries.at(-1)?.isIntersecting === false ? 'hidden' : '';
  });
  seen.observe(anchor);
  place(anchor, box, upward);
  return () => {
    abort.abort();
    resized.disconnect();
    seen.disconnect();
    box.style.visibility = '';
  };
}

interface Room {
  readonly above: number;
  readonly below: number;
}

function roomAt(anchor: HTMLElement): Room {
  const { top, bottom } = anchor.getBoundingClientRect();
  const around = GAP + MARGIN;
  return {
    above: top - around,
    below: document.documentElement.clientHeight - bottom - around
  };
}

function opensUpward(anchor: HTMLElement, box: HTMLElement): boolean {
  const { above, below } = roomAt(anchor);
  const content = [...box.children].reduce((sum, child) => sum + child.scrollHeight, 0);
  return below < Math.min(ENOUGH, content) && above > below;
}

function place(anchor: HTMLElement, box: HTMLElement, upward: boolean): void {
  const { clientWidth, clientHeight } = document.documentElement;
  const { left, top, bottom, width } = anchor.getBoundingClientRect();
  const { above, below } = roomAt(anchor);
  const wide = Math.min(width, clientWidth - 2 * MARGIN);
  Object.assign(box.style, {
    left: `${Math.max(MARGIN, Math.min(left, clientWidth - wide - MARGIN))}px`,
    width: `${wide}px`,
    top: upward ? 'auto' : `${bottom + GAP}px`,
    bottom: upward ? `${clientHeight - top + GAP}px` : 'auto',
    maxHeight: `${Math.max(0, Math.min(TALLEST, upward ? above : below))}px`
  });
}
