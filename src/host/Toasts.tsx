/** Short messages at the corner of the app. */
import { useEffect, useRef, useState, type FocusEvent, type RefObject } from 'react';

import { useHandsOn } from '../components/parts/focus';
import { usePage, useToasts } from '../store/hooks';
import type { ToastRecord } from '../store/toasts';
import { useCorner } from './corner';

/** The messages of an app, at its top right corner. */
export function Toasts({ app }: { readonly app: RefObject<HTMLElement> }): JSX.Element {
  const toasts = useToasts();
  const list = useRef<HTMLDivElement>(null);
  const [hovered, setHovered] = useState(false);
  const [focused, setFocused] = useState(false);
  const from = useRef<Element | null>(null);
  const entered = ({ currentTarget, relatedTarget }: FocusEvent): void => {
    setFocused(true);
    // Nowhere: another message has handed it on.
    if (relatedTarget !== null && !currentTarget.contains(relatedTarget)) {
      from.current = relatedTarget;
    }
  };
  const nearest = (): HTMLElement[] => {
    const others = list.current?.querySelectorAll('button') ?? [];
    return [...others, ...(from.current instanceof HTMLElement ? [from.current] : [])];
  };
  // What is removed with the focus on it fires no blur.
  useEffect(() => setFocused(list.current?.contains(document.activeElement) ?? false), [toasts]);
  const inView = useCorner(list, app, toasts.length);
  return (
    <div
      ref={list}
      className="ib-Toasts"
      role="region"
      aria-label="Messages"
      onPointerEnter={() => setHovered(true)}
      onPointerLeave={() => setHovered(false)}
      onFocus={entered}
      onBlur={() => setFocused(false)}
    >
      {toasts.map(toast => (
        <Toast
          key={toast.id}
          toast={toast}
          counts={inView && !hovered && !focused}
          nearest={nearest}
        />
      ))}
    </div>
  );
}

interface ToastProps {
  readonly toast: ToastRecord;
  /** Its time runs only while it can be read and is not being used. */
  readonly counts: boolean;
  /** What is to have the focus when this one is closed: another message, or what had it before. */
  readonly nearest: () => readonly HTMLElement[];
}

function Toast({ toast, counts, nearest }: ToastProps): JSX.Element {
  const { toasts } = usePage();
  const { id, duration, level, title, message, link } = toast;
  const close = useHandsOn<HTMLButtonElement>(nearest);
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
        ref={close}
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
