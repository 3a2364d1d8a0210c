/** What a person can choose among, as the choice components need it. */

/** A value that stands behind a label. */
export type ChoiceValue = string | number | boolean;

/** A choice as it comes over the wire. */
export type Choice = readonly [label: string, value: ChoiceValue];

/** A choice with its place; -1 for a value of the person's own. */
export interface Option {
  readonly index: number;
  readonly label: string;
  readonly value: ChoiceValue;
}

/** Most options that are drawn at once where typing narrows them. */
export const MOST_DRAWN = 200;

/** Choices as options. */
export function optionsOf(choices: readonly Choice[]): readonly Option[] {
  return choices.map(([label, value], index) => ({ index, label, value }));
}

/** The values of `value` that are among the choices, in their order. */
export function known(
  choices: readonly Choice[],
  value: readonly ChoiceValue[]
): readonly ChoiceValue[] {
  const all = new Set(choices.map(choice => choice[1]));
  return value.filter(each => all.has(each));
}

/**
 * The options that stand for a value, which may be one, several or none.
 *
 * @param custom - A value that is no choice is one of the person's own; otherwise it is left out: the
 *   choices have changed since it was chosen.
 */
export function chosenOf(
  options: readonly Option[],
  value: ChoiceValue | readonly ChoiceValue[] | null,
  custom: boolean
): readonly Option[] {
  const values = value === null ? [] : typeof value === 'object' ? value : [value];
  return values.flatMap(each => {
    const option = options.find(candidate => candidate.value === each);
    const own = custom ? [{ index: -1, label: String(each), value: each }] : [];
    return option === undefined ? own : [option];
  });
}

/** The options whose label has the text in it, whatever the case. */
export function matching(options: readonly Option[], text: string): readonly Option[] {
  const wanted = text.trim().toLowerCase();
  return wanted === ''
    ? options
    : options.filter(option => option.label.toLowerCase().includes(wanted));
}
