/** Messages to a kernel, on the channel that is wanted. */
import { KernelMessage, type Kernel } from '@jupyterlab/services';

/** Target name of the comms of all widgets. */
export const TARGET = 'jupyter.widget';

/** A channel of a kernel. */
export type Channel = 'control' | 'shell';

/**
 * Ask a kernel which comms of widgets it has. One that does not answer is asked for nothing.
 *
 * @param signal - Ends the question.
 * @param answer - Called with an object that has the ids of the comms as keys.
 */
export function requestComms(
  kernel: Kernel.IKernelConnection,
  channel: Channel,
  signal: AbortSignal,
  answer: (comms: object) => void
): void {
  if (kernel.isDisposed) {
    return;
  }
  const content = { target_name: TARGET };
  const future = request(kernel, channel, 'comm_info_request', content, [], true);
  future.onReply = ({ content: reply }) => {
    const { comms } = reply as { comms?: unknown };
    if (typeof comms === 'object' && comms !== null) {
      answer(comms);
    }
  };
  signal.addEventListener('abort', () => future.dispose(), { once: true });
}

/** The part of a future that is used; the types of the channels have nothing in common. */
export interface Future {
  onReply: (message: { readonly content: unknown }) => unknown;
  dispose(): void;
}

/** Send a message to a kernel. With `expectsReply` the future is kept until the kernel has replied. */
export function request(
  kernel: Kernel.IKernelConnection,
  channel: Channel,
  msgType: string,
  content: unknown,
  buffers: readonly ArrayBufferView[],
  expectsReply: boolean
): Future {
  // The control channel takes any message; its type only lists those that Jupyter itself sends there.
  const message = KernelMessage.createMessage({
    msgType,
    channel,
    session: kernel.clientId,
    username: kernel.username,
    content,
    buffers: [...buffers]
  } as never);
  const send = (): unknown =>
    channel === 'control'
      ? kernel.sendControlMessage(message as never, expectsReply, true)
      : kernel.sendShellMessage(message as never, expectsReply, true);
  return (channel === 'control' ? pastWaiting(kernel, send) : send()) as Future;
}

/**
 * Send without waiting for others. After a connection is made, JupyterLab holds everything back until the
 * kernel has answered a first question on its shell channel, or for three seconds when a cell runs; the
 * control channel is answered at once. What waits keeps its order, and what cannot be sent now joins it.
 */
function pastWaiting<T>(kernel: Kernel.IKernelConnection, send: () => T): T {
  // Not part of the interface: where a kernel keeps them elsewhere, they are waited for as ever.
  const queue = kernel as unknown as { _pendingMessages?: unknown };
  const waiting = queue._pendingMessages;
  if (!Array.isArray(waiting) || waiting.length === 0) {
    return send();
  }
  const late: unknown[] = [];
  queue._pendingMessages = late;
  try {
    return send();
  } finally {
    waiting.push(...late);
    queue._pendingMessages = waiting;
  }
}
