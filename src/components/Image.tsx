import { useRef, useState, type MouseEvent, type SyntheticEvent } from 'react';

import { defineComponent, type View } from './component';
import { Camera } from './parts/Camera';
import { readClipboard, useDropping } from './parts/dropping';
import { Frame } from './parts/Frame';
import { Lightbox } from './parts/Lightbox';
import { useBlob, useObjectUrl } from './parts/Picture';
import { length } from './parts/root';
import { useSender, type Sender } from './parts/upload';

type ImageView = View<'image'>;

/** A picture that can be drawn. */
interface Shown {
  readonly blob: Blob;
  readonly url: string | undefined;
  readonly alt: string;
}

function Body(view: ImageView): JSX.Element {
  const { id, props, set, fire } = view;
  const [camera, setCamera] = useState(false);
  const sender = useSender(view.upload, value => {
    set({ value });
    fire('input');
    fire('upload');
  });
  const choose = (file: Blob): void => {
    setCamera(false);
    chooseImage(file, sender);
  };
  const kept = useBlob(props.value);
  const blob = sender.sending?.file ?? kept;
  const url = useObjectUrl(blob);
  const shown = blob === null ? null : { blob, url, alt: altOf(props) };
  const openCamera = (): void => {
    sender.say(null);
    setCamera(true);
  };
  const clear = (): void => {
    sender.cancel();
    sender.say(null);
    set({ value: null });
    fire('input');
    fire('clear');
  };
  return (
    <Frame
      id={id}
      props={props}
      className="ib-Image"
      title="Image"
      as={props.interactive ? 'group' : 'output'}
      tools={
        shown === null || sender.sending !== null ? undefined : (
          <Tools view={view} shown={shown} onClear={clear} />
        )
      }
    >
      {() => (
        <Stage view={view} sender={sender} onChoose={choose}>
          {camera && props.interactive ? (
            <Camera
              mirrored={props.mirrorWebcam}
              onTake={choose}
              onClose={() => setCamera(false)}
            />
          ) : shown !== null ? (
            <Drawn view={view} shown={shown} />
          ) : (
            <Empty view={view} sender={sender} onChoose={choose} onCamera={openCamera} />
          )}
        </Stage>
      )}
    </Frame>
  );
}

function altOf({ altText, label }: ImageView['props']): string {
  return altText ?? label ?? 'Image';
}

/** Send a file, unless it says itself that it is something else. */
function chooseImage(file: Blob, sender: Sender): void {
  if (file.type !== '' && !file.type.startsWith('image/')) {
    sender.say(`${nameOf(file)} is not an image.`);
  } else {
    sender.send(file);
  }
}

function nameOf(file: Blob): string {
  return file instanceof File ? file.name : `image.${file.type.replace(/^image\/|\+.*$/g, '')}`;
}

interface StageOptions {
  readonly view: ImageView;
  readonly sender: Sender;
  readonly onChoose: (file: Blob) => void;
  readonly children: JSX.Element;
}

