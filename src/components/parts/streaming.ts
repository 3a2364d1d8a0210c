/** Sending piece after piece, from Start to Stop, as fast as the kernel takes them. */
import { useEffect, useRef, useState } from 'react';

import type { StreamRate } from '../../protocol/wire';
import { duration } from '../../store/progress';

/** Sends what there is now; resolves when the kernel has it. */
export type SendNext = (signal: AbortSignal) => Promise<void>;

/** A stream, and what the person can do with it. */
export interface Streaming {
  readonly isOn: boolean;
  /** Why it has ended, in words; null while it runs, or when the person ended it. */
  readonly ended: string | null;
  readonly start: () => void;
  readonly stop: () => void;
}

/** Ends with the component, with `timeLimit`, and when something cannot be sent. */
export function useStreaming({ every, timeLimit }: StreamRate, sendNext: SendNext): Streaming {
  const [isOn, setOn] = useState(false);
  const [ended, say] = useState<string | null>(null);
  const latest = useRef(sendNext);
  useEffect(() => {
    latest.current = sendNext;
  });
  useEffect(() => {
    if (!isOn) {
      return undefined;
    }
    const over = new AbortController();
    const end = (words: string): void => {
      if (!over.signal.aborted) {
        setOn(false);
        say(words);
      }
    };
    const limit =
      timeLimit === null
        ? undefined
        : setTimeout(
            () => end(`Stopped after ${duration(timeLimit)}, its time limit.`),
            timeLimit * 1000
          );
    pump(every * 1000, signal => latest.current(signal), over.signal).catch((error: unknown) =>
      end(`Stopped: ${error instanceof Error ? error.message : String(error)}`)
    );
    return () => {
      over.abort();
      clearTimeout(limit);
    };
  }, [isOn, every, timeLimit]);
  const start = (): void => {
    say(null);
    setOn(true);
  };
  return { isOn, ended, start, stop: () => setOn(false) };
}

/** Send again and again: not sooner than `milliseconds` after the last began, nor before it has arrived. */
async function pump(milliseconds: number, sendNext: SendNext, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await Promise.all([sendNext(signal), pause(milliseconds, signal)]);
  }
}

/** Resolves after some time, or at once when it is over. */
function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal.addEventListener('abort', end);
  });
}
