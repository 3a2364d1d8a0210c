import { defineComponent, type View } from './component';
import { Frame } from './parts/Frame';
import { tickCss } from './parts/ticks';

const TITLE = 'Checkbox';

function Body({ id, props, set, fire }: View<'checkbox'>): JSX.Element {
  const toggle = (value: boolean): void => {
    set({ value });
    fire('input');
    fire('select', { index: 0, value: props.label ?? TITLE, selected: value });
  };
  return (
    <Frame id={id} props={props} className="ib-Checkbox" title={TITLE}>
      {ids => (
        <input
          type="checkbox"
          id={ids.control}
          className="ib-Checkbox-box"
          aria-describedby={ids.info}
          checked={props.value}
          disabled={!props.interactive}
          onChange={event => toggle(event.currentTarget.checked)}
        />
      )}
    </Frame>
  );
}

// The frame draws the label before the control; here it stands beside the box, help text under it.
export const Checkbox = defineComponent(
  'checkbox',
  Body,
  `
.ib-Checkbox.ib-Frame { display: grid; grid-template-columns: auto minmax(0, 1fr); column-gap: 8px; align-content: center; }
.ib-Checkbox > * { grid-column: 1 / -1; }
.ib-Checkbox.ib-Frame > .ib-Frame-head { grid-area: 1 / 2; min-height: 20px; }
.ib-Checkbox > .ib-Frame-head > label { font-weight: inherit; overflow-wrap: anywhere; cursor: pointer; }
.ib-Checkbox:has(> input:disabled) > .ib-Frame-head > label { cursor: default; }
.ib-Checkbox.ib-Frame > .ib-info { grid-area: 2 / 2; margin: 0; }
.ib-Checkbox > .ib-Checkbox-box { grid-area: 1 / 1; }
.ib-Checkbox.ib-Frame.ib-card { padding-block: 12px; }
${tickCss('.ib-Checkbox')}`
);
