/** The frame around a component: its own element, label, help text, card and status. */
import { useId, type ReactNode } from 'react';

import type { NodeId } from '../../protocol/wire';
import { rootAttributes, type Placement } from './root';
import { Status, StatusLine } from './Status';

/** Props that the frame draws; every component has them. */
export interface FramedProps extends Placement {
  readonly label: string | null;
  readonly showLabel: boolean;
  readonly container: boolean;
  readonly info?: string | null;
}

/** Ids that tie a control to its label and help text. */
export interface Ids {
  readonly control: string;
  readonly label: string;
  /** undefined when there is no help text. */
  readonly info: string | undefined;
}

interface FrameOptions {
  readonly id: NodeId;
  readonly props: FramedProps;
  /** CSS class of the component, such as `ib-Slider`. */
  readonly className: string;
  /** Label when the app gives none. */
  readonly title: string;
  /**
   * What the label names: one control (`label`), a set of controls (`group`), or a figure that is only
   * read (`output`).
   */
  readonly as?: 'label' | 'group' | 'output';
  /** Small controls at the end of the label's line. */
  readonly tools?: ReactNode;
  readonly children: (ids: Ids) => ReactNode;
}

/** Draw the frame; `children` draws the control, with the ids to use. */
export function Frame(options: FrameOptions): JSX.Element {
  const { id, props, className, title, as = 'label', tools, children } = options;
  const base = useId();
  const ids: Ids = {
    control: `${base}c`,
    label: `${base}l`,
    info: props.info ? `${base}i` : undefined
  };
  const kind = props.container ? 'ib-Frame ib-card' : 'ib-Frame';
  const grouped = as === 'label' ? {} : { role: as === 'group' ? 'group' : 'figure' };
  const named =
    as === 'label' ? {} : { 'aria-labelledby': ids.label, 'aria-describedby': ids.info };
  const Label = as === 'label' ? 'label' : 'span';
  return (
    <div {...rootAttributes(props, `${kind} ${className}`, id)} {...grouped} {...named}>
      <div className={props.showLabel ? 'ib-Frame-head' : 'ib-Frame-head ib-is-bare'}>
        <Label
          id={ids.label}
          htmlFor={as === 'label' ? ids.control : undefined}
          className={props.showLabel ? 'ib-label' : 'ib-visually-hidden'}
        >
          {props.label ?? title}
        </Label>
        <StatusLine id={id} />
        {tools}
      </div>
      {props.info ? (
        <div id={ids.info} className="ib-info">
          {props.info}
        </div>
      ) : null}
      {children(ids)}
      <Status id={id} line={false} />
    </div>
  );
}
