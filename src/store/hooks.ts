/** The whole React binding of the store. */
import { createContext, useCallback, useContext, useRef, useSyncExternalStore } from 'react';

import type { App, BlobReference, LogEntry, NodeId } from '../protocol/wire';
import type { Download } from './downloads';
import type { Page } from './page';
import type { PageStatus } from './status';
import type { NodeState } from './store';
import type { NodeStatus, TaskRecord } from './tasks';
import type { ToastRecord } from './toasts';

/** The page that the views below it belong to. */
export const PageContext = createContext<Page | null>(null);

/**
 * The page of the views around.
 *
 * @throws Error outside of a `PageContext`.
 */
export function usePage(): Page {
  const page = useContext(PageContext);
  if (page === null) {
    throw new Error('A component was drawn outside of a page.');
  }
  return page;
}

/** A node; undefined when it is gone. */
export function useNode(id: NodeId): NodeState | undefined {
  const { store } = usePage();
  const subscribe = useCallback(
    (listener: () => void) => store.subscribe(id, listener),
    [store, id]
  );
  return useSyncExternalStore(subscribe, () => store.node(id));
}

/** Several nodes, without those that are gone; the same array until one of them changes. */
export function useNodes(ids: readonly NodeId[]): readonly NodeState[] {
  const { store } = usePage();
  const last = useRef<readonly NodeState[]>([]);
  const subscribe = useCallback(
    (listener: () => void) => {
      const stops = ids.map(id => store.subscribe(id, listener));
      return () => stops.forEach(stop => stop());
    },
    [store, ids]
  );
  return useSyncExternalStore(subscribe, () => {
    const found = ids.flatMap(id => store.node(id) ?? []);
    const same =
      found.length === last.current.length && found.every((node, i) => node === last.current[i]);
    return same ? last.current : (last.current = found);
  });
}

/** Tasks and failures at a node. */
export function useNodeStatus(id: NodeId): NodeStatus {
  const { tasks } = usePage();
  const subscribe = useCallback(
    (listener: () => void) => tasks.subscribe(id, listener),
    [tasks, id]
  );
  return useSyncExternalStore(subscribe, () => tasks.status(id));
}

/** Tasks that have not ended, oldest first. */
export function useTasks(): readonly TaskRecord[] {
  const { tasks } = usePage();
  const subscribe = useCallback((listener: () => void) => tasks.subscribeAll(listener), [tasks]);
  return useSyncExternalStore(subscribe, () => tasks.all());
}

/** How far a large value is, which is fetched for as long as somebody asks; null: there is none. */
export function useDownload(reference: BlobReference | null): Download | null {
  const { downloads } = usePage().files;
  const subscribe = useCallback(
    (listener: () => void) =>
      reference === null ? () => undefined : downloads.watch(reference, listener),
    [downloads, reference]
  );
  return useSyncExternalStore(subscribe, () =>
    reference === null ? null : downloads.state(reference)
  );
}

/** What functions have written. */
export function useJournal(): readonly LogEntry[] {
  const { journal } = usePage();
  const subscribe = useCallback((listener: () => void) => journal.subscribe(listener), [journal]);
  return useSyncExternalStore(subscribe, () => journal.entries);
}

/** The page's clock in milliseconds, read anew ten times a second; only for what shows a time. */
export function useNow(): number {
  const { ticker } = usePage();
  const subscribe = useCallback((listener: () => void) => ticker.subscribe(listener), [ticker]);
  return useSyncExternalStore(subscribe, () => ticker.time);
}

/** What belongs to the app as a whole; null before it is known. */
export function useApp(): App | null {
  const { store } = usePage();
  const subscribe = useCallback((listener: () => void) => store.subscribeApp(listener), [store]);
  return useSyncExternalStore(subscribe, () => store.app);
}

/** Whether what is shown is what the kernel has. */
export function usePageStatus(): PageStatus {
  const page = usePage();
  const subscribe = useCallback((listener: () => void) => page.subscribeStatus(listener), [page]);
  return useSyncExternalStore(subscribe, () => page.status);
}

/** Whether what the person did waits for a kernel that is busy. */
export function useWaiting(): boolean {
  const page = usePage();
  const subscribe = useCallback((listener: () => void) => page.subscribeStatus(listener), [page]);
  return useSyncExternalStore(subscribe, () => page.isWaiting);
}

/** The messages that are shown. */
export function useToasts(): readonly ToastRecord[] {
  const { toasts } = usePage();
  const subscribe = useCallback((listener: () => void) => toasts.subscribe(listener), [toasts]);
  return useSyncExternalStore(subscribe, () => toasts.all);
}
