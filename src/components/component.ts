/** What the page half of a component is. */
import { createContext, useContext, type ComponentType, type ReactNode } from 'react';

import type { Events, Kind, Props, Settable } from '../protocol/props';
import type { NodeId, StreamRate, UploadReference } from '../protocol/wire';

/** What a component is given to draw itself. */
export interface View<K extends Kind> {
  readonly id: NodeId;
  readonly kind: K;
  readonly props: Props[K];
  /** Drawn children of a layout; null for a component. */
  readonly children: ReactNode;
  /** The person edited it: show it now and tell the kernel. */
  readonly set: (props: Partial<Settable[K]>) => void;
  /** Something happened. Costs nothing when nobody listens. */
  readonly fire: <E extends keyof Events[K] & string>(
    name: E,
    ...data: Events[K][E] extends null ? [] : [Events[K][E]]
  ) => void;
  /** Whether somebody listens to an event; for work that only an event needs. */
  readonly listens: (name: keyof Events[K] & string) => boolean;
  /** How to send the `stream` event; null: nobody listens to it. */
  readonly stream: StreamRate | null;
  /** Resolves when the kernel has processed all that was sent; rejects when there is none any more. */
  readonly answered: () => Promise<void>;
  /**
   * Send a file; resolves to what stands for it in a value. Rejects with the kernel's words, or with the
   * signal's reason when that takes it back. Functions that the component is an input of wait from here
   * until a value refers to the file, or it has ended otherwise.
   */
  readonly upload: (
    file: Blob & { readonly name?: string },
    onProgress?: (share: number) => void,
    signal?: AbortSignal
  ) => Promise<UploadReference>;
}

/** The page half of a component: what draws it, and its style. */
export interface ComponentHalf<K extends Kind> {
  readonly kind: K;
  readonly Body: ComponentType<View<K>>;
  /** CSS of this component alone; every selector starts with its `.ib-Name`. */
  readonly css: string;
}

/** Declare the page half of a component. */
export function defineComponent<K extends Kind>(
  kind: K,
  Body: ComponentType<View<K>>,
  css = ''
): ComponentHalf<K> {
  return { kind, Body, css };
}

/** What a component may ask of the host. */
export interface Services {
  /**
   * Draw Markdown with LaTeX into an element, replacing its content.
   *
   * @param trusted - Leave HTML inside as it is; otherwise what could run code is removed.
   */
  readonly renderMarkdown: (source: string, trusted: boolean, into: HTMLElement) => Promise<void>;
  /** What of an author's HTML may be put into the page; absent: all of it. */
  readonly sanitize?: (html: string) => string;
  /** Keep the style sheets inside an author's HTML to the app; absent: there is no app around. */
  readonly scopeSheets?: (content: Element) => void;
}

/** The host's services, for the views below it. */
export const ServicesContext = createContext<Services | null>(null);

/**
 * The host's services.
 *
 * @throws Error outside of a `ServicesContext`.
 */
export function useServices(): Services {
  const services = useContext(ServicesContext);
  if (services === null) {
    throw new Error('A component was drawn outside of a host.');
  }
  return services;
}
