/** Small pictures of lines, and buttons that show nothing else. */

interface IconButtonOptions {
  readonly name: string;
  readonly path: string;
  readonly onPress: () => void;
}

/** A button whose name is read out and shown on hover. */
export function IconButton({ name, path, onPress }: IconButtonOptions): JSX.Element {
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

/** Lines on a grid of 16 × 16, in the colour of the text. */
export function Icon({ path }: { readonly path: string }): JSX.Element {
  return (
    <svg viewBox="0 0 16 16" aria-hidden="true">
      <path d={path} fill="none" stroke="currentColor" />
    </svg>
  );
}

/** A picture with a hill and the sun. */
export const PICTURE = 'M2 3h12v10H2zm0 8 3.5-3.5L9 11l2-2 3 2.5M10.5 6a.5.5 0 1 0 .01 0';
