import type { CSSProperties } from 'react';

import { defineComponent, type View } from './component';
import { Frame } from './parts/Frame';

/** The value, as the kernel half makes it. */
interface Classification {
  readonly label: string;
  /** null: a label without confidences. */
  readonly confidences: readonly Confidence[] | null;
}

interface Confidence {
  readonly label: string;
  /** Share, usually 0 to 1. */
  readonly confidence: number;
}

function Body(view: View<'label'>): JSX.Element {
  const { id, props } = view;
  const value = props.value as unknown as Classification | null;
  return (
    <Frame id={id} props={props} className="ib-Label" title="Label" as="output">
      {() => (value === null ? <Empty /> : <Result view={view} value={value} />)}
    </Frame>
  );
}

function Empty(): JSX.Element {
  return <p className="ib-Label-heading ib-is-empty">No label yet</p>;
}

function Result({ view, value }: { view: View<'label'>; value: Classification }): JSX.Element {
  const { showHeading, color } = view.props;
  const style = color === null ? undefined : ({ '--ib-Label-color': color } as CSSProperties);
  return (
    <>
      {showHeading || value.confidences === null ? (
        <p className={`ib-Label-heading${color === null ? '' : ' ib-is-coloured'}`} style={style}>
          {value.label}
        </p>
      ) : null}
      {value.confidences === null ? null : (
        <ul className="ib-Label-list">
          {value.confidences.map((each, index) => (
            <li key={each.label}>
              <Bar view={view} index={index} {...each} />
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

type BarProps = Confidence & { readonly view: View<'label'>; readonly index: number };

function Bar({ view, index, label, confidence }: BarProps): JSX.Element {
  // min() of NaN is NaN, and such a width is none.
  const width = `${Math.max(0, Math.min(1, confidence)) * 100}%`;
  const content = (
    <>
      <span className="ib-Label-name">{label}</span>
      <span className="ib-Label-share">{percent(confidence)}</span>
      <span className="ib-Label-bar" aria-hidden="true">
        <span style={{ width }} />
      </span>
    </>
  );
  if (!view.listens('select')) {
    return <div className="ib-Label-row">{content}</div>;
  }
  const select = (): void => view.fire('select', { index, value: label, selected: true });
  return (
    <button type="button" className="ib-Label-row" onClick={select}>
      {content}
    </button>
  );
}

/** Whole per cent, with a decimal where that is all there is to tell. */
export function percent(share: number): string {
  if (!Number.isFinite(share)) {
    return String(share);
  }
  const value = share * 100;
  const rounds = (low: number): boolean => Math.abs(value) > low && Math.abs(value) < 100 - low;
  const isNearEnd = Math.abs(value) < 10 || Math.abs(value) > 99;
  return `${value.toFixed(isNearEnd && rounds(0) ? 1 : 0)}%`;
}

export const Label = defineComponent(
  'label',
  Body,
  `
.ib-Label-heading {
  box-sizing: border-box; min-height: 44px; margin: 4px 0 0; padding: 8px 12px;
  border-radius: var(--ib-radius);
  font-size: calc(var(--ib-font-size) + 7px); font-weight: 600; line-height: 28px;
  text-align: center; overflow-wrap: anywhere;
}
.ib-Label-heading.ib-is-empty {
  color: var(--ib-text-secondary); font-size: var(--ib-font-size); font-weight: 400;
}
/* Black or white, whichever the colour's luminance leaves readable: at 0.179 both have a contrast of 4.6. */
.ib-Label-heading.ib-is-coloured {
  --ib-Label-ink: clamp(0, (0.179 - (0.2126 * r + 0.7152 * g + 0.0722 * b)) * 10000, 1);
  background-color: var(--ib-Label-color);
  color: color(
    from var(--ib-Label-color) srgb-linear
    calc(var(--ib-Label-ink)) calc(var(--ib-Label-ink)) calc(var(--ib-Label-ink)) / 1
  );
}
.ib-Label-list {
  display: grid; gap: 4px; max-height: 360px; margin: 8px -4px 0; padding: 0; overflow: auto; list-style: none;
}
.ib-Label-row {
  box-sizing: border-box; display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 0 12px; width: 100%;
  padding: 4px; border: 0; border-radius: var(--ib-radius); background: none; color: inherit;
  font: inherit; text-align: start;
}
.ib-Label-name { overflow-wrap: anywhere; }
.ib-Label-share { color: var(--ib-text-secondary); font-variant-numeric: tabular-nums; }
.ib-Label-bar { grid-column: 1 / -1; height: 4px; border-radius: 2px; background: var(--ib-border); overflow: hidden; }
.ib-Label-bar > span {
  display: block; height: 100%; border-radius: 2px; background: var(--ib-accent); transition: width 150ms;
}
@media (forced-colors: active) {
  .ib-Label-bar { --ib-border: Canvas; --ib-accent: Highlight; forced-color-adjust: none; }
}
.ib-Label-list button.ib-Label-row { cursor: pointer; }
.ib-Label-list button.ib-Label-row:hover { background: var(--ib-hover); }
.ib-Label-list button.ib-Label-row:focus-visible { outline-offset: -2px; }
`
);
