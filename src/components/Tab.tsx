import { useContext, useRef } from 'react';

import { defineComponent, type View } from './component';
import { SeenContext, TabsContext, tabButtonId, tabPanelId } from './parts/layout';
import { rootAttributes } from './parts/root';

function Body({ id, props, children }: View<'tab'>): JSX.Element {
  const { selected, prefix } = useContext(TabsContext);
  const shown = selected === id;
  const seen = useContext(SeenContext) && shown;
  // What is inside is drawn when it is first needed, and then kept, with the state it has.
  const drawn = useRef(props.renderChildren);
  drawn.current ||= shown;
  const root = rootAttributes(props, 'ib-Tab', id);
  return (
    // `elem_id` names the panel; inside it, so that the id that the button refers to stays ours.
    <div
      role="tabpanel"
      id={tabPanelId(prefix, id)}
      className="ib-Tab-panel"
      aria-labelledby={tabButtonId(prefix, id)}
      hidden={!shown}
    >
      <div {...root}>
        <SeenContext.Provider value={seen}>{drawn.current ? children : null}</SeenContext.Provider>
      </div>
    </div>
  );
}

export const Tab = defineComponent(
  'tab',
  Body,
  `
.ib-Tab-panel:not([hidden]) { display: flex; flex: 1 0 auto; flex-direction: column; min-width: 0; padding-top: var(--ib-gap); }
.ib-Tab { display: flex; flex: 1 0 auto; flex-direction: column; gap: var(--ib-gap); min-width: 0; }
.ib-Tab > * { flex: var(--ib-grow, 0) 0 auto; }
.ib-Tab > .ib-Form { flex-grow: var(--ib-stretch, 0); }
`
);
