/** An image whose bytes came with a value. */
import { useEffect, useState, type ImgHTMLAttributes } from 'react';

import type { Binary } from '../../protocol/wire';

type Attributes = Omit<ImgHTMLAttributes<HTMLImageElement>, 'src'>;

/** Shows the bytes through an object URL that lives as long as they are shown. */
export function Picture({
  value,
  alt,
  ...rest
}: Attributes & { readonly value: Binary }): JSX.Element {
  return <img {...rest} alt={alt ?? ''} src={useObjectUrl(value)} />;
}

/** An address for bytes; undefined for the first moment. */
export function useObjectUrl(value: Binary | null): string | undefined {
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    if (value === null) {
      setUrl(undefined);
      return undefined;
    }
    const made = URL.createObjectURL(new Blob([value.data], { type: value.mimeType }));
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [value]);
  return url;
}
