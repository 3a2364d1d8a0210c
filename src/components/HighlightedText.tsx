import { useState, type CSSProperties } from 'react';

import { defineComponent, type View } from './component';
import { Frame } from './parts/Frame';

type Props = View<'highlightedtext'>['props'];
type Token = NonNullable<Props['value']>[number];

function Body(view: View<'highlightedtext'>): JSX.Element {
  const { id, props } = view;
  const { value } = props;
  const colorOf = useColors(props.colorMap);
  return (
    <Frame
      id={id}
      props={props}
      className="ib-HighlightedText"
      title="Highlighted text"
      as="output"
    >
      {() =>
        value === null || value.length === 0 ? (
          <p className="ib-HighlightedText-empty">No text yet</p>
        ) : (
          <div dir={props.rtl ? 'rtl' : undefined}>
            {props.showLegend ? <Legend value={value} colorOf={colorOf} /> : null}
            <p
              className={`ib-HighlightedText-text${props.showWhitespaces ? '' : ' ib-is-trimmed'}`}
            >
              {value.map((token, index) => (
                <Span key={index} view={view} token={token} index={index} colorOf={colorOf} />
              ))}
            </p>
          </div>
        )
      }
    </Frame>
  );
}

// --- colours -------------------------------------------------------------------------------------

/** Hues that are told apart also next to each other; each is only tinted under text. */
const PALETTE = [
  '#2563eb',
  '#ea580c',
  '#16a34a',
  '#9333ea',
  '#dc2626',
  '#0891b2',
  '#ca8a04',
  '#db2777',
  '#65a30d',
  '#64748b'
] as const;

const NEGATIVE = '#2563eb';
const POSITIVE = '#ea580c';

type ColorOf = (label: string) => string;

/** A label keeps its colour while the text changes, as long as the component is there. */
function useColors(given: Props['colorMap']): ColorOf {
  const [places] = useState(() => new Map<string, number>());
  return label => {
    const own = given?.[label];
    if (own !== undefined) {
      return own;
    }
    const place = places.get(label) ?? places.size;
    places.set(label, place);
    return PALETTE[place % PALETTE.length] ?? PALETTE[0];
  };
}

function hue(color: string, tint: string): CSSProperties {
  return { '--ib-hue': color, '--ib-tint': tint } as CSSProperties;
}

/** Scores from -1 to 1, diverging from no colour at 0. */
function scoreHue(score: number): CSSProperties {
  const strength = Math.min(1, Math.abs(score)) || 0;
  return hue(score < 0 ? NEGATIVE : POSITIVE, `${Math.round(strength * 60)}%`);
}

// --- parts ---------------------------------------------------------------------------------------

interface SpanProps {
  readonly view: View<'highlightedtext'>;
  readonly token: Token;
  readonly index: number;
  readonly colorOf: ColorOf;
}

function Span({ view, token, index, colorOf }: SpanProps): JSX.Element {
  const [text, label] = token;
  const inline = view.props.showInlineCategory && !view.props.showLegend;
  const select = selectable(view, token, index);
  if (label === null) {
    return <span {...select}>{text}</span>;
  }
  if (typeof label === 'number') {
    return (
      <mark
        {...select}
        className="ib-HighlightedText-token"
        style={scoreHue(label)}
        title={String(label)}
      >
        {text}
      </mark>
    );
  }
  return (
    <mark
      {...select}
      className="ib-HighlightedText-token ib-is-category"
      style={hue(colorOf(label), '24%')}
      title={inline ? undefined : label}
    >
      {text}
      {inline ? ' ' : null}
      <span className={inline ? 'ib-HighlightedText-label' : 'ib-visually-hidden'}>
        {inline ? label : ` ${label}`}
      </span>
    </mark>
  );
}

