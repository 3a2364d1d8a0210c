/** Choices that are all in sight: one tick with a label each, in rows that wrap. */
import { tickCss } from './ticks';
import type { Choice } from './choices';

interface OptionRowsProps {
  readonly type: 'checkbox' | 'radio';
  /** Name that radio buttons share; unique in the document. */
  readonly name: string;
  readonly choices: readonly Choice[];
  readonly isChosen: (choice: Choice) => boolean;
  readonly disabled: boolean;
  readonly rtl?: boolean;
  readonly onChoose: (index: number, choice: Choice, selected: boolean) => void;
}

/** Draw the choices, or say that there are none. */
export function OptionRows(props: OptionRowsProps): JSX.Element {
  const { type, name, choices, isChosen, disabled, rtl = false, onChoose } = props;
  if (choices.length === 0) {
    return <div className="ib-Options-none">No choices</div>;
  }
  return (
    <div className="ib-Options" dir={rtl ? 'rtl' : undefined}>
      {choices.map((choice, index) => (
        <label key={index} className="ib-Option">
          <input
            type={type}
            name={name}
            checked={isChosen(choice)}
            disabled={disabled}
            onChange={event => onChoose(index, choice, event.currentTarget.checked)}
          />
          <span>{choice[0]}</span>
        </label>
      ))}
    </div>
  );
}

/** CSS of the rows inside `root`, a class selector. */
export function optionRowsCss(root: string): string {
  return `
${root} .ib-Options { display: flex; flex-wrap: wrap; gap: 4px 20px; padding-block: 4px 0; }
${root} .ib-Option { display: inline-flex; align-items: flex-start; gap: 8px; min-width: 0; cursor: pointer; }
${root} .ib-Option > span { min-width: 0; overflow-wrap: anywhere; }
${root} .ib-Option:has(:disabled) { cursor: default; }
${root} .ib-Options-none { padding-block: 4px 0; color: var(--ib-text-secondary); }
${tickCss(root)}`;
}
