/** Short messages at the corner of the app. */
import { useEffect, useRef, useState, type RefObject } from 'react';

import { usePage, useToasts } from '../store/hooks';
import type { ToastRecord } from '../store/toasts';
import { useCorner } from './corner';

/** The messages of an app, at its top right corner. */
export function Toasts({ app }: { readonly app: RefObject<HTMLElement> }): JSX.Element {
  const toasts = useToasts();
  const list = useRef<HTMLDivElement>(null);
  const [held, setHeld] = useState(false);
  const inView = useCorner(list, app, toasts.length);
  return (
    <div
      ref={list}
      className="ib-Toasts"
      role="region"
      aria-label="Messages"
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      {toasts.map(toast => (
        <Toast key={toast.id} toast={toast} counts={inView && !held} />
      ))}
    </div>
  );
}

interface ToastProps {
  readonly toast: ToastRecord;
  /** Its time runs only while it can be read and is not being used. */
  readonly counts: boolean;
}

function Toast({ toast, counts }: ToastProps): JSX.Element {
  const { toasts } = usePage();
  const { id, duration, level, title, message, link } = toast;
  const left = useRef(duration === null ? null : duration * 1000);
  useEffect(() => {
    if (left.current === null || !counts) {
      return undefined;
    }
    const start = Date.now();
    const before = left.current;
    const timer = setTimeout(() => toasts.close(id), before);
    return () => {
      clearTimeout(timer);
      left.current = before - (Date.now() - start);
    };
  }, [toasts, id, counts]);
  return (
    <div className={`ib-Toast ib-is-${level}`} role={level === 'error' ? 'alert' : 'status'}>
      <div className="ib-Toast-text">
        {title === '' ? null : <strong>{title}</strong>}
        <div className="ib-Toast-message">{message}</div>
        {link === undefined ? null : (
          <a
            href={link.href}
            target="_blank"
            rel="noopener noreferrer"
            onClick={() => toasts.close(id)}
          >
            {link.text}
          </a>
        )}
      </div>
      <button
        type="button"
        className="ib-icon-button"
        aria-label="Close"
        onClick={() => toasts.close(id)}
      >
        ×
      </button>
    </div>
  );
}
