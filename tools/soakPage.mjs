// What the soak does inside the page.

/**
 * In the page: type into a field without the focus. JupyterLab makes the cell with the focus the active one, and
 * keeps a toolbar of every cell that ever was: 260 nodes and 800 listeners each time, which are not ours.
 *
 * @param {{id: string, text: string}} what
 */
export function typeInto({ id, text }) {
  const field = /** @type {HTMLInputElement} */ (
    document.querySelector(`#${id} input, #${id} textarea`)
  );
  const { set } = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(field), 'value') ?? {};
  set?.call(field, text);
  field.dispatchEvent(new Event('input', { bubbles: true }));
}

/**
 * In the page: choose a picture, where none is on its way.
 *
 * @param {{id: string, base64: string}} what
 */
export function choose({ id, base64 }) {
  const input = /** @type {HTMLInputElement | null} */ (
    document.querySelector(`#${id} input[type=file]`)
  );
  if (input !== null) {
    const bytes = Uint8Array.from(atob(base64), char => char.charCodeAt(0));
    const chosen = new DataTransfer();
    chosen.items.add(new File([bytes], 'a.png', { type: 'image/png' }));
    input.files = chosen.files;
    input.dispatchEvent(new Event('change', { bubbles: true }));
  }
}

/**
 * In the page: keep the addresses of pictures and files that nobody has given back.
 */
export function countBlobs() {
  const open = new Set();
  const { createObjectURL, revokeObjectURL } = URL;
  Object.assign(window, { openBlobs: open });
  URL.createObjectURL = object => {
    const url = createObjectURL.call(URL, object);
    open.add(url);
    return url;
  };
  URL.revokeObjectURL = url => {
    open.delete(url);
    revokeObjectURL.call(URL, url);
  };
}

/**
 * In the page: let go of what ipywidgets was told of all models after it connected anew. It asks by a comm, and of
 * JupyterLab's comms every one that ever was listens to its kernel, with all that it refers to: each time the states
 * of all widgets, ours with the values of their apps. Neither is ours to mend.
 */
export function forgetStates() {
  const { kernel } = /** @type {any} */ (window).jupyterapp.shell.currentWidget.sessionContext
    .session;
  const connection = Object.getPrototypeOf(kernel);
  const { createComm } = connection;
  connection.createComm = function (/** @type {any[]} */ ...args) {
    const comm = createComm.apply(this, args);
    const { dispose } = Object.getPrototypeOf(comm);
    comm.dispose = () => {
      const isNew = !comm.isDisposed;
      dispose.call(comm);
      if (isNew && comm.targetName === 'jupyter.widget.control') {
        comm.onMsg = comm.onClose = () => undefined;
      }
    };
    return comm;
  };
}
