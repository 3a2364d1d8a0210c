/** Where the picture of an image is, and what is said about one on its way. */
import type { ReactNode } from 'react';

import type { Props } from '../../protocol/props';
import { useDropping } from './dropping';
import type { Fetched } from './Picture';
import { length } from './root';
import type { Sender } from './upload';

interface StageOptions {
  readonly props: Props['image'];
  readonly sender: Sender;
  readonly fetched: Fetched;
  readonly onChoose: (file: Blob) => void;
  readonly children: ReactNode;
}

/** Where the picture is, and where one can be dropped and pasted; with what happens to the one being sent. */
export function ImageStage({
  props,
  sender,
  fetched,
  onChoose,
  children
}: StageOptions): JSX.Element {
  const takes = (source: string): boolean => props.interactive && props.sources.includes(source);
  const { over, handlers } = useDropping(
    { drop: takes('upload'), paste: takes('clipboard') },
    ([file]) => file !== undefined && onChoose(file)
  );
  return (
    <>
      <div
        className={over ? 'ib-Image-stage ib-is-over' : 'ib-Image-stage'}
        style={sizeOf(props)}
        // Can be pressed, so that Ctrl+V arrives; JupyterLab would paste cells.
        tabIndex={takes('clipboard') ? -1 : undefined}
        data-lm-suppress-shortcuts="true"
        {...handlers}
      >
        {children}
        {sender.sending !== null ? (
          <Progress {...sender} share={sender.sending.share} />
        ) : fetched.share !== null ? (
          <Fetching share={fetched.share} />
        ) : null}
      </div>
      {sender.problem === null ? null : (
        <div className="ib-Failure" role="alert">
          <div className="ib-Failure-head">
            <span className="ib-Failure-message">{sender.problem}</span>
            <button
              type="button"
              className="ib-icon-button"
              aria-label="Dismiss"
              onClick={() => sender.say(null)}
            >
              ×
            </button>
          </div>
        </div>
      )}
    </>
  );
}

function sizeOf({ height, width }: Props['image']): Record<string, string | undefined> {
  return { height: length(height), width: length(width) };
}

function Progress({ share, cancel }: Sender & { readonly share: number }): JSX.Element {
  return (
    <div className="ib-Image-progress">
      {/* The last pieces are still on their way when all are handed over. */}
      <progress max={1} value={share < 1 ? share : undefined} aria-label="Sending the image" />
      <span>{share < 1 ? `${Math.round(share * 100)} %` : 'Arriving…'}</span>
      <button type="button" className="ib-link" onClick={cancel}>
        Cancel
      </button>
    </div>
  );
}

/** The next picture comes, over the former one. */
function Fetching({ share }: { readonly share: number }): JSX.Element {
  return (
    <div className="ib-Image-progress">
      <progress max={1} value={share} aria-label="Getting the image" />
      <span>{`${Math.round(share * 100)} %`}</span>
    </div>
  );
}
