/** A field for one number, of `Number` and `Slider`: reads the same in every language. */
import { useState, type KeyboardEvent, type PointerEvent } from 'react';

/** A value as it really comes: an integer beyond 2^53 is a bigint. */
type Numeric = number | bigint;

interface NumberFieldProps {
  readonly id?: string;
  readonly value: number | null;
  readonly step: number;
  readonly minimum: number | null;
  readonly maximum: number | null;
  /** Decimal places that the number is rounded to when the person is done; null: as typed. */
  readonly precision: number | null;
  /** Only numbers within the limits are edits; what is beyond becomes the limit when the person is done. */
  readonly clamps?: boolean;
  readonly interactive: boolean;
  readonly placeholder?: string | null;
  /** Small buttons for one step up or down. */
  readonly spinner?: boolean;
  readonly label?: string;
  readonly describedBy?: string | undefined;
  readonly invalid?: boolean;
  /** The text is another number; null when it is empty. */
  readonly onEdit: (value: number | null) => void;
  /** The person is done with a number: Enter, a step, or leaving the field after an edit. */
  readonly onSettle?: () => void;
  readonly onSubmit?: () => void;
  readonly onFocus?: () => void;
  readonly onBlur?: () => void;
}

/** What is being typed: text, and the value that it belongs to. */
interface Draft {
  readonly text: string;
  readonly value: number | null;
}

/**
 * A text field and not `type="number"`, which loses `-` and `1e` while they are typed, cannot show NaN, and
 * changes with the browser's language and its wheel.
 */
export function NumberField(props: NumberFieldProps): JSX.Element {
  const { value, minimum, interactive, spinner = true } = props;
  const field = useField(props);
  return (
    <span className="ib-NumberField">
      <input
        id={props.id}
        className="ib-input"
        type="text"
        role="spinbutton"
        // The phone's decimal keyboard has no minus sign.
        inputMode={minimum !== null && minimum >= 0 ? 'decimal' : 'text'}
        autoComplete="off"
        spellCheck={false}
        value={field.text}
        placeholder={props.placeholder ?? undefined}
        readOnly={!interactive}
        aria-label={props.label}
        aria-describedby={props.describedBy}
        aria-invalid={props.invalid === true || field.unreadable || undefined}
        aria-valuenow={isNumber(value) ? Number(value) : undefined}
        aria-valuetext={field.text}
        aria-valuemin={minimum ?? undefined}
        aria-valuemax={props.maximum ?? undefined}
        onChange={event => field.type(event.currentTarget.value)}
        onKeyDown={field.onKeyDown}
        onFocus={props.onFocus}
        onBlur={() => {
          field.settle();
          props.onBlur?.();
        }}
      />
      {interactive && spinner ? <Spinner onStep={field.step} /> : null}
    </span>
  );
}

function useField(props: NumberFieldProps) {
  const { value, clamps = false, interactive, onEdit, onSettle, onSubmit } = props;
  const [draft, setDraft] = useState<Draft | null>(null);
  // A draft lives as long as its value: when a function sets another one, that is shown.
  const mine = draft !== null && Object.is(draft.value, value) ? draft.text : null;
  const typed = mine === null ? value : parse(mine);

  const edit = (next: number | null): void => {
    if (!Object.is(next, value)) {
      onEdit(next);
    }
  };
  const type = (text: string): void => {
    const next = parse(text);
    const taken = next !== undefined && !(clamps && !isWithin(next, props));
    setDraft({ text, value: taken ? next : value });
    if (taken) {
      edit(next);
    }
  };
  /** Returns whether there is a number, or nothing, in the field. */
  const settle = (): boolean => {
    setDraft(null);
    if (mine !== null && typed !== undefined && !(clamps && typed === null)) {
      edit(settled(typed, props));
      onSettle?.();
    }
    return typed !== undefined;
  };
  const step = (count: number): void => {
    setDraft(null);
    edit(settled(stepped(typed ?? null, count, props), props));
    onSettle?.();
  };
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>): void => {
    const count =
      interactive && !event.altKey && !event.ctrlKey && !event.metaKey
        ? STEPS[event.key]
        : undefined;
    if (count !== undefined) {
      event.preventDefault();
      step(count);
    } else if (event.key === 'Enter' && !event.nativeEvent.isComposing) {
      event.preventDefault();
      if (settle()) {
        onSubmit?.();
      }
    }
  };
  return {
    text: mine ?? format(value),
    unreadable: typed === undefined,
    type,
    settle,
    step,
    onKeyDown
  };
}

