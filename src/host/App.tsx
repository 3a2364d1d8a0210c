/** A whole app: its tree, what it says about its connection, and its messages. */
import { useEffect, useId, useMemo, useRef, type CSSProperties } from 'react';

import { ServicesContext, type Services } from '../components/component';
import { length } from '../components/parts/root';
import type { App as AppInfo } from '../protocol/wire';
import { PageContext, useApp, usePageStatus } from '../store/hooks';
import type { Page, PageStatus } from '../store/page';
import { NodeView } from './NodeView';
import { useAppCode } from './code';
import { useAppStyle } from './style';
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
  useScrollTo(page, root);
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
      <Banner status={status} />
      {/* A dead app stays readable; inert keeps its controls from pretending to work. */}
      <div className="ib-tree" ref={element => element?.toggleAttribute('inert', !live)}>
        {page.store.root === null ? null : <NodeView id={page.store.root} />}
      </div>
      <Toasts />
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

function Banner({ status }: { status: PageStatus }): JSX.Element | null {
  const text = sentence(status);
  return text === null ? null : (
    <div className="ib-Banner" role="status">
      {text}
    </div>
  );
}

function sentence(status: PageStatus): string | null {
  switch (status.kind) {
    case 'connecting':
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

/** Brings a node into view when the kernel asks for it. Nodes are found by the order they are drawn in. */
function useScrollTo(page: Page, root: React.RefObject<HTMLElement>): void {
  useEffect(() => {
    page.onScrollTo = node => {
      const element = root.current?.querySelector(`[data-node="${node}"]`);
      element?.scrollIntoView({ behavior: 'smooth', block: 'nearest' });
    };
  }, [page, root]);
}
