/** A way to the kernel: two directions and whether it is there. */
import type { Packet } from '../protocol/codec';

/**
 * - `open`: packets travel.
 * - `asking`: whether the session is still there is not known yet.
 * - `lost`: they do not, but may again (a dropped connection).
 * - `dead`: the session behind it is gone for good (the kernel restarted or ended).
 */
export type TransportState = 'open' | 'asking' | 'lost' | 'dead';

/** A way to the kernel. The callbacks are set once, by the page that uses it. */
export interface Transport {
  readonly state: TransportState;

  /** Packets wait until the kernel has nothing else to do; null: they do when it is busy, which nobody tells. */
  readonly waits?: boolean | null;

  /** Put a packet on its way. In order; may be lost while the state is not `open`. */
  send(packet: Packet): void;

  /** Called with every packet from the kernel, in order. */
  onPacket: (packet: Packet) => void;

  /** Called after every change of {@link state}. */
  onState: () => void;

  /** Use the control channel for what is sent from now on, where there is one. */
  useControl(): void;

  /** Nothing has been heard for long: find out whether the session is still there, where that can be asked. */
  doubt?(): void;

  /** Stop listening. A second call does nothing. */
  close(): void;
}

/** Whether packets wait, as far as is known: where nobody tells, a kernel that does not answer is taken to be busy. */
export function mayWait({ waits }: Transport): boolean {
  return waits === true || waits === null;
}
