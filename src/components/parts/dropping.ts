/** Files that are dropped on, or pasted into, an element. */
import { useState, type ClipboardEvent, type DragEvent } from 'react';

/** Handlers for the element, and whether files are held over it. */
export interface Dropping {
  readonly over: boolean;
  readonly handlers: {
    readonly onDragEnter?: (event: DragEvent) => void;
    readonly onDragOver?: (event: DragEvent) => void;
    readonly onDragLeave?: (event: DragEvent) => void;
    readonly onDrop?: (event: DragEvent) => void;
    readonly onPaste?: (event: ClipboardEvent) => void;
  };
}

interface Accepts {
  readonly drop: boolean;
  readonly paste: boolean;
}

/** @param take - Gets the files; never an empty list. */
export function useDropping(accepts: Accepts, take: (files: readonly File[]) => void): Dropping {
  const [over, setOver] = useState(false);
  const held = (event: DragEvent): void => {
    if (event.dataTransfer.types.includes('Files')) {
      // Without it the browser opens the file in place of the page.
      event.preventDefault();
      event.stopPropagation();
      event.dataTransfer.dropEffect = 'copy';
      setOver(true);
    }
  };
  const left = (event: DragEvent): void => {
    // Leaving for a child is no leaving.
    if (!(
      event.relatedTarget instanceof Node && event.currentTarget.contains(event.relatedTarget)
    )) {
      setOver(false);
    }
  };
  const takeFrom = (data: DataTransfer, event: DragEvent | ClipboardEvent): void => {
    if (data.files.length > 0) {
      event.preventDefault();
      event.stopPropagation();
      take([...data.files]);
    }
  };
  const drop = {
    onDragEnter: held,
    onDragOver: held,
    onDragLeave: left,
    onDrop: (event: DragEvent) => {
      setOver(false);
      takeFrom(event.dataTransfer, event);
    }
  };
  const paste = { onPaste: (event: ClipboardEvent) => takeFrom(event.clipboardData, event) };
  return { over, handlers: { ...(accepts.drop ? drop : {}), ...(accepts.paste ? paste : {}) } };
}

/**
 * The first file of the given kind on the clipboard.
 *
 * @param kind - Start of a mime type, such as `image/`.
 * @returns null when there is none.
 * @throws Error in words, when the browser does not let the page look.
 */
export async function readClipboard(kind: string): Promise<Blob | null> {
  let items: readonly ClipboardItem[];
  try {
    items = await navigator.clipboard.read();
  } catch {
    throw new Error(
      'The browser does not let the page read the clipboard. Click here and press Ctrl+V (⌘V on a Mac).'
    );
  }
  for (const item of items) {
    const type = item.types.find(each => each.startsWith(kind));
    if (type !== undefined) {
      return item.getType(type);
    }
  }
  return null;
}
