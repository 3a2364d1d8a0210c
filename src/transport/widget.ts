/** The widget comm as a transport, with the control channel as a second way up. */
import type { DOMWidgetModel } from '@jupyter-widgets/base';
import type { JSONValue } from '@lumino/coreutils';
import { KernelMessage, type Kernel } from '@jupyterlab/services';

import type { Packet } from '../protocol/codec';
import type { Transport, TransportState } from './transport';

/** What a widget manager of JupyterLab has beside the interface every host offers. */
interface KernelManager {
  readonly kernel?: Kernel.IKernelConnection | null;
}

/** The kernel of a model, in JupyterLab and Notebook 7. */
export function kernelOf(model: DOMWidgetModel): Kernel.IKernelConnection | null {
  return (model.widget_manager as unknown as KernelManager).kernel ?? null;
}

/** A custom message as `DOMWidgetModel` hands it out. */
type CustomListener = (content: unknown, buffers: readonly DataView[]) => void;

/**
 * Custom messages of a widget model. They bypass the throttle of widget state, which waits for an `idle`
 * that some kernels never send.
 */
export class WidgetTransport implements Transport {
  onPacket: (packet: Packet) => void = () => undefined;
  onState: () => void = () => undefined;

  constructor(private readonly model: DOMWidgetModel) {
    model.on('msg:custom', this.onCustom);
    model.on('comm_live_update', this.onLive);
    this.kernel?.connectionStatusChanged.connect(this.onLive);
  }

  get state(): TransportState {
    if (!this.model.comm_live || this.model.comm === undefined) {
      return 'dead';
    }
    const kernel = this.kernel;
    if (kernel !== null && (kernel.isDisposed || kernel.status === 'dead')) {
      return 'dead'; // shut down: the comm is not told
    }
    return kernel === null || kernel.connectionStatus === 'connected' ? 'open' : 'lost';
  }

  get waits(): boolean | null {
    const kernel = this.kernel;
    return kernel === null ? null : !this.control && kernel.status === 'busy';
  }

  send(packet: Packet): void {
    const { content, buffers } = packet;
    if (this.control && this.kernel !== null && this.model.comm !== undefined) {
      this.sendOnControl(this.kernel, this.model.comm.comm_id, packet);
      return;
    }
    // The typing wants ArrayBuffers; the implementation takes views, and so do the kernels' clients.
    this.model.send(content as JSONValue, undefined, buffers as unknown as ArrayBuffer[]);
  }

  useControl(): void {
    this.control = this.kernel !== null;
  }

  close(): void {
    this.model.off('msg:custom', this.onCustom);
    this.model.off('comm_live_update', this.onLive);
    this.kernel?.connectionStatusChanged.disconnect(this.onLive);
  }

  private sendOnControl(kernel: Kernel.IKernelConnection, commId: string, packet: Packet): void {
    const message = KernelMessage.createMessage({
      // The control channel takes any message; its type only lists those that Jupyter itself sends there.
      msgType: 'comm_msg' as never,
      channel: 'control' as never,
      session: kernel.clientId,
      username: kernel.username,
      content: { comm_id: commId, data: { method: 'custom', content: packet.content } } as never,
      buffers: [...packet.buffers]
    });
    // The kernel's handler sends no reply, and an unanswered future would be kept for ever.
    kernel.sendControlMessage(message as never, false, true).dispose();
  }

  private get kernel(): Kernel.IKernelConnection | null {
    return kernelOf(this.model);
  }

  private readonly onCustom: CustomListener = (content, buffers) => {
    this.onPacket({ content, buffers });
  };

  private readonly onLive = (): void => {
    this.onState();
  };

  private control = false;
}
