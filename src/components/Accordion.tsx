import { useContext, useRef, type MouseEvent, type SyntheticEvent } from 'react';

import { defineComponent, type View } from './component';
import { SeenContext } from './parts/layout';
import { rootAttributes } from './parts/root';

function Body({ id, props, children, set, fire }: View<'accordion'>): JSX.Element {
  // What is inside is drawn when it is first needed, and then kept, with the state it has.
  const drawn = useRef(false);
  drawn.current ||= props.open;
  const seen = useContext(SeenContext) && props.open;
  const turn = (open: boolean): void => {
    set({ open });
    fire(open ? 'expand' : 'collapse');
  };
  const onClick = (event: MouseEvent): void => {
    event.preventDefault();
    turn(!props.open);
  };
  // The browser opens it by itself when a search in the page finds something inside.
  const onToggle = ({ currentTarget }: SyntheticEvent<HTMLDetailsElement>): void => {
    if (currentTarget.open !== props.open) {
      turn(currentTarget.open);
    }
  };
  return (
    <details
      {...rootAttributes(props, 'ib-Accordion ib-card', id)}
      open={props.open}
      onToggle={onToggle}
    >
      <summary className="ib-Accordion-head" onClick={onClick}>
        <span>{props.label ?? 'Details'}</span>
        <svg viewBox="0 0 16 16" aria-hidden="true">
          <path d="M4 6l4 4 4-4" fill="none" stroke="currentColor" strokeWidth="1.5" />
        </svg>
      </summary>
      <div className="ib-Accordion-body">
        <SeenContext.Provider value={seen}>{drawn.current ? children : null}</SeenContext.Provider>
      </div>
    </details>
  );
}

export const Accordion = defineComponent(
  'accordion',
  Body,
  // Where ::details-content is not known it opens at once.
  `
.ib-Accordion { min-width: 0; interpolate-size: allow-keywords; }
.ib-Accordion::details-content { height: 0; overflow: clip; transition: height 160ms ease, content-visibility 160ms allow-discrete; }
.ib-Accordion[open]::details-content { height: auto; }
.ib-Accordion-head {
  display: flex; align-items: center; justify-content: space-between; gap: 8px;
  box-sizing: border-box; min-height: 36px; padding: 4px 12px;
  border-radius: var(--ib-radius);
  font-weight: 500; cursor: pointer; list-style: none;
}
.ib-Accordion-head::-webkit-details-marker { display: none; }
.ib-Accordion-head > span { min-width: 0; overflow-wrap: anywhere; }
.ib-Accordion-head:hover { background: var(--ib-panel); }
.ib-Accordion-head > svg { flex: none; width: 16px; height: 16px; color: var(--ib-text-secondary); transition: transform 160ms ease; }
.ib-Accordion[open] > .ib-Accordion-head > svg { transform: rotate(180deg); }
.ib-Accordion-body { display: flex; flex-direction: column; gap: var(--ib-gap); padding: 4px 12px 12px; min-width: 0; }
.ib-Accordion-body > * { flex: 0 0 auto; }
.ib-Accordion-body:has(> .ib-Form:only-child) { padding: 0; }
.ib-Accordion-body > .ib-Form:only-child { border-width: 1px 0 0; border-radius: 0 0 var(--ib-radius) var(--ib-radius); }
`
);
