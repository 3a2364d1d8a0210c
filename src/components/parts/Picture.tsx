/** An image whose bytes came with a value, or are a file of this computer. */
import { useEffect, useMemo, useRef, useState, type ImgHTMLAttributes } from 'react';

import { Binary, BlobReference, type UploadReference } from '../../protocol/wire';
import { useDownload } from '../../store/hooks';

/** What a prop for files may be. */
export type FileValue = Binary | BlobReference | UploadReference | null;

type Attributes = Omit<ImgHTMLAttributes<HTMLImageElement>, 'src'>;

/** Shows the bytes through an object URL that lives as long as they are shown. */
export function Picture({
  value,
  alt,
  ...rest
}: Attributes & { readonly value: Binary | BlobReference }): JSX.Element {
  return <img {...rest} alt={alt ?? ''} src={useObjectUrl(useBlob(value))} />;
}

/** Files that this page has sent: a value may stand for one, and it need not be fetched back to be shown. */
const sent = new WeakMap<UploadReference, Blob>();

/** Remember what a reference stands for. */
export function rememberUpload(reference: UploadReference, file: Blob): void {
  sent.set(reference, file);
}

/** The bytes of a value, and what is known of them while they are on their way. */
export interface Fetched {
  /** The bytes; while they are on their way those of the value before, null when there are none. */
  readonly blob: Blob | null;
  /** How far they are, 0 to 1; null when they are here, or there are none. */
  readonly share: number | null;
  /** They cannot be had any more. */
  readonly gone: boolean;
}

/** The bytes of a value, fetched where they did not come with it. */
export function useFetched(value: FileValue): Fetched {
  const download = useDownload(value instanceof BlobReference ? value : null);
  const here = useHere(value);
  const last = useRef<Blob | null>(null);
  const blob = download === null ? here : (download.blob ?? last.current);
  useEffect(() => {
    last.current = blob;
  }, [blob]);
  const isWaiting = download !== null && download.blob === null;
  return {
    blob,
    share: isWaiting && !download.gone ? download.share : null,
    gone: download?.gone === true
  };
}

/** The bytes of a value; null when there are none, or not yet. */
export function useBlob(value: FileValue): Blob | null {
  return useFetched(value).blob;
}

function useHere(value: FileValue): Blob | null {
  return useMemo(() => {
    if (value instanceof BlobReference) {
      return null;
    }
    if (value instanceof Binary) {
      const { data, mimeType, name } = value;
      return name === null
        ? new Blob([data], { type: mimeType })
        : new File([data], name, { type: mimeType });
    }
    return value === null ? null : (sent.get(value) ?? null);
  }, [value]);
}

/** An address for bytes; undefined for the first moment. */
export function useObjectUrl(blob: Blob | null): string | undefined {
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    if (blob === null) {
      setUrl(undefined);
      return undefined;
    }
    const made = URL.createObjectURL(blob);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [blob]);
  return url;
}
