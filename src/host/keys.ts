/** Whose the keys are that are pressed inside an app. */
import { useEffect, type RefObject } from 'react';

/** Lumino leaves keys alone that are pressed at an element with this attribute. */
const SUPPRESS = 'data-lm-suppress-shortcuts';

/**
 * Keep JupyterLab's one-key shortcuts away from an app: with a button or a slider focused, `x` would cut the
 * cell and the arrows would leave it. Those with Ctrl, Alt or Cmd, such as saving, work as ever.
 */
export function useOwnKeys(root: RefObject<HTMLElement>): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      const { target } = event;
      // On the element itself: some shortcuts are bound to whatever has the focus, not to the notebook.
      if (target instanceof Element && root.current?.contains(target) === true) {
        target.toggleAttribute(SUPPRESS, !(event.ctrlKey || event.altKey || event.metaKey));
      }
    };
    // JupyterLab prevents every line break in a cell that is not the editor's, whether or not a key is bound.
    const onBeforeInput = (event: InputEvent): void => {
      const { inputType, target } = event;
      if (
        inputType === 'insertLineBreak' &&
        root.current?.contains(target as Node | null) === true
      ) {
        event.stopPropagation();
      }
    };
    // Before Lumino, which captures at the document.
    window.addEventListener('keydown', onKeyDown, true);
    window.addEventListener('beforeinput', onBeforeInput, true);
    return () => {
      window.removeEventListener('keydown', onKeyDown, true);
      window.removeEventListener('beforeinput', onBeforeInput, true);
    };
  }, [root]);
}
