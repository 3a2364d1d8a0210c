/** An image whose bytes came with a value, or are a file of this computer. */
import { useEffect, useMemo, useState, type ImgHTMLAttributes } from 'react';

import { Binary, type UploadReference } from '../../protocol/wire';

type Attributes = Omit<ImgHTMLAttributes<HTMLImageElement>, 'src'>;

/** Shows the bytes through an object URL that lives as long as they are shown. */
export function Picture({
  value,
  alt,
  ...rest
}: Attributes & { readonly value: Binary }): JSX.Element {
  return <img {...rest} alt={alt ?? ''} src={useObjectUrl(useBlob(value))} />;
}

/** Files that this page has sent: a value may stand for one, and it need not be fetched back to be shown. */
const sent = new WeakMap<UploadReference, Blob>();

/** Remember what a reference stands for. */
export function rememberUpload(reference: UploadReference, file: Blob): void {
  sent.set(reference, file);
}

/** The bytes of a value; null when there are none, or not here. */
export function useBlob(value: Binary | UploadReference | null): Blob | null {
  return useMemo(() => {
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
