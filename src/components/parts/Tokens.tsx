/** What has been chosen of several, as tokens that can be taken away. */
import type { KeyboardEvent, MouseEvent, SyntheticEvent } from 'react';

import type { Option } from './choices';

/** Class of the element that holds tokens and field. */
const HOLDER = 'ib-Combobox';
const BUTTON = 'ib-Token-remove';

interface TokensProps {
  readonly chosen: readonly Option[];
  /** null: they are only read. */
  readonly onRemove: ((position: number) => void) | null;
}

/** Draw the tokens. Their buttons are reached by arrow keys from the field, not by Tab. */
export function Tokens({ chosen, onRemove }: TokensProps): JSX.Element {
  return (
    <>
      {chosen.map(({ label }, position) => (
        // By position: the button that has the focus then stays, and stands for the next token.
        <span key={position} className="ib-Token">
          <span className="ib-Token-label">{label}</span>
          {onRemove === null ? null : (
            <button
              type="button"
              tabIndex={-1}
              className={BUTTON}
              aria-label={`Remove ${label}`}
              onMouseDown={keepFocus}
              onClick={event => removeAt(event, position, onRemove)}
              onKeyDown={event => onTokenKey(event, position, onRemove)}
            >
              ×
            </button>
          )}
        </span>
      ))}
    </>
  );
}

/**
 * Keys of the field beside the tokens. At the start of its text, Arrow left goes to the last token and
 * Backspace removes it. Returns whether the key was one of these.
 */
export function onFieldKey(
  event: KeyboardEvent<HTMLInputElement>,
  count: number,
  onRemove: (position: number) => void
): boolean {
  const { selectionStart, selectionEnd } = event.currentTarget;
  const atStart = selectionStart === 0 && selectionEnd === 0;
  if (count === 0 || !atStart || event.shiftKey || event.nativeEvent.isComposing) {
    return false;
  }
  if (event.key === 'Backspace') {
    onRemove(count - 1);
    return true;
  }
  if (event.key === 'ArrowLeft') {
    event.preventDefault();
    focusAt(event.currentTarget, count - 1);
    return true;
  }
  return false;
}

function onTokenKey(
  event: KeyboardEvent<HTMLButtonElement>,
  position: number,
  onRemove: (position: number) => void
): void {
  switch (event.key) {
    case 'ArrowLeft':
      return focusAt(event.currentTarget, Math.max(0, position - 1));
    case 'ArrowRight':
      return focusAt(event.currentTarget, position + 1);
    case 'Delete':
    case 'Backspace':
      return removeAt(event, position, onRemove);
    default:
      return undefined;
  }
}

/** Remove a token. The focus leaves a button before that goes: a notebook takes a lost focus. */
function removeAt(
  event: SyntheticEvent<HTMLButtonElement>,
  position: number,
  onRemove: (position: number) => void
): void {
  const button = event.currentTarget;
  const isLast = buttonsAround(button).at(-1) === button;
  if (isLast && button === document.activeElement) {
    focusAt(button, position === 0 ? 1 : position - 1);
  }
  onRemove(position);
}

/** Focus the button at a position, or the field behind the last. */
function focusAt(from: Element, position: number): void {
  const field = from.closest(`.${HOLDER}`)?.querySelector('input');
  (buttonsAround(from)[position] ?? field)?.focus();
}

function buttonsAround(element: Element): HTMLButtonElement[] {
  const found = element.closest(`.${HOLDER}`)?.querySelectorAll<HTMLButtonElement>(`.${BUTTON}`);
  return [...(found ?? [])];
}

function keepFocus(event: MouseEvent): void {
  event.preventDefault();
}

/** CSS of the tokens inside `root`, a class selector. */
export function tokensCss(root: string): string {
  return `
${root} .ib-Token { display: inline-flex; align-items: center; max-width: 100%; border-radius: var(--ib-radius); background: var(--ib-hover); }
${root} .ib-Token-label { min-width: 0; padding: 1px 8px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
${root} .ib-Token-label:not(:last-child) { padding-inline-end: 0; }
${root} .ib-Token-remove { width: 22px; height: 22px; padding: 0; border: 0; border-radius: var(--ib-radius); background: none; color: var(--ib-text-secondary); font: inherit; cursor: pointer; }
${root} .ib-Token-remove:hover { background: var(--ib-pressed); color: var(--ib-text); }`;
}
