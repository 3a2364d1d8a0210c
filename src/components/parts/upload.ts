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

type Upload = (file: Blob, onProgress: (share: number) => void) => Promise<UploadReference>;

/**
 * One file at a time; a second one replaces the first.
 *
 * @param onSent - The kernel has the file.
 */
export function useSender(upload: Upload, onSent: (reference: UploadReference) => void): Sender {
  const [sending, setSending] = useState<Sending | null>(null);
  const [problem, say] = useState<string | null>(null);
  const latest = useRef(0);
  const cancel = useCallback(() => {
    latest.current += 1;
    setSending(null);
  }, []);
  const send = (file: Blob): void => {
    const mine = (latest.current += 1);
    const isLatest = (): boolean => mine === latest.current;
    say(null);
    setSending({ file, share: 0 });
    upload(file, share => isLatest() && setSending({ file, share })).then(
      reference => {
        if (isLatest()) {
          rememberUpload(reference, file);
          onSent(reference);
          setSending(null);
        }
      },
      (error: unknown) => {
        if (isLatest()) {
          setSending(null);
          say(error instanceof Error ? error.message : String(error));
        }
      }
    );
  };
  return { sending, problem, send, cancel, say };
}
