/** Reads what comes from the kernel; the console hears what could not be read. */
import { decodeFrame, WireError, type DecodedFrame, type Packet } from '../protocol/codec';

/** The frame in a packet; null when it is none. */
export function readFrame(packet: Packet): DecodedFrame | null {
  try {
    const frame = decodeFrame(packet.content, packet.buffers);
    frame.problems.forEach(problem => console.warn(`ipyblocks: left out a message: ${problem}`));
    return frame;
  } catch (error) {
    if (!(error instanceof WireError)) {
      throw error;
    }
    console.warn(`ipyblocks: a message from the kernel was not understood: ${error.message}`);
    return null;
  }
}