/** What makes a token a button, when somebody listens. */
function selectable(view: View<'highlightedtext'>, token: Token, index: number): object {
  if (!view.listens('select') || token[0].trim() === '') {
    return {};
  }
  const select = (): void => view.fire('select', { index, value: token, selected: true });
  return {
    role: 'button',
    tabIndex: 0,
    onClick: select,
    onKeyDown: (event: React.KeyboardEvent) => {
      if (event.key === 'Enter' || event.key === ' ') {
        event.preventDefault();
        select();
      }
    }
  };
}

function Legend({ value, colorOf }: { value: readonly Token[]; colorOf: ColorOf }): JSX.Element {
  const labels = value.map(([, label]) => label).filter(label => typeof label === 'string');
  const hasScores = value.some(([, label]) => typeof label === 'number');
  return (
    <div className="ib-HighlightedText-legend">
      {labels.length === 0 ? null : (
        <ul aria-label="Legend">
          {[...new Set(labels)].map(label => (
            <li key={label} className="ib-HighlightedText-label" style={hue(colorOf(label), '24%')}>
              {label}
            </li>
          ))}
        </ul>
      )}
      {hasScores ? <Scale /> : null}
    </div>
  );
}

function Scale(): JSX.Element {
  return (
    <div
      className="ib-HighlightedText-scale"
      role="img"
      aria-label="Scale from −1 over 0 to +1"
      dir="ltr"
    >
      <span>−1</span>
      <span>0</span>
      <span>+1</span>
    </div>
  );
}

export const HighlightedText = defineComponent(
  'highlightedtext',
  Body,
  `
.ib-HighlightedText-empty { margin: 0; padding: 16px 0; color: var(--ib-text-secondary); text-align: center; }
.ib-HighlightedText-text {
  margin: 4px 0 0; line-height: 26px; white-space: pre-wrap; overflow-wrap: anywhere;
}
.ib-HighlightedText-text.ib-is-trimmed > * { margin-inline-end: 4px; }
.ib-HighlightedText-token {
  padding: 2px 0; border-radius: 2px; color: inherit;
  background-color: color-mix(in srgb, var(--ib-hue) var(--ib-tint), transparent);
  -webkit-box-decoration-break: clone; box-decoration-break: clone;
}
.ib-HighlightedText-token.ib-is-category {
  margin-inline: 1px; padding: 2px 4px; border-radius: var(--ib-radius);
  box-shadow: inset 0 -2px var(--ib-hue);
}
.ib-HighlightedText-text [role='button'] { cursor: pointer; }
.ib-HighlightedText-text [role='button']:hover { text-decoration: underline; }
/* Black or white, whichever the colour's luminance leaves readable: at 0.179 both have a contrast of 4.6. */
.ib-HighlightedText-label {
  --ib-ink: clamp(0, (0.179 - (0.2126 * r + 0.7152 * g + 0.0722 * b)) * 10000, 1);
  padding: 1px 5px; border-radius: 3px;
  background-color: var(--ib-hue); box-shadow: 0 0 0 1px var(--ib-border);
  color: color(from var(--ib-hue) srgb-linear calc(var(--ib-ink)) calc(var(--ib-ink)) calc(var(--ib-ink)) / 1);
  font-size: calc(var(--ib-font-size) - 2px); font-weight: 600; line-height: 16px; white-space: nowrap;
}
.ib-HighlightedText-token > .ib-HighlightedText-label { white-space: normal; }
.ib-HighlightedText-legend { display: flex; flex-wrap: wrap; gap: 8px; margin: 4px 0 8px; }
.ib-HighlightedText-legend > ul {
  display: flex; flex-wrap: wrap; gap: 4px; margin: 0; padding: 0; list-style: none;
}
.ib-HighlightedText-scale {
  display: flex; justify-content: space-between; width: 160px; padding: 0 8px; border-radius: var(--ib-radius);
  background: linear-gradient(
    to right,
    color-mix(in srgb, ${NEGATIVE} 60%, transparent), transparent, color-mix(in srgb, ${POSITIVE} 60%, transparent)
  );
  font-size: calc(var(--ib-font-size) - 1px);
}
`
);
