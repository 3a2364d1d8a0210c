/** Where the focus goes when the control that has it goes away. */
import { useLayoutEffect, useRef, type RefObject } from 'react';

const FOCUSABLE = ':is(a[href], button, input, select, summary, textarea, [tabindex])';
const REACHED = `${FOCUSABLE}:not(:disabled, [tabindex='-1'])`;

/**
 * For a control that its own press removes: the focus goes to the one before it, so that Tab and screen readers go on there.
 *
 * @param nearest - those that are to have it rather, best first
 */
export function useHandsOn<E extends HTMLElement>(
  nearest?: () => readonly HTMLElement[]
): RefObject<E> {
  const control = useRef<E>(null);
  const first = useRef(nearest);
  first.current = nearest;
  useLayoutEffect(
    () => () => {
      // still in the document: React cleans up before it removes
      const { current } = control;
      if (current !== null && current.ownerDocument.activeElement === current) {
        const near = [...(first.current?.() ?? []), ...others(current)];
        queueMicrotask(() => near.some(takes));
      }
    },
    []
  );
  return control;
}

/** For a control that is switched off while it works: when it is on again it has its focus back, unless that is elsewhere by then. */
export function useComesBack<E extends HTMLElement>(isOn: boolean): RefObject<E> {
  const control = useRef<E>(null);
  const had = useRef(false);
  useLayoutEffect(() => {
    const { current } = control;
    if (isOn && had.current && current !== null && isNowhere(current.ownerDocument)) {
      takes(current);
    }
    // a browser takes the focus off what is switched off, but only with the next frame
    had.current = !isOn && current?.ownerDocument.activeElement === current;
  }, [isOn]);
  return control;
}

/** The other controls of an app: those before, the nearest first, and then those behind. */
function others(control: HTMLElement): HTMLElement[] {
  const all = [...(control.closest('.ipyblocks')?.querySelectorAll<HTMLElement>(REACHED) ?? [])];
  const at = all.indexOf(control);
  return [...all.slice(0, at).reverse(), ...all.slice(at + 1)];
}

/** Give a control the focus; false where it does not take it, because it is gone or unseen. */
function takes(control: HTMLElement): boolean {
  control.focus({ preventScroll: true });
  return control.ownerDocument.activeElement === control;
}

function isNowhere({ activeElement, body }: Document): boolean {
  return activeElement === null || activeElement === body;
}
