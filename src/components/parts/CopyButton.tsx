/** A small button that copies text. */
import { useState } from 'react';

/**
 * Says "Copied" until the pointer or the focus leaves it.
 *
 * @param text - A function where making the text takes time.
 */
export function CopyButton({ text }: { readonly text: string | (() => string) }): JSX.Element {
  const [said, setSaid] = useState<string | null>(null);
  const copy = async (): Promise<void> => {
    try {
      // On a page that came without https there is no clipboard at all.
      await navigator.clipboard.writeText(typeof text === 'string' ? text : text());
      setSaid('Copied');
    } catch {
      setSaid('Not allowed here');
    }
  };
  return (
    <>
      <button
        type="button"
        className="ib-icon-button ib-CopyButton"
        aria-label="Copy"
        title="Copy"
        onClick={() => void copy()}
        onBlur={() => setSaid(null)}
        onPointerLeave={() => setSaid(null)}
      >
        {said ?? (
          <svg viewBox="0 0 16 16" aria-hidden="true">
            <path d="M5 3h7v9M3 5h7v8H3z" fill="none" stroke="currentColor" />
          </svg>
        )}
      </button>
      {/* Beside it, because what is inside a button is part of its name and not announced. */}
      <span role="status" className="ib-visually-hidden">
        {said}
      </span>
    </>
  );
}
