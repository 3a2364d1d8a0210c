/** Where an image is chosen. */
import { useRef } from 'react';

import type { Props } from '../../protocol/props';
import { readClipboard } from './dropping';
import { Icon, PICTURE } from './Icon';
import type { Sender } from './upload';

interface ZoneOptions {
  readonly props: Props['image'];
  readonly sender: Sender;
  readonly onChoose: (file: Blob) => void;
  readonly onCamera: () => void;
}

/** Where an image can be chosen: the whole area takes files, and there is a button for every source. */
export function ImageZone({ props, sender, onChoose, onCamera }: ZoneOptions): JSX.Element {
  const input = useRef<HTMLInputElement>(null);
  const has = (source: string): boolean => props.sources.includes(source);
  const browse = (): void => input.current?.click();
  const paste = (): void => {
    void readClipboard('image/').then(
      blob => (blob === null ? sender.say('There is no image on the clipboard.') : onChoose(blob)),
      (error: Error) => sender.say(error.message)
    );
  };
  return (
    // The whole area may be pressed; for keyboards there is the button.
    <div
      className="ib-Image-zone"
      onClick={event => has('upload') && event.target === event.currentTarget && browse()}
    >
      <Icon path={PICTURE} />
      <Words placeholder={props.placeholder} droppable={has('upload')} />
      <div className="ib-Image-sources">
        {has('upload') ? <Source words="Choose a file" onPress={browse} /> : null}
        {has('clipboard') ? <Source words="Paste" onPress={paste} /> : null}
        {has('webcam') ? <Source words="Use the camera" onPress={onCamera} /> : null}
      </div>
      <input
        ref={input}
        type="file"
        accept="image/*"
        hidden
        onChange={({ currentTarget }) => {
          const file = currentTarget.files?.[0];
          // The same file chosen again must be a change again.
          currentTarget.value = '';
          if (file !== undefined) {
            onChoose(file);
          }
        }}
      />
    </div>
  );
}

function Source({ words, onPress }: { words: string; onPress: () => void }): JSX.Element {
  return (
    <button type="button" className="ib-link" onClick={onPress}>
      {words}
    </button>
  );
}

function Words({
  placeholder,
  droppable
}: {
  placeholder: string | null;
  droppable: boolean;
}): JSX.Element {
  if (placeholder === null) {
    return <span>{droppable ? 'Drop an image here' : 'No image yet'}</span>;
  }
  return (
    <>
      {placeholder
        .split('\n')
        .map((line, index) =>
          line.startsWith('#') ? (
            <strong key={index}>{line.replace(/^#+\s*/, '')}</strong>
          ) : (
            <span key={index}>{line}</span>
          )
        )}
    </>
  );
}
