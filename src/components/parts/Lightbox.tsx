/** A picture over the whole window. */
import { useEffect, useRef, type MouseEvent } from 'react';

interface LightboxOptions {
  readonly src: string | undefined;
  readonly alt: string;
  readonly onClose: () => void;
}

/** A modal dialog while it is drawn; Escape, the button and a press beside the picture close it. */
export function Lightbox({ src, alt, onClose }: LightboxOptions): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const element = dialog.current;
    element?.showModal();
    return () => element?.close();
  }, []);
  const pressed = (event: MouseEvent): void => {
    if (event.target === event.currentTarget) {
      onClose();
    }
  };
  return (
    <dialog
      ref={dialog}
      className="ib-Lightbox"
      aria-label={alt}
      data-lm-suppress-shortcuts="true"
      onClose={onClose}
      onClick={pressed}
    >
      <img src={src} alt={alt} />
      <button
        type="button"
        className="ib-icon-button"
        aria-label="Close"
        autoFocus
        onClick={onClose}
      >
        ×
      </button>
    </dialog>
  );
}
