import { useId, useMemo, type KeyboardEvent } from 'react';

import type { NodeId } from '../protocol/wire';
import { useNode, useNodes, usePage } from '../store/hooks';
import type { NodeState } from '../store/store';
import { defineComponent, type View } from './component';
import { TabsContext, tabButtonId, tabPanelId } from './parts/layout';
import { rootAttributes } from './parts/root';

/** What the strip knows of a tab. */
interface TabInfo {
  readonly node: NodeId;
  /** What `selected` is when this tab is: its id, or else its position. */
  readonly key: number | string;
  /** Position among all tabs, seen or not. */
  readonly index: number;
  readonly label: string;
  readonly visible: boolean;
  readonly interactive: boolean;
}

function Body({ id, props, children, set, fire }: View<'tabs'>): JSX.Element {
  const page = usePage();
  const prefix = useId();
  const tabs = useNodes(useNode(id)?.children ?? NONE).flatMap(infoOf);
  const current = currentTab(tabs, props.selected);
  const selected = current?.node ?? null;
  const select = ({ node, key, index, label }: TabInfo): void => {
    if (node !== selected) {
      set({ selected: key });
      const data = { index, value: label, selected: true };
      fire('select', data);
      page.fire(node, 'select', data);
    }
  };
  const state = useMemo(() => ({ selected, prefix }), [selected, prefix]);
  return (
    <div {...rootAttributes(props, 'ib-Tabs', id)}>
      <Strip
        tabs={tabs.filter(tab => tab.visible)}
        selected={selected}
        prefix={prefix}
        onSelect={select}
      />
      <TabsContext.Provider value={state}>{children}</TabsContext.Provider>
    </div>
  );
}

const NONE: readonly never[] = [];

function infoOf(node: NodeState, index: number): TabInfo[] {
  if (node.kind !== 'tab') {
    return [];
  }
  const { id, label, visible, interactive } = (node as NodeState<'tab'>).props;
  const info = { label: label ?? `Tab ${index + 1}`, visible: visible === true, interactive };
  return [{ node: node.id, key: id ?? index, index, ...info }];
}

/** The tab that `selected` names, if it can be seen, or else the first that can be used. */
function currentTab(
  tabs: readonly TabInfo[],
  selected: number | string | null
): TabInfo | undefined {
  const seen = tabs.filter(tab => tab.visible);
  return seen.find(tab => tab.key === selected) ?? seen.find(tab => tab.interactive) ?? seen[0];
}

interface StripProps {
  readonly tabs: readonly TabInfo[];
  readonly selected: NodeId | null;
  readonly prefix: string;
  readonly onSelect: (tab: TabInfo) => void;
}

function Strip({ tabs, selected, prefix, onSelect }: StripProps): JSX.Element {
  const usable = tabs.filter(tab => tab.interactive);
  const entry = usable.find(tab => tab.node === selected) ?? usable[0];
  const onKeyDown = (event: KeyboardEvent<HTMLElement>): void => {
    const from = usable.findIndex(
      tab => tabButtonId(prefix, tab.node) === (event.target as HTMLElement).id
    );
    const tab = usable[target(event.key, from, usable.length)];
    if (tab !== undefined) {
      event.preventDefault();
      document.getElementById(tabButtonId(prefix, tab.node))?.focus();
      onSelect(tab);
    }
  };
  return (
    <div role="tablist" className="ib-Tabs-strip" onKeyDown={onKeyDown}>
      {tabs.map(tab => (
        <button
          key={tab.node}
          type="button"
          role="tab"
          id={tabButtonId(prefix, tab.node)}
          className="ib-Tabs-tab"
          aria-selected={tab.node === selected}
          aria-controls={tabPanelId(prefix, tab.node)}
          tabIndex={tab === entry ? 0 : -1}
          disabled={!tab.interactive}
          title={tab.label}
          onClick={() => onSelect(tab)}
        >
          {tab.label}
        </button>
      ))}
    </div>
  );
}

/** Where a key leads from a position among `count`; -1 for a key that leads nowhere. */
function target(key: string, from: number, count: number): number {
  switch (key) {
    case 'ArrowRight':
      return (from + 1) % count;
    case 'ArrowLeft':
      return (from - 1 + count) % count;
    case 'Home':
      return 0;
    case 'End':
      return count - 1;
    default:
      return -1;
  }
}

export const Tabs = defineComponent(
  'tabs',
  Body,
  // Each tab and the rest of the line draw their part of the line below: it is right in every line.
  `
.ib-Tabs { display: flex; flex-direction: column; min-width: 0; }
.ib-Tabs-strip { display: flex; flex-wrap: wrap; }
.ib-Tabs-strip:empty { display: none; }
.ib-Tabs-strip::after { content: ''; flex: 1 0 0; box-shadow: inset 0 -1px var(--ib-border); }
.ib-Tabs-tab {
  box-sizing: border-box; max-width: 100%; min-height: 32px; margin: 0; padding: 4px 12px;
  border: 0; border-radius: var(--ib-radius) var(--ib-radius) 0 0;
  background: none; box-shadow: inset 0 -1px var(--ib-border);
  color: var(--ib-text-secondary); font: inherit; font-weight: 500;
  overflow: hidden; text-overflow: ellipsis; white-space: nowrap; cursor: pointer;
}
.ib-Tabs-tab:hover:not(:disabled) { background: var(--ib-panel); color: var(--ib-text); }
.ib-Tabs-tab[aria-selected='true'] { box-shadow: inset 0 -2px var(--ib-accent); color: var(--ib-text); }
.ib-Tabs-tab:disabled { color: color-mix(in srgb, var(--ib-text-secondary) 60%, transparent); cursor: not-allowed; }
.ib-Tabs > .ib-Tabs-strip > .ib-Tabs-tab:focus-visible { outline-offset: -2px; }
/* Forced colours draw no shadows. */
@media (forced-colors: active) {
  .ib-Tabs-tab[aria-selected='true'] { forced-color-adjust: none; background: Highlight; color: HighlightText; }
  .ib-Tabs > .ib-Tabs-strip > .ib-Tabs-tab:focus-visible { outline-color: HighlightText; outline-offset: -4px; }
  .ib-Tabs > .ib-Tabs-strip > .ib-Tabs-tab:not([aria-selected='true']):focus-visible { outline-color: Highlight; }
}
`
);
