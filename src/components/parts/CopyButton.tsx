/** A small button that copies text. */
import { useState } from 'react';

interface CopyOptions {
  /** A function where making the text takes time. */
  readonly text: string | (() => string);
  /** The text is on the clipboard. */
  readonly onCopy?: (text: string) => void;
}

/** Says "Copied" until the pointer or the focus leaves it. */
export function CopyButton({ text, onCopy }: CopyOptions): JSX.Element {
  const [said, setSaid] = useState<string | null>(null);
  const copy = async (): Promise<void> => {
    const copied = typeof text === 'string' ? text : text();
    try {
      // On a page that came without https there is no clipboard at all.
      await navigator.clipboard.writeText(copied);
    } catch {
      setSaid('Not allowed here');
      return;
    }
    setSaid('Copied');
    onCopy?.(copied);
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
