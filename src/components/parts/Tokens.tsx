/** What has been chosen of several, as tokens that can be taken away. */
import type { MouseEvent } from 'react';

import type { Option } from './choices';

interface TokensProps {
  readonly chosen: readonly Option[];
  /** null: they are only read. */
  readonly onRemove: ((position: number) => void) | null;
  /** More attributes of the button at a position. */
  readonly buttonProps?: (position: number) => Record<string, unknown>;
}

/** Draw the tokens. Their buttons are reached by arrow keys from the field, not by Tab. */
export function Tokens({ chosen, onRemove, buttonProps }: TokensProps): JSX.Element {
  return (
    <>
      {chosen.map(({ label }, position) => (
        <span key={position} className="ib-Token">
          <span className="ib-Token-label">{label}</span>
          {onRemove === null ? null : (
            <button
              type="button"
              tabIndex={-1}
              {...buttonProps?.(position)}
              className="ib-Token-remove"
              aria-label={`Remove ${label}`}
              onMouseDown={keepFocus}
              onClick={() => onRemove(position)}
            >
              ×
            </button>
          )}
        </span>
      ))}
    </>
  );
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
