/** A small button that copies text. */
import { useState } from 'react';

/** Says "Copied" until the pointer or the focus leaves it. */
export function CopyButton({ text }: { readonly text: string }): JSX.Element {
  const [said, setSaid] = useState<string | null>(null);
  const copy = (): void => {
    navigator.clipboard.writeText(text).then(
      () => setSaid('Copied'),
      () => setSaid('Not allowed here')
    );
  };
  return (
    <button
      type="button"
      className="ib-icon-button ib-CopyButton"
      aria-label="Copy"
      title="Copy"
      onClick={copy}
      onBlur={() => setSaid(null)}
      onPointerLeave={() => setSaid(null)}
    >
      {said === null ? (
        <svg viewBox="0 0 16 16" aria-hidden="true">
          <path d="M5 3h7v9M3 5h7v8H3z" fill="none" stroke="currentColor" />
        </svg>
      ) : (
        <span role="status">{said}</span>
      )}
    </button>
  );
}
