/** What layouts have in common. */
import { createContext } from 'react';

import type { NodeId } from '../../protocol/wire';

/**
 * Selector of a layout that shows nothing: no child that is not hidden, at any depth. Such a layout must
 * leave neither a card nor a gap.
 */
export const EMPTY =
  ':not(:has(:not([hidden], [hidden] *, .ib-Form, .ib-Column, .ib-Row, .ib-Stack, .ib-Group)))';

/** Whether what is drawn is not folded away: in a closed accordion, or a tab that is not selected. */
export const SeenContext = createContext(true);

/** Which tab of the tabs around is shown, and how ids of its elements begin. */
export interface TabsState {
  /** null when no tab can be shown. */
  readonly selected: NodeId | null;
  readonly prefix: string;
}

/** State of the nearest tabs around. */
export const TabsContext = createContext<TabsState>({ selected: null, prefix: '' });

/** HTML id of the button of a tab, which labels its panel. */
export function tabButtonId(prefix: string, tab: NodeId): string {
  return `${prefix}t${tab}`;
}

/** HTML id of the panel of a tab. */
export function tabPanelId(prefix: string, tab: NodeId): string {
  return `${prefix}p${tab}`;
}
