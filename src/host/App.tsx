/** A whole app: its tree, what it says about its connection, and its messages. */
import { useEffect, useId, useMemo, useRef, useState, type CSSProperties } from 'react';

import { ServicesContext, type Services } from '../components/component';
import { length } from '../components/parts/root';
import type { App as AppInfo, NodeId } from '../protocol/wire';
import { PageContext, useApp, usePageStatus } from '../store/hooks';
import type { Page, PageStatus } from '../store/page';
import { Announcer } from './Announcer';
import { NodeView } from './NodeView';
import { useAppCode, useEventCode } from './code';
import { useOwnKeys } from './keys';
import { useAppStyle } from './style';
import { Footer } from './Footer';
import { Toasts } from './Toasts';

/** Draw the app of a page. Several views may draw the same page. */
export function App({ page, services }: { page: Page; services: Services }): JSX.Element {
  return (
    <PageContext.Provider value={page}>
      <ServicesContext.Provider value={services}>
        <Shell page={page} />
      </ServicesContext.Provider>
    </PageContext.Provider>
  );
}

function Shell({ page }: { page: Page }): JSX.Element {
  const app = useApp();
  const status = usePageStatus();
  const root = useRef<HTMLDivElement>(null);
  const scope = `ib-app-${useId().replace(/\W/g, '')}`;
  useAppStyle(scope, app);
  useAppCode(page, app, root);
  useEventCode(page, root);
  useScrollTo(page, root);
  useOwnKeys(root);
  const live = status.kind === 'live' || status.kind === 'lost' || status.kind === 'connecting';
  const size = useMemo(() => sizeOf(app), [app]);
  const fills = app?.fillHeight === true && app.height !== null;
  return (
    <section
      ref={root}
      className={`ipyblocks gradio-container ${scope}${fills ? ' ib-fills' : ''}`}
      aria-label={app?.title ?? 'ipyblocks app'}
      style={size}
      data-status={status.kind}
    >
      {/* Always there, so that assistive technology hears what is put into it. */}
      <div role="status" className="ib-Banners">
        <Banner status={status} waits={page.store.root === null} />
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
  /** There is nothing to look at yet. */
  readonly waits: boolean;
}

function Banner({ status, waits }: BannerProps): JSX.Element | null {
  const { kind } = status;
  const [patient, setPatient] = useState(true);
  useEffect(() => {
    setPatient(true);
    const timer = setTimeout(() => setPatient(false), PATIENCE);
    return () => clearTimeout(timer);
  }, [kind]);
  const text = sentence(status, waits);
  const passes = kind === 'lost' || kind === 'connecting';
  return text === null || (passes && patient) ? null : <div className="ib-Banner">{text}</div>;
}

function sentence(status: PageStatus, waits: boolean): string | null {
  switch (status.kind) {
    case 'connecting':
      return waits ? 'Waiting for the kernel …' : null;
    case 'live':
      return null;
    case 'lost':
      return 'The connection to the kernel is lost; what you change is kept and sent when it is back.';
    case 'dead':
      return 'The kernel has restarted or ended. Run this cell again to use the app.';
    case 'mismatch':
      return status.sentence;
    case 'closed':
      return {
        closed: 'This app was closed.',
        rerun: 'This app was closed because its cell was run again.',
        capacity: 'This app was closed because too many are open. Run this cell again to use it.'
      }[status.reason];
  }
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
