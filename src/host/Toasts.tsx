/** Short messages in the corner of the app. */
import { useEffect } from 'react';

import { usePage, useToasts } from '../store/hooks';
import type { ToastRecord } from '../store/toasts';

/** The messages; the region is always there, so that assistive technology hears what is added. */
export function Toasts(): JSX.Element {
  const toasts = useToasts();
  return (
    <div className="ib-Toasts" role="region" aria-label="Messages">
      {toasts.map(toast => (
        <Toast key={toast.id} toast={toast} />
      ))}
    </div>
  );
}

function Toast({ toast }: { toast: ToastRecord }): JSX.Element {
  const { toasts } = usePage();
  const { id, duration } = toast;
  useEffect(() => {
    if (duration === null) {
      return undefined;
    }
    const timer = setTimeout(() => toasts.close(id), duration * 1000);
    return () => clearTimeout(timer);
  }, [toasts, id, duration]);
  return (
    <div className={`ib-Toast ib-is-${toast.level}`} role={toast.level === 'error' ? 'alert' : 'status'}>
      <div>
        {toast.title === '' ? null : <strong>{toast.title}</strong>}
        <div className="ib-Toast-message">{toast.message}</div>
      </div>
      <button type="button" className="ib-icon-button" aria-label="Close" onClick={() => toasts.close(id)}>
        ×
      </button>
    </div>
  );
}
