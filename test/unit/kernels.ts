/** Kernels and documents as JupyterLab has them, for tests of what talks to them. */
import type { Kernel, KernelMessage } from '@jupyterlab/services';
import { Signal } from '@lumino/signaling';
import { vi } from 'vitest';

import type { Connection } from '../../src/transport/control';

let count = 0;

/** A message of a kernel to all. */
export function iopub(
  type: string,
  content: object,
  buffers: unknown[] = [],
  session = 'process'
): KernelMessage.IMessage {
  count += 1;
  return { header: { msg_type: type, msg_id: `m${count}`, session }, content, buffers } as never;
}

/** A message of a comm. */
export function commMessage(comm: string, content: unknown): KernelMessage.IMessage {
  return iopub('comm_msg', { comm_id: comm, data: { method: 'custom', content } });
}

/** A message to a kernel. */
export interface Sent {
  readonly channel: string;
  readonly type: string;
  readonly content: { readonly comm_id?: string; readonly data?: unknown };
  readonly future: { onReply: (message: unknown) => void; readonly dispose: () => void };
}

/** A connection to a kernel that says what the test says. */
export class FakeKernel {
  readonly clientId = 'client';
  readonly username = '';
  connectionStatus: Kernel.ConnectionStatus = 'connected';
  status: Kernel.Status = 'idle';
  isDisposed = false;
  readonly sent: Sent[] = [];
  readonly statusChanged = new Signal<this, Kernel.Status>(this);
  readonly connectionStatusChanged = new Signal<this, Kernel.ConnectionStatus>(this);
  readonly iopubMessage = new Signal<this, KernelMessage.IMessage>(this);

  constructor(readonly id = 'kernel') {}

  readonly sendControlMessage = (message: KernelMessage.IMessage): unknown => this.take(message);
  readonly sendShellMessage = (message: KernelMessage.IMessage): unknown => this.take(message);

  /** What was sent since the last call, as `channel type`. */
  said(): string[] {
    return this.sent.splice(0).map(({ channel, type }) => `${channel} ${type}`);
  }

  /** Answer the last question. */
  answer(...comms: string[]): void {
    const question = this.sent.filter(({ type }) => type === 'comm_info_request').at(-1);
    const reply = { comms: Object.fromEntries(comms.map(id => [id, {}])) };
    question?.future.onReply({ content: reply });
  }

  connect(status: Kernel.ConnectionStatus = 'connected'): void {
    this.connectionStatus = status;
    this.connectionStatusChanged.emit(status);
  }

  turn(status: Kernel.Status): void {
    this.status = status;
    this.statusChanged.emit(status);
  }

  /** Tells of it, as JupyterLab's does. */
  dispose(): void {
    this.isDisposed = true;
    this.connect('disconnected');
  }

  private take({ channel, header, content }: KernelMessage.IMessage): unknown {
    const future = { onReply: () => undefined, dispose: vi.fn() };
    this.sent.push({ channel, type: header.msg_type, content: content as never, future });
    return future;
  }
}

/** A document's session context. */
export class FakeSession {
  isReady = true;
  ready = Promise.resolve();
  readonly path = 'notebook.ipynb';
  kernelPreference: { shouldReuse?: boolean } = {};
  /** The server's sessions, as they were last listed. */
  running: { path: string; kernel: { id: string; name: string } | null }[] = [];
  readonly sessionManager = { ready: Promise.resolve(), running: () => this.running };
  /** Connections that were made beside the document's. */
  readonly made: FakeKernel[] = [];
  readonly kernelManager = {
    connectTo: vi.fn(({ model }: { model: { id: string } }) => {
      const kernel = new FakeKernel(model.id);
      kernel.connectionStatus = 'connecting';
      this.made.push(kernel);
      return kernel;
    })
  };
  session: { kernel: FakeKernel | null } | null = { kernel: new FakeKernel() };
  readonly kernelChanged = new Signal<this, { oldValue: unknown; newValue: unknown }>(this);
  readonly statusChanged = new Signal<this, Kernel.Status>(this);
  readonly connectionStatusChanged = new Signal<this, Kernel.ConnectionStatus>(this);
  readonly iopubMessage = new Signal<this, KernelMessage.IMessage>(this);
  readonly disposed = new Signal<this, void>(this);

  get kernel(): FakeKernel {
    return this.session!.kernel!;
  }

  get connection(): Connection {
    return this as unknown as Connection;
  }

  hear(type: string, content: object, buffers: unknown[] = []): void {
    this.iopubMessage.emit(iopub(type, content, buffers));
  }

  message(comm: string, content: unknown, buffers: unknown[] = []): void {
    this.hear('comm_msg', { comm_id: comm, data: { method: 'custom', content } }, buffers);
  }

  connect(status: Kernel.ConnectionStatus): void {
    this.kernel.connectionStatus = status;
    this.connectionStatusChanged.emit(status);
  }

  turn(status: Kernel.Status): void {
    this.kernel.status = status;
    this.statusChanged.emit(status);
  }

  change(kernel: FakeKernel | null): void {
    const oldValue = this.session?.kernel ?? null;
    this.session = { kernel };
    this.kernelChanged.emit({ oldValue, newValue: kernel });
  }
}
