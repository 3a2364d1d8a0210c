/** Short messages to the person, until they go by themselves or are closed. */
import type { ToastLevel } from '../protocol/wire';

/** One message. `duration` is in seconds; null stays until closed. */
export interface ToastRecord {
  readonly id: number;
  readonly level: ToastLevel;
  readonly title: string;
  readonly message: string;
  readonly duration: number | null;
  /** It takes the place of the one with the same key. */
  readonly key?: string;
  /** Something to press, which opens another page. */
  readonly link?: { readonly href: string; readonly text: string };
}

/** Most messages kept; the oldest go first. */
const MOST = 5;

/** The messages that are shown, oldest first. */
export class Toasts {
  get all(): readonly ToastRecord[] {
    return this.shown;
  }

  show(toast: Omit<ToastRecord, 'id'>): void {
    this.nextId += 1;
    const { level, title, message, duration, key, link } = toast;
    const record = {
      id: this.nextId,
      level,
      title,
      message,
      duration,
      ...(key === undefined ? {} : { key }),
      ...(link === undefined ? {} : { link })
    };
    const former = this.shown.findIndex(other => key !== undefined && other.key === key);
    if (former >= 0) {
      this.change(this.shown.map((other, i) => (i === former ? record : other)));
      return;
    }
    // The same again is one message, that has come again.
    const others = this.shown.filter(
      other => other.level !== level || other.title !== title || other.message !== message
    );
    this.change([...others, record].slice(-MOST));
  }

  /** The kernel has not accepted what the person did. */
  refuse(why: string): void {
    this.show({ level: 'warning', title: 'Not accepted', message: why, duration: 10 });
  }

  /** Take the one with a key away. */
  take(key: string): void {
    this.shown.filter(toast => toast.key === key).forEach(toast => this.close(toast.id));
  }

  close(id: number): void {
    if (this.shown.some(toast => toast.id === id)) {
      this.change(this.shown.filter(toast => toast.id !== id));
    }
  }

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private change(shown: readonly ToastRecord[]): void {
    this.shown = shown;
    this.listeners.forEach(listener => listener());
  }

  private shown: readonly ToastRecord[] = [];
  private nextId = 0;
  private readonly listeners = new Set<() => void>();
}
