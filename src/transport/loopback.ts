/** A transport whose other end is in the same program. For tests and benches. */
import type { Packet } from '../protocol/codec';
import type { Transport, TransportState } from './transport';

/** Keeps what the page sends and delivers what the test says. */
export class Loopback implements Transport {
  readonly sent: Packet[] = [];
  onPacket: (packet: Packet) => void = () => undefined;
  onState: () => void = () => undefined;
  state: TransportState = 'open';
  control = false;
  closed = false;

  send(packet: Packet): void {
    if (this.state === 'open') {
      this.sent.push(packet);
    }
  }

  /** Deliver a frame to the page, as JSON that has travelled. */
  deliver(content: unknown, buffers: readonly ArrayBufferView[] = []): void {
    this.onPacket({ content: JSON.parse(JSON.stringify(content)) as unknown, buffers });
  }

  /** Change the state and tell the page. */
  turn(state: TransportState): void {
    this.state = state;
    this.onState();
  }

  useControl(): void {
    this.control = true;
  }

  close(): void {
    this.closed = true;
  }
}
