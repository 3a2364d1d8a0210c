import { useEffect, useRef } from 'react';

import { defineComponent, type View } from './component';
import { Frame, type Ids } from './parts/Frame';
import { clamp, decimals, format, NumberField, rounded } from './parts/NumberField';

function Body(view: View<'slider'>): JSX.Element {
  const { id, props } = view;
  const value = shown(props);
  const edit = (next: number): void => {
    view.set({ value: next });
    view.fire('input');
  };
  const release = (): void => view.fire('release');
  const tools = <Tools props={props} value={value} onEdit={edit} onRelease={release} />;
  return (
    <Frame id={id} props={props} className="ib-Slider" title="Slider" tools={tools}>
      {ids => (
        <div className="ib-Slider-line">
          <span aria-hidden="true">{format(props.minimum)}</span>
          <Range props={props} value={value} ids={ids} onEdit={edit} onRelease={release} />
          <span aria-hidden="true">{format(props.maximum)}</span>
        </div>
      )}
    </Frame>
  );
}

type Props = View<'slider'>['props'];

interface PartProps {
  readonly props: Props;
  readonly value: number;
  readonly onEdit: (value: number) => void;
  readonly onRelease: () => void;
}

/** A range that a function has narrowed holds the value too, as it does for handlers. */
function shown(props: Props): number {
  return rounded(clamp(props.value, props.minimum, props.maximum), props.precision);
}

/** The value as a number, to be read and typed, and the way back to the first one. */
function Tools({ props, value, onEdit, onRelease }: PartProps): JSX.Element {
  const { minimum, maximum, step, interactive, showResetButton: first } = props;
  const places = Math.max(decimals(step), decimals(value));
  const characters = Math.max(...[minimum, maximum].map(limit => limit.toFixed(places).length));
  return (
    <span className="ib-Slider-tools">
      <span style={{ width: `${Math.min(characters, 16) + 3}ch` }}>
        <NumberField
          value={value}
          step={step}
          minimum={minimum}
          maximum={maximum}
          precision={props.precision}
          clamps
          spinner={false}
          interactive={interactive}
          label={`${props.label ?? 'Slider'}, as a number`}
          onEdit={next => {
            if (next !== null) {
              onEdit(next);
            }
          }}
          onSettle={onRelease}
        />
      </span>
      {first === null || !interactive ? null : (
        <Reset
          label={`Reset ${props.label ?? 'slider'} to ${first}`}
          disabled={value === first}
          onClick={() => {
            onEdit(first);
            onRelease();
          }}
        />
      )}
    </span>
  );
}

interface ResetProps {
  readonly label: string;
  readonly disabled: boolean;
  readonly onClick: () => void;
}

function Reset({ label, disabled, onClick }: ResetProps): JSX.Element {
  return (
    <button
      type="button"
      className="ib-icon-button"
      aria-label={label}
      title={label}
      // A disabled button would lose the focus at the moment of its press.
      aria-disabled={disabled}
      onClick={disabled ? undefined : onClick}
    >
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d="M3 8a5 5 0 1 0 1.6-3.7M3 2.5v3h3" fill="none" stroke="currentColor" />
      </svg>
    </button>
  );
}

function Range(part: PartProps & { readonly ids: Ids }): JSX.Element {
  const { props, value, ids, onEdit } = part;
  const { minimum, maximum } = props;
  const release = useRelease(part.onRelease);
  const share = maximum > minimum ? (value - minimum) / (maximum - minimum) : 0;
  return (
    <input
      ref={release.ref}
      id={ids.control}
      className="ib-Slider-range"
      type="range"
      min={minimum}
      max={maximum}
      step={props.step}
      value={value}
      disabled={!props.interactive}
      aria-describedby={ids.info}
      style={{ '--ib-share': share } as React.CSSProperties}
      onChange={event => {
        release.moved();
        onEdit(event.currentTarget.valueAsNumber);
      }}
      onPointerUp={release.end}
      onPointerCancel={release.end}
      onKeyDown={release.holdKey}
      onKeyUp={release.end}
      onBlur={release.end}
    />
  );
}

