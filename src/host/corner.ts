/**
 * A place at an app's top right corner that nothing cuts off: outputs clip what leaves them, and an app may be
 * lower than its messages. Beside the app, so that no field is covered: above it, where its code is, or below
 * it; over it only where neither is in sight.
 */
import { useEffect, useLayoutEffect, useState, type RefObject } from 'react';

/** Pixels between the messages and the edges they keep to. */
const MARGIN = 8;
const WIDTH = 320;
const LEAST_WIDTH = 200;
/** Milliseconds after which the corner is looked for again: cells above may have grown. */
const CHECK = 500;

/**
 * Keep `element` at the corner of `app` while it has something to show, in the browser's top layer. Where
 * that is not known, style sheets place it inside the app.
 *
 * @param count - How many things it shows.
 * @returns Whether the app is in view; if not, neither is the element.
 */
export function useCorner(
  element: RefObject<HTMLElement>,
  app: RefObject<HTMLElement>,
  count: number
): boolean {
  const [inView, setInView] = useState(true);
  const shows = count > 0;
  useLayoutEffect(() => {
    const [box, owner] = [element.current, app.current];
    if (box === null || owner === null || !shows || !('showPopover' in box)) {
      return undefined;
    }
    box.setAttribute('popover', 'manual');
    box.showPopover();
    return () => box.hidePopover();
  }, [element, app, shows]);
  useEffect(() => {
    const [box, owner] = [element.current, app.current];
    if (box === null || owner === null || !shows) {
      return undefined;
    }
    const update = (): void => setInView(place(box, owner));
    const timer = setInterval(update, CHECK);
    // Scrolling does not bubble, but it can be captured.
    const options = { capture: true, passive: true };
    document.addEventListener('scroll', update, options);
    window.addEventListener('resize', update);
    update();
    return () => {
      clearInterval(timer);
      document.removeEventListener('scroll', update, options);
      window.removeEventListener('resize', update);
    };
    // Its height changes with their number.
  }, [element, app, shows, count]);
  return inView;
}

/** Returns whether the app is in view. Nothing has a size in a test without layout: then it is. */
function place(box: HTMLElement, owner: HTMLElement): boolean {
  const app = owner.getBoundingClientRect();
  const port = viewport(owner);
  const hidden = app.bottom < port.top || app.top > port.bottom;
  box.style.visibility = hidden ? 'hidden' : '';
  if (!hidden && box.hasAttribute('popover')) {
    const width = Math.min(WIDTH, Math.max(app.width, LEAST_WIDTH + 2 * MARGIN) - 2 * MARGIN);
    const top = topOf(box.offsetHeight, app, port);
    const left = Math.max(MARGIN, Math.min(app.right, port.right) - width - MARGIN);
    Object.assign(box.style, { top: `${top}px`, left: `${left}px`, width: `${width}px` });
  }
  return !hidden;
}

/** @param height - What is to be placed has. */
function topOf(height: number, app: Edges, port: Edges): number {
  const above = app.top - height - MARGIN;
  if (above >= port.top + MARGIN) {
    return above;
  }
  const lowest = port.bottom - height - MARGIN;
  const below = app.bottom + MARGIN;
  return below <= lowest ? below : Math.max(port.top + MARGIN, Math.min(app.top + MARGIN, lowest));
}

interface Edges {
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** The part of the window that the nearest scrolling ancestor leaves to see the app through. */
function viewport(owner: HTMLElement): Edges {
  const { innerHeight, innerWidth } = window;
  for (let node = owner.parentElement; node !== null; node = node.parentElement) {
    if (
      node.scrollHeight > node.clientHeight &&
      /auto|scroll/.test(getComputedStyle(node).overflowY)
    ) {
      const { top, right, bottom } = node.getBoundingClientRect();
      return {
        top: Math.max(0, top),
        right: Math.min(innerWidth, right),
        bottom: Math.min(innerHeight, bottom)
      };
    }
  }
  return { top: 0, right: innerWidth, bottom: innerHeight };
}
