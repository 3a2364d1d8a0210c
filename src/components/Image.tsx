import { useState, type MouseEvent, type SyntheticEvent } from 'react';

import { Binary, type UploadReference } from '../protocol/wire';
import { defineComponent, type View } from './component';
import { Camera, type CameraStream } from './parts/Camera';
import { Frame } from './parts/Frame';
import { Icon, IconButton, PICTURE } from './parts/Icon';
import { ImageStage } from './parts/ImageStage';
import { ImageZone } from './parts/ImageZone';
import { Lightbox } from './parts/Lightbox';
import { useFetched, useObjectUrl } from './parts/Picture';
import { useSender, type Sender } from './parts/upload';

type ImageView = View<'image'>;

/** Bytes of a camera picture that go with the value itself; the kernel's server takes 10 MiB in one message. */
const MOST_INLINE = 1 << 20;

/** A picture that can be drawn. */
interface Shown {
  readonly blob: Blob;
  readonly url: string | undefined;
  readonly alt: string;
}

function Body(view: ImageView): JSX.Element {
  const { id, props } = view;
  const editing = useEditing(view);
  const { sender } = editing;
  const fetched = useFetched(props.value);
  const blob = sender.sending?.file ?? fetched.blob;
  const url = useObjectUrl(blob);
  const shown = blob === null ? null : { blob, url, alt: altOf(props) };
  return (
    <Frame
      id={id}
      props={props}
      className="ib-Image"
      title="Image"
      as={props.interactive ? 'group' : 'output'}
      tools={
        shown === null || sender.sending !== null ? undefined : (
          <Tools view={view} shown={shown} onClear={editing.clear} />
        )
      }
    >
      {() => (
        <ImageStage props={props} sender={sender} fetched={fetched} onChoose={editing.choose}>
          <Content view={view} shown={shown} isGone={fetched.gone} editing={editing} />
        </ImageStage>
      )}
    </Frame>
  );
}

/** What the person at the page does with the image. */
interface Editing {
  readonly sender: Sender;
  /** Whether the camera is shown in place of the image. */
  readonly camera: boolean;
  readonly setCamera: (camera: boolean) => void;
  readonly choose: (file: Blob) => void;
  readonly clear: () => void;
}

function useEditing({ upload, set, fire }: ImageView): Editing {
  const [camera, setCamera] = useState(false);
  const sender = useSender(upload, value => {
    set({ value });
    fire('input');
    fire('upload');
  });
  return {
    sender,
    camera,
    setCamera: wanted => {
      sender.say(null);
      setCamera(wanted);
    },
    choose: file => {
      setCamera(false);
      chooseImage(file, sender);
    },
    clear: () => {
      sender.cancel();
      sender.say(null);
      set({ value: null });
      fire('input');
      fire('clear');
    }
  };
}

interface ContentOptions {
  readonly view: ImageView;
  readonly shown: Shown | null;
  /** There is an image, and its bytes cannot be had any more. */
  readonly isGone: boolean;
  readonly editing: Editing;
}

const GONE = 'This picture is not available any more.';

function Content({ view, shown, isGone, editing }: ContentOptions): JSX.Element {
  const { props } = view;
  const { sender, camera, setCamera, choose } = editing;
  if (camera && props.interactive) {
    const close = (): void => setCamera(false);
    const stream = streamOf(view);
    return <Camera mirrored={props.mirrorWebcam} onTake={choose} onClose={close} stream={stream} />;
  }
  if (shown !== null) {
    return <Drawn view={view} shown={shown} />;
  }
  if (props.interactive) {
    const open = (): void => setCamera(true);
    const zone = isGone ? { ...props, placeholder: GONE } : props;
    return <ImageZone props={zone} sender={sender} onChoose={choose} onCamera={open} />;
  }
  return (
    <div className="ib-Image-words">
      <Icon path={PICTURE} />
      {isGone ? GONE : 'No image yet'}
    </div>
  );
}

/** How pictures of the camera are sent one after the other; null: the person takes one. */
function streamOf({ props, stream, set, fire, answered, upload }: ImageView): CameraStream | null {
  if (!props.streaming && stream === null) {
    return null;
  }
  return {
    rate: stream ?? { every: 0.5, timeLimit: null },
    send: async (picture, signal) => {
      const value = await streamed(picture, upload, signal);
      if (!signal.aborted) {
        set({ value });
        fire('stream');
        await answered();
      }
    }
  };
}

/**
 * Bytes that go with the value itself leave no file behind in the kernel, as uploads do.
 *
 * @param signal - Takes the file back: functions would wait for one that no value refers to.
 */
async function streamed(
  picture: Blob,
  upload: ImageView['upload'],
  signal: AbortSignal
): Promise<Binary | UploadReference> {
  return picture.size > MOST_INLINE
    ? upload(picture, undefined, signal)
    : new Binary(new Uint8Array(await picture.arrayBuffer()), picture.type, nameOf(picture));
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
/* What is said stands beside the buttons: they keep their place under the pointer. */
.ib-Image .ib-Camera-buttons {
  display: grid; grid-template-columns: 1fr auto auto 1fr; gap: 16px; padding-top: 4px;
}
.ib-Image .ib-Camera-buttons > button { grid-row: 1; min-height: 24px; }
.ib-Image .ib-Camera-buttons > button:first-of-type { grid-column: 2; }
.ib-Image .ib-Camera-state {
  grid-area: 1 / 1; place-self: center end; color: var(--ib-text-secondary); text-align: end;
}
.ib-Image .ib-Camera-state.ib-is-on::before {
  content: ''; display: inline-block; width: 8px; height: 8px; margin-inline-end: 4px;
  border-radius: 50%; background: var(--ib-error);
}
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