/**
 * Tells the end of an interaction, once, if the value moved in it.
 *
 * The browser's `change` comes at the end of a drag and with every step of assistive technology, but also
 * with every repeat of a held key; there the end is the key's release.
 */
function useRelease(onRelease: () => void) {
  const ref = useRef<HTMLInputElement>(null);
  const state = useRef({ moved: false, key: false, onRelease });
  useEffect(() => {
    state.current.onRelease = onRelease;
  });
  const { current } = state;
  const end = (): void => {
    const { moved } = current;
    current.moved = current.key = false;
    if (moved) {
      current.onRelease();
    }
  };
  const onChange = useRef((): void => (current.key ? undefined : end())).current;
  useEffect(() => {
    const range = ref.current;
    // React's onChange is the browser's `input`.
    range?.addEventListener('change', onChange);
    return () => range?.removeEventListener('change', onChange);
  }, [onChange]);
  return {
    ref,
    end,
    moved: () => void (current.moved = true),
    holdKey: () => void (current.key = true)
  };
}

const track = `
  height: 4px; border-radius: 2px;
  background: linear-gradient(
    to var(--ib-Slider-end),
    var(--ib-Slider-fill) var(--ib-Slider-at), var(--ib-Slider-track) var(--ib-Slider-at)
  );`;

const thumb = `
  box-sizing: border-box; width: 16px; height: 16px;
  border: 2px solid var(--ib-card); border-radius: 50%;
  background: linear-gradient(var(--ib-Slider-fill), var(--ib-Slider-fill)) var(--ib-card); box-shadow: 0 0 0 1px var(--ib-Slider-fill);`;

const ring = `outline: 2px solid var(--ib-focus); outline-offset: 3px;`;

export const Slider = defineComponent(
  'slider',
  Body,
  `
.ib-Slider-tools { display: flex; align-items: center; gap: 4px; margin-inline-start: auto; }
.ib-Slider-tools .ib-input { min-height: 24px; padding-block: 1px; text-align: end; }
.ib-Slider-tools .ib-icon-button[aria-disabled='true'] { opacity: 0.4; cursor: default; background: none; }
.ib-Slider > .ib-Frame-head.ib-is-bare { min-height: 24px; }
.ib-Slider-line {
  display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); column-gap: 8px;
  min-height: var(--ib-control-height); line-height: 14px; overflow-wrap: anywhere;
  color: var(--ib-text-secondary); font-size: calc(var(--ib-font-size) - 1px);
  font-variant-numeric: tabular-nums;
}
/* Under the ends of the track, which so has one place and length, whatever the limits are. */
.ib-Slider-line > span { grid-row: 2; }
.ib-Slider-line > :last-child { text-align: end; }
.ib-Slider-range {
  grid-area: 1 / 1 / auto / span 2;
  --ib-Slider-fill: var(--ib-accent);
  --ib-Slider-track: color-mix(in srgb, var(--ib-text-secondary) 45%, var(--ib-card));
  --ib-Slider-end: right;
  --ib-Slider-at: calc(8px + var(--ib-share) * (100% - 16px));
  appearance: none; width: 100%; height: 24px; margin: 0;
  border-radius: var(--ib-radius); background: none; cursor: pointer;
}
.ib-Slider-range:dir(rtl) { --ib-Slider-end: left; }
.ib-Slider-range:disabled { --ib-Slider-fill: var(--ib-text-secondary); cursor: not-allowed; }
.ib-Slider-range::-webkit-slider-runnable-track {${track}}
.ib-Slider-range::-moz-range-track {${track}}
.ib-Slider-range::-webkit-slider-thumb { appearance: none; margin-top: -6px; ${thumb}}
.ib-Slider-range::-moz-range-thumb {${thumb}}
.ib-Slider-range:not(:disabled):hover { --ib-Slider-fill: var(--ib-accent-hover); }
/* Around the thumb: around the whole it would run into the number above. */
@media (forced-colors: none) {
  .ib-Slider-line > .ib-Slider-range:focus-visible { outline: none; }
  .ib-Slider-range:focus-visible::-webkit-slider-thumb {${ring}}
  .ib-Slider-range:focus-visible::-moz-range-thumb {${ring}}
}
@media (forced-colors: active) { .ib-Slider-range { appearance: auto; } }
`
);
