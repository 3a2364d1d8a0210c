/** Which keys belong to a focused control, and which to the notebook around it. */
import { useEffect, type RefObject } from 'react';

/** JupyterLab's shortcuts leave keys alone that are pressed inside an element with this attribute. */
const OWN_KEYS = 'data-lm-suppress-shortcuts';

/**
 * Keep plain keys for the app's focused control. A notebook in command mode leaves keys to text fields
 * alone: at a button Enter would open the cell's editor, at a tick D twice would delete the cell. Keys with
 * Ctrl, Alt or Cmd still reach the notebook.
 */
export function useOwnKeys(root: RefObject<HTMLElement>): void {
  useEffect(() => {
    const settle = (event: KeyboardEvent): void => {
      const element = root.current;
      if (element !== null && event.target instanceof Node && element.contains(event.target)) {
        element.toggleAttribute(OWN_KEYS, !(event.ctrlKey || event.metaKey || event.altKey));
      }
    };
    // The window comes first in the capture phase, before the document, where shortcuts are looked up.
    window.addEventListener('keydown', settle, true);
    return () => window.removeEventListener('keydown', settle, true);
  }, [root]);
}
