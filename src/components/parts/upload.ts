/** Sending one chosen file: shown at once, its progress, and why the kernel did not take it. */
import { useCallback, useRef, useState } from 'react';

import type { UploadReference } from '../../protocol/wire';
import { rememberUpload } from './Picture';

/** A file that is on its way. */
export interface Sending {
  readonly file: Blob;
  /** 0 to 1. */
  readonly share: number;
}

/** What a component knows of, and can do with, the file it sends. */
export interface Sender {
  /** null when nothing is on its way. */
  readonly sending: Sending | null;
  /** Why the last file was not taken, in words; null when it was. */
  readonly problem: string | null;
  readonly send: (file: Blob) => void;
  /** Forget the file that is on its way. */
  readonly cancel: () => void;
  /** Say something, or with null nothing, in the place of a problem. */
  readonly say: (problem: string | null) => void;
}

type Upload = (
  file: Blob,
  onProgress: (share: number) => void,
  signal: AbortSignal
) => Promise<UploadReference>;

/**
 * One file at a time; a second one replaces the first.
 *
 * @param onSent - The kernel has the file.
 */
export function useSender(upload: Upload, onSent: (reference: UploadReference) => void): Sender {
  const [sending, setSending] = useState<Sending | null>(null);
  const [problem, say] = useState<string | null>(null);
  const latest = useRef<AbortController | null>(null);
  const cancel = useCallback(() => {
    latest.current?.abort();
    latest.current = null;
    setSending(null);
  }, []);
  const send = (file: Blob): void => {
    const mine = new AbortController();
    const isLatest = (): boolean => mine === latest.current;
    // Begun before the former ends, so that what waits for this component goes on waiting.
    const former = latest.current;
    latest.current = mine;
    say(null);
    setSending({ file, share: 0 });
    const sent = upload(file, share => isLatest() && setSending({ file, share }), mine.signal);
    former?.abort();
    sent.then(
      reference => {
        if (isLatest()) {
          rememberUpload(reference, file);
          latest.current = null;
          onSent(reference);
          setSending(null);
        }
      },
      (error: unknown) => {
        if (isLatest()) {
          latest.current = null;
          setSending(null);
          say(error instanceof Error ? error.message : String(error));
        }
      }
    );
  };
  return { sending, problem, send, cancel, say };
}
