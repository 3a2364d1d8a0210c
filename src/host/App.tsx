/** A whole app: its tree, what it says about its connection, and its messages. */
import { useEffect, useId, useMemo, useRef, useState, type CSSProperties } from 'react';

import { ServicesContext, type Services } from '../components/component';
import { length } from '../components/parts/root';
import type { App as AppInfo, NodeId } from '../protocol/wire';
import { PageContext, useApp, usePageStatus, useWaiting } from '../store/hooks';
import type { Page } from '../store/page';
import type { PageStatus } from '../store/status';
import { Announcer } from './Announcer';
import { NodeView } from './NodeView';
import { useAppCode, useEventCode } from './code';
import { useEffects } from './effects';
import { useOwnKeys } from './keys';
import { serverNoDelay } from './server';
import { useAppStyle, useScopedServices } from './style';
import { Footer } from './Footer';
import { Toasts } from './Toasts';

/** What draws an app. */
export interface AppProps {
  readonly page: Page;
  readonly services: Services;
  /** Runs the cell that shows the app; null: nothing can. */
  readonly run?: (() => void) | null;
  /** Only a picture of the app, with this sentence: no code and no style of its author. */
  readonly picture?: string | null;
}

/** Draw the app of a page. Several views may draw the same page. */
export function App({ page, services, run = null, picture = null }: AppProps): JSX.Element {
  const scope = `ib-app-${useId().replace(/\W/g, '')}`;
  return (
    <PageContext.Provider value={page}>
      <ServicesContext.Provider value={useScopedServices(services, scope)}>
        <Shell page={page} scope={scope} run={run} picture={picture} />
      </ServicesContext.Provider>
    </PageContext.Provider>
  );
}

interface ShellProps {
  readonly page: Page;
  /** Class of this drawing of the app alone. */
  readonly scope: string;
  readonly run: (() => void) | null;
  readonly picture: string | null;
}

function Shell({ page, scope, run, picture }: ShellProps): JSX.Element {
  const app = useApp();
  const status = usePageStatus();
  const root = useRef<HTMLDivElement>(null);
  useAppStyle(scope, picture === null ? app : null);
  // Nothing of a saved app runs before its kernel is there.
  useAppCode(page, page.wasLive ? app : null, root);
  useEventCode(page, root);
  useEffects(page, picture !== null);
  useLeaving(page);
  useScrollTo(page, root);
  useOwnKeys(root);
  const live = status.kind === 'live' || status.kind === 'lost';
  const size = useMemo(() => sizeOf(app), [app]);
  const fills = app?.fillHeight === true && app.height !== null;
  return (
    <section
      ref={root}
      className={`ipyblocks gradio-container ${scope}${fills ? ' ib-fills' : ''}`}
      aria-label={app?.title ?? 'ipyblocks app'}
      style={size}
      data-status={status.kind}
      data-tcp-no-delay={serverNoDelay()}
    >
      {/* Always there, so that assistive technology hears what is put into it. */}
      <div role="status" className="ib-Banners">
        {picture === null ? (
          <Banner status={status} page={page} run={run} />
        ) : (
          <div className="ib-Banner">{picture}</div>
        )}
      </div>
      {/* A dead app stays readable; inert keeps its controls from pretending to work. */}
      <div className="ib-tree" ref={element => element?.toggleAttribute('inert', !live)}>
        {page.store.root === null ? null : <NodeView id={page.store.root} />}
      </div>
      <Footer />
      <Announcer />
      <Toasts app={root} />
    </section>
  );
}

function sizeOf(app: AppInfo | null): CSSProperties {
  return {
    height: length(app?.height ?? null),
    width: length(app?.width ?? null),
    overflow: app?.height == null ? undefined : 'auto'
  };
}

/** Milliseconds that a connection may be away before it is worth a word. */
const PATIENCE = 1000;

interface BannerProps {
  readonly status: PageStatus;
  readonly page: Page;
  readonly run: (() => void) | null;
}

function Banner({ status, page, run }: BannerProps): JSX.Element | null {
  const { kind } = status;
  const [patient, setPatient] = useState(true);
  useEffect(() => {
    setPatient(true);
    const timer = setTimeout(() => setPatient(false), PATIENCE);
    return () => clearTimeout(timer);
  }, [kind]);
  const waits = useWaiting();
  const passes = kind === 'lost' || kind === 'connecting';
  if (kind === 'live' && waits) {
    return <div className="ib-Banner">The kernel is busy; your click is waiting.</div>;
  }
  if (kind === 'live' || (passes && patient)) {
    return null;
  }
  const ended = kind === 'dead' || kind === 'closed';
  return (
    <div className="ib-Banner">
      {sentence(status, page)}
      {ended && run !== null ? (
        <button type="button" className="ib-link" onClick={run}>
          {page.wasLive ? 'Run this cell again' : 'Run this cell'}
        </button>
      ) : null}
      {ended && run === null ? ' Run this cell again to use the app.' : null}
    </div>
  );
}

function sentence(status: PageStatus, page: Page): string {
  switch (status.kind) {
    case 'live':
      return '';
    case 'connecting':
      return 'Waiting for the kernel …';
    case 'lost':
      return 'The connection to the kernel is lost; what you change is kept and sent when it is back.';
    case 'dead':
      if (page.wasLive) {
        return 'The kernel has restarted or ended.';
      }
      return page.store.root === null
        ? 'This app is not running.'
        : 'This app is not running. What you see are its last values.';
    case 'mismatch':
      return status.sentence;
    case 'closed':
      return {
        closed: 'This app was closed.',
        rerun: 'This app was closed because its cell was run again.',
        capacity: 'This app was closed because too many are open.'
      }[status.reason];
  }
}

/** The last word of a window that is closed or loaded anew. */
function useLeaving(page: Page): void {
  useEffect(() => {
    const leave = (): void => page.files.leave(page.place?.epoch ?? null);
    window.addEventListener('pagehide', leave);
    return () => window.removeEventListener('pagehide', leave);
  }, [page]);
}

/** Brings a node into view when the kernel asks for it. */
function useScrollTo(page: Page, root: React.RefObject<HTMLElement>): void {
  useEffect(() => {
    const scrollTo = (node: NodeId): void => {
      // What the function returned is drawn by then, and has its size.
      requestAnimationFrame(() => {
        const element = root.current?.querySelector(`[data-node="${node}"]`);
        const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
        element?.scrollIntoView({ behavior: calm ? 'auto' : 'smooth', block: 'nearest' });
      });
    };
    page.onScrollTo = scrollTo;
    return () => {
      // Another view of the page may have come since.
      if (page.onScrollTo === scrollTo) {
        page.onScrollTo = () => undefined;
      }
    };
  }, [page, root]);
}