const STEPS: Readonly<Record<string, number>> = {
  ArrowUp: 1,
  ArrowDown: -1,
  PageUp: 10,
  PageDown: -10
};

/** For the mouse and for touch; the keyboard has its arrows. */
function Spinner({ onStep }: { readonly onStep: (count: number) => void }): JSX.Element {
  const keepFocus = (event: PointerEvent): void => event.preventDefault();
  const button = (count: number, path: string): JSX.Element => (
    <button type="button" tabIndex={-1} onPointerDown={keepFocus} onClick={() => onStep(count)}>
      <svg viewBox="0 0 8 4">
        <path d={path} fill="none" stroke="currentColor" />
      </svg>
    </button>
  );
  return (
    <span className="ib-NumberField-spinner" aria-hidden="true">
      {button(1, 'M1 3.5 4 .5l3 3')}
      {button(-1, 'M1 .5l3 3 3-3')}
    </span>
  );
}

// --- numbers and their text ----------------------------------------------------------------------

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** The number that a text says; null when it is empty, undefined when it is none (yet). */
export function parse(text: string): number | null | undefined {
  // NFKC: an input method for Japanese makes digits of full width.
  const plain = text.normalize('NFKC').trim().replace('−', '-');
  if (plain === '') {
    return null;
  }
  if (!DECIMAL.test(plain)) {
    return undefined;
  }
  const number = Number(plain);
  if (Number.isInteger(number) && !Number.isSafeInteger(number) && /^[+-]?\d+$/.test(plain)) {
    // The wire carries whole numbers of any length; a float would change the last digits.
    return BigInt(plain.replace('+', '')) as Numeric as number;
  }
  return Number.isFinite(number) ? number : undefined;
}

/** A number as text; empty for null. */
export function format(value: number | null): string {
  return value === null ? '' : String(value);
}

/** Rounded to decimal places; halves to the even digit, as the kernel does it. */
export function rounded(value: number, precision: number | null): number {
  if (precision === null || typeof value !== 'number' || !Number.isFinite(value)) {
    return value;
  }
  if (precision < 0) {
    return Math.round(value * 10 ** precision) / 10 ** precision;
  }
  const places = Math.min(precision, 70);
  // Enough places to tell a half from what is nearly one: 2.675 is below it.
  const exact = value.toFixed(places + 30);
  const isEvenHalf = /[02468]\.?50{29}$/.test(exact);
  return Number(isEvenHalf ? exact.slice(0, -30) : value.toFixed(places));
}

/** A number within its limits. */
export function clamp(value: number, minimum: number | null, maximum: number | null): number {
  if (minimum !== null && value < minimum) {
    return minimum;
  }
  return maximum !== null && value > maximum ? maximum : value;
}

/** Decimal places of a number, as it is written. */
export function decimals(value: number): number {
  const [mantissa = '', exponent = '0'] = String(value).split('e');
  return Math.max(0, (mantissa.split('.')[1]?.length ?? 0) - Number(exponent));
}

type Limits = Pick<NumberFieldProps, 'minimum' | 'maximum' | 'step' | 'precision' | 'clamps'>;

function isNumber(value: number | null): value is number {
  return value !== null && !Number.isNaN(value);
}

function isWithin(value: number | null, { minimum, maximum }: Limits): boolean {
  return value !== null && Object.is(clamp(value, minimum, maximum), value);
}

function settled(value: number | null, limits: Limits): number | null {
  if (value === null) {
    return null;
  }
  const number = rounded(value, limits.precision);
  return limits.clamps === true ? clamp(number, limits.minimum, limits.maximum) : number;
}

function stepped(value: number | null, count: number, limits: Limits): number {
  const { step, minimum, maximum } = limits;
  const start = (isNumber(value) ? value : 0) as Numeric;
  if (typeof start === 'bigint') {
    const next = Number.isInteger(step) ? start + BigInt(step * count) : start;
    return clamp(next as Numeric as number, minimum, maximum);
  }
  const places = Math.min(100, Math.max(decimals(start), decimals(step)));
  // 0.1 + 0.2 is 0.3 to the person.
  return clamp(Number((start + step * count).toFixed(places)), minimum, maximum);
}
