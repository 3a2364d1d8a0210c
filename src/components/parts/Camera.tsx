/** The camera's picture, live, and a button that takes it, or one that sends it again and again. */
import { useCallback, useEffect, useRef, useState, type RefObject } from 'react';

import type { StreamRate } from '../../protocol/wire';
import { useStreaming } from './streaming';

interface CameraOptions {
  readonly mirrored: boolean;
  readonly onTake: (picture: Blob) => void;
  readonly onClose: () => void;
  /** Picture after picture instead of one; null: one. */
  readonly stream: CameraStream | null;
}

/** How pictures of a running camera are sent. */
export interface CameraStream {
  readonly rate: StreamRate;
  /** Send a picture; resolves when the kernel has it. */
  readonly send: (picture: Blob, signal: AbortSignal) => Promise<void>;
}

/** Asks for the camera when it appears and lets it go when it disappears. */
export function Camera({ mirrored, onTake, onClose, stream }: CameraOptions): JSX.Element {
  const video = useRef<HTMLVideoElement>(null);
  const { state, problem, retry } = useCamera(video);
  const shutter = { video, mirrored, isLive: state === 'live' };
  return (
    <div className="ib-Camera">
      {problem === null ? (
        <video
          ref={video}
          className={mirrored ? 'ib-is-mirrored' : ''}
          aria-label="Camera"
          autoPlay
          playsInline
          muted
        />
      ) : (
        <p role="alert">{problem}</p>
      )}
      <div className="ib-Camera-buttons">
        {problem !== null ? (
          <button type="button" className="ib-link" onClick={retry}>
            Try again
          </button>
        ) : stream === null ? (
          <Take {...shutter} onTake={onTake} />
        ) : (
          <Stream {...shutter} stream={stream} />
        )}
        <button type="button" className="ib-link" onClick={onClose}>
          {stream === null ? 'Cancel' : 'Close'}
        </button>
      </div>
    </div>
  );
}

interface Shutter {
  readonly video: RefObject<HTMLVideoElement>;
  readonly mirrored: boolean;
  readonly isLive: boolean;
}

function Take({
  video,
  mirrored,
  isLive,
  onTake
}: Shutter & Pick<CameraOptions, 'onTake'>): JSX.Element {
  const take = (): void => {
    if (video.current !== null) {
      void pictureOf(video.current, mirrored, 'image/png').then(onTake);
    }
  };
  return (
    <button type="button" className="ib-link" disabled={!isLive} onClick={take}>
      {isLive ? 'Take the picture' : 'Waiting for the camera…'}
    </button>
  );
}

function Stream({
  video,
  mirrored,
  isLive,
  stream
}: Shutter & { readonly stream: CameraStream }): JSX.Element {
  const { isOn, ended, start, stop } = useStreaming(stream.rate, async signal => {
    // Pictures of one stream resemble each other; JPEG is a tenth of PNG.
    const picture = video.current && (await pictureOf(video.current, mirrored, 'image/jpeg'));
    if (picture !== null && !signal.aborted) {
      await stream.send(picture, signal);
    }
  });
  return (
    <>
      <span className={isOn ? 'ib-Camera-state ib-is-on' : 'ib-Camera-state'} role="status">
        {isOn ? 'Streaming' : ended}
      </span>
      <button type="button" className="ib-link" disabled={!isLive} onClick={isOn ? stop : start}>
        {isOn ? 'Stop' : isLive ? 'Start' : 'Waiting for the camera…'}
      </button>
    </>
  );
}

interface CameraState {
  readonly state: 'asking' | 'live' | 'failed';
  readonly problem: string | null;
  readonly retry: () => void;
}

function useCamera(video: RefObject<HTMLVideoElement>): CameraState {
  const [attempt, setAttempt] = useState(0);
  const [live, setLive] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    let stream: MediaStream | null = null;
    let gone = false;
    const stop = (): void => stream?.getTracks().forEach(track => track.stop());
    openCamera().then(
      opened => {
        stream = opened;
        if (gone || video.current === null) {
          stop();
          return;
        }
        video.current.srcObject = opened;
        video.current.onloadeddata = () => setLive(true);
      },
      (error: unknown) => gone || setProblem(sentence(error))
    );
    return () => {
      gone = true;
      stop();
    };
  }, [video, attempt]);
  const retry = useCallback(() => {
    setProblem(null);
    setLive(false);
    setAttempt(count => count + 1);
  }, []);
  return { state: problem !== null ? 'failed' : live ? 'live' : 'asking', problem, retry };
}

async function openCamera(): Promise<MediaStream> {
  // Browsers leave it out on pages that are neither https nor on this computer.
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  if (devices === undefined) {
    throw new DOMException('', 'SecurityError');
  }
  return devices.getUserMedia({ video: true });
}

function sentence(error: unknown): string {
  switch (error instanceof DOMException ? error.name : '') {
    case 'NotAllowedError':
      return 'The browser may not use the camera for this page. Allow it beside the address bar, then try again.';
    case 'NotFoundError':
    case 'OverconstrainedError':
      return 'No camera was found.';
    case 'NotReadableError':
    case 'AbortError':
      return 'The camera cannot be used now; perhaps another program has it.';
    case 'SecurityError':
      return 'The camera is not available here: this page must come over https, or from this computer.';
    default:
      return `The camera cannot be used: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** What the video shows now. */
async function pictureOf(
  video: HTMLVideoElement,
  mirrored: boolean,
  type: 'image/png' | 'image/jpeg'
): Promise<Blob> {
  const canvas = document.createElement('canvas');
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  const context = canvas.getContext('2d');
  if (mirrored) {
    context?.setTransform(-1, 0, 0, 1, canvas.width, 0);
  }
  context?.drawImage(video, 0, 0);
  return new Promise((resolve, reject) => {
    canvas.toBlob(blob => {
      if (blob === null) {
        reject(new Error('The picture could not be taken.'));
      } else {
        resolve(new File([blob], `camera.${blob.type.slice(6)}`, { type: blob.type }));
      }
    }, type);
  });
}
