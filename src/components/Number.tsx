import { useId } from 'react';

import { defineComponent, type View } from './component';
import { Frame, type Ids } from './parts/Frame';
import { NumberField } from './parts/NumberField';

function Body(view: View<'number'>): JSX.Element {
  const { id, props } = view;
  const problemId = useId();
  const problem = problemOf(props);
  const note =
    problem === null ? undefined : (
      <span id={problemId} className="ib-Number-problem">
        {problem}
      </span>
    );
  return (
    <Frame id={id} props={props} className="ib-Number" title="Number" tools={note}>
      {ids => <Field {...view} ids={ids} problemId={problem === null ? undefined : problemId} />}
    </Frame>
  );
}

type FieldView = View<'number'> & { readonly ids: Ids; readonly problemId: string | undefined };

function Field({ props, set, fire, ids, problemId }: FieldView): JSX.Element {
  return (
    <NumberField
      id={ids.control}
      value={props.value}
      step={props.step}
      minimum={props.minimum}
      maximum={props.maximum}
      precision={props.precision}
      interactive={props.interactive}
      placeholder={props.placeholder}
      describedBy={[ids.info, problemId].filter(Boolean).join(' ') || undefined}
      invalid={problemId !== undefined}
      onEdit={value => {
        set({ value });
        fire('input');
      }}
      onSubmit={() => fire('submit')}
      onFocus={() => fire('focus')}
      onBlur={() => fire('blur')}
    />
  );
}

/** What a handler would refuse, said before it does. */
function problemOf({
  value,
  minimum,
  maximum,
  interactive
}: View<'number'>['props']): string | null {
  if (value === null || !interactive) {
    return null;
  }
  if (minimum !== null && value < minimum) {
    return `At least ${minimum}`;
  }
  return maximum !== null && value > maximum ? `At most ${maximum}` : null;
}

export const Number = defineComponent(
  'number',
  Body,
  `
.ib-NumberField { position: relative; display: block; }
.ib-NumberField > .ib-input { font-variant-numeric: tabular-nums; }
.ib-NumberField > .ib-input[aria-invalid='true'] { border-color: var(--ib-error); }
.ib-NumberField-spinner {
  position: absolute; inset-block: 3px; inset-inline-end: 3px;
  display: grid; grid-template-rows: 1fr 1fr; width: 20px; opacity: 0;
}
.ib-NumberField:is(:hover, :focus-within) > .ib-NumberField-spinner { opacity: 1; }
.ib-NumberField-spinner > button {
  display: grid; place-items: center; min-height: 0; padding: 0; border: 0; border-radius: 2px;
  background: var(--ib-input); color: var(--ib-text-secondary); cursor: pointer;
}
.ib-NumberField-spinner > button:hover { background: var(--ib-hover); color: var(--ib-text); }
.ib-NumberField-spinner > button:active { background: var(--ib-pressed); }
.ib-NumberField-spinner svg { width: 8px; height: 4px; }
@media (hover: none) { .ib-NumberField-spinner { opacity: 1; } }
/* The theme's red is too dark on a dark card, so some of the text's colour is mixed in. */
.ib-Number-problem { color: color-mix(in srgb, var(--ib-error) 70%, var(--ib-text)); font-size: calc(var(--ib-font-size) - 1px); }
.ib-Number:focus-within .ib-Number-problem { color: var(--ib-text-secondary); }
.ib-Number > .ib-is-bare > .ib-Number-problem { position: absolute; inset: 100% 0 auto auto; }
`
);