/** Where the picture is, and where one can be dropped and pasted; with what happens to the one being sent. */
function Stage({ view: { props }, sender, onChoose, children }: StageOptions): JSX.Element {
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
        {sender.sending === null ? null : <Progress {...sender} share={sender.sending.share} />}
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

function sizeOf({ height, width }: ImageView['props']): Record<string, string | undefined> {
  return { height: length(height), width: length(width) };
}

function Progress({ share, cancel }: Sender & { readonly share: number }): JSX.Element {
  return (
    <div className="ib-Image-progress">
      <progress max={1} value={share} aria-label="Sending the image" />
      <span>{Math.round(share * 100)} %</span>
      <button type="button" className="ib-link" onClick={cancel}>
        Cancel
      </button>
    </div>
  );
}

/** The picture itself; where somebody listens, a press tells its pixel. */
function Drawn({ view, shown }: { view: ImageView; shown: Shown }): JSX.Element {
  const { props, fire, listens } = view;
  const [broken, setBroken] = useState<string>();
  if (broken !== undefined && broken === shown.url) {
    return (
      <p className="ib-Image-words">
        {nameOf(shown.blob)}: this browser cannot draw it, the kernel has it.
      </p>
    );
  }
  const select = (event: MouseEvent<HTMLImageElement>): void => {
    const index = pixelAt(event.currentTarget, event.clientX, event.clientY);
    if (index !== null) {
      fire('select', { index, value: null, selected: true });
    }
  };
  const sized = props.height !== null || props.width !== null;
  const selectable = listens('select');
  return (
    <img
      className={`${sized ? 'ib-is-sized' : ''}${selectable ? ' ib-is-selectable' : ''}`}
      src={shown.url}
      alt={shown.alt}
      draggable={false}
      onClick={selectable ? select : undefined}
      onError={(event: SyntheticEvent<HTMLImageElement>) => setBroken(event.currentTarget.src)}
    />
  );
}

/**
 * The pixel of a picture under a point of the window, `[x, y]` from its top left.
 *
 * @returns null beside the picture: one that keeps its shape may leave room in its element.
 */
export function pixelAt(image: HTMLImageElement, x: number, y: number): [number, number] | null {
  const { left, top, width, height } = image.getBoundingClientRect();
  const { naturalWidth, naturalHeight } = image;
  const scale = Math.min(width / naturalWidth, height / naturalHeight);
  const column = Math.floor((x - left - (width - naturalWidth * scale) / 2) / scale);
  const row = Math.floor((y - top - (height - naturalHeight * scale) / 2) / scale);
  const inside = column >= 0 && row >= 0 && column < naturalWidth && row < naturalHeight;
  return inside ? [column, row] : null;
}

interface ToolsOptions {
  readonly view: ImageView;
  readonly shown: Shown;
  readonly onClear: () => void;
}

function Tools({ view: { props }, shown, onClear }: ToolsOptions): JSX.Element {
  const [large, setLarge] = useState(false);
  return (
    <div className="ib-Image-tools">
      {props.showDownloadButton ? (
        <a
          className="ib-icon-button"
          href={shown.url}
          download={nameOf(shown.blob)}
          aria-label="Download"
          title="Download"
        >
          <Icon path="M8 2v8m-3-3 3 3 3-3M3 13h10" />
        </a>
      ) : null}
      <IconButton
        name="Show large"
        path="M3 6V3h3m4 0h3v3m0 4v3h-3m-4 0H3v-3"
        onPress={() => setLarge(true)}
      />
      {props.interactive ? (
        <IconButton name="Remove" path="m4 4 8 8m0-8-8 8" onPress={onClear} />
      ) : null}
      {large ? <Lightbox src={shown.url} alt={shown.alt} onClose={() => setLarge(false)} /> : null}
    </div>
  );
}

interface IconButtonOptions {
  readonly name: string;
  readonly path: string;
  readonly onPress: () => void;
}

function IconButton({ name, path, onPress }: IconButtonOptions): JSX.Element {
  return (
    <button
      type="button"
      className="ib-icon-button"
      aria-label={name}
      title={name}
      onClick={onPress}
    >
      <Icon path={path} />
    </button>
  );
}

function Icon({ path }: { readonly path: string }): JSX.Element {
  return (
    <svg viewBox="0 0 16 16" aria-hidden="true">
      <path d={path} fill="none" stroke="currentColor" />
    </svg>
  );
}

interface EmptyOptions {
  readonly view: ImageView;
  readonly sender: Sender;
  readonly onChoose: (file: Blob) => void;
  readonly onCamera: () => void;
}

const PICTURE = 'M2 3h12v10H2zm0 8 3.5-3.5L9 11l2-2 3 2.5M10.5 6a.5.5 0 1 0 .01 0';

function Empty({ view: { props }, sender, onChoose, onCamera }: EmptyOptions): JSX.Element {
  const input = useRef<HTMLInputElement>(null);
  if (!props.interactive) {
    return (
      <div className="ib-Image-words">
        <Icon path={PICTURE} />
        No image yet
      </div>
    );
  }
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

export const Image = defineComponent(
  'image',
  Body,
  `
.ib-Image-stage {
  position: relative;
  box-sizing: border-box;
  max-width: 100%;
  min-height: 96px;
  display: grid;
  grid-template: minmax(0, 1fr) / minmax(0, 1fr);
  place-items: center;
  border-radius: var(--ib-radius);
}
.ib-Image-stage:focus-visible { outline: 2px solid var(--ib-focus); outline-offset: 1px; }
.ib-Image-stage.ib-is-over { outline: 2px dashed var(--ib-accent); outline-offset: 2px; }
.ib-Image-stage > img {
  display: block;
  max-width: 100%;
  max-height: 480px;
  border-radius: var(--ib-radius);
  object-fit: contain;
}
.ib-Image-stage > img.ib-is-sized { width: 100%; height: 100%; min-height: 0; max-height: 100%; }
.ib-Image-stage > img.ib-is-selectable { cursor: crosshair; }
.ib-Image-tools { display: flex; gap: 4px; }
.ib-Image-words, .ib-Image-zone {
  box-sizing: border-box;
  display: flex; flex-direction: column; align-items: center; justify-content: center; gap: 4px;
  width: 100%; height: 100%; min-height: 144px;
  margin: 0; padding: 16px;
  border-radius: var(--ib-radius);
  color: var(--ib-text-secondary);
  text-align: center; overflow-wrap: anywhere;
}
.ib-Image-stage[style*='height'] > :is(.ib-Image-words, .ib-Image-zone) { min-height: 0; }
.ib-Image-zone { border: 1px dashed var(--ib-border-strong); cursor: pointer; }
.ib-Image-zone > :not(.ib-Image-sources) { pointer-events: none; }
.ib-Image-zone:hover, .ib-Image-stage.ib-is-over > .ib-Image-zone { border-color: var(--ib-accent); }
.ib-Image-zone > strong { color: var(--ib-text); font-weight: 600; }
.ib-Image-words > svg, .ib-Image-zone > svg { width: 24px; height: 24px; }
.ib-Image-sources { display: flex; flex-wrap: wrap; justify-content: center; gap: 0 16px; }
.ib-Image-sources > button { min-height: 24px; }
.ib-Image-progress {
  visibility: hidden;
  position: absolute; inset: auto 8px 8px;
  display: flex; align-items: center; gap: 8px;
  padding: 4px 8px;
  border: 1px solid var(--ib-border);
  border-radius: var(--ib-radius);
  background: var(--ib-card);
  animation: ib-appear 0s 200ms forwards;
}
.ib-Image-progress > progress { flex: 1; min-width: 0; height: 4px; accent-color: var(--ib-accent); }
.ib-Image .ib-Camera {
  display: flex; flex-direction: column; width: 100%; height: 100%; text-align: center;
}
.ib-Image .ib-Camera > p { margin: 0; padding: 16px; }
.ib-Image .ib-Camera > video {
  flex: 1 1 auto; width: 100%; min-height: 0; max-height: 480px;
  border-radius: var(--ib-radius); background: var(--ib-hover);
}
.ib-Image .ib-Camera > video.ib-is-mirrored { transform: scaleX(-1); }
.ib-Image .ib-Camera-buttons { display: flex; justify-content: center; gap: 16px; padding-top: 4px; }
.ib-Image .ib-Camera-buttons > button { min-height: 24px; }
.ib-Image .ib-Camera-buttons > button:disabled { color: var(--ib-text-secondary); cursor: default; }
.ib-Image .ib-Lightbox {
  box-sizing: border-box;
  width: 100vw; max-width: none; height: 100vh; max-height: none;
  padding: 16px;
  border: 0;
  background: var(--ib-surface);
}
.ib-Image .ib-Lightbox > img { width: 100%; height: 100%; object-fit: contain; pointer-events: none; }
.ib-Image .ib-Lightbox > button {
  position: absolute; inset: 8px 8px auto auto;
  min-width: 32px; height: 32px;
  background: var(--ib-card); font-size: 20px;
}
.ib-Image .ib-Lightbox::backdrop { background: var(--ib-surface); }
`
);
