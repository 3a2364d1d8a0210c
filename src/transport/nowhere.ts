/** A transport with nobody at its other end, for a picture of an app. */
import type { Transport } from './transport';

/** Never opens. */
export class Nowhere implements Transport {
  readonly state = 'asking';
  onPacket: Transport['onPacket'] = () => undefined;
  onState: () => void = () => undefined;

  send(): void {
    // nobody hears it
  }

  useControl(): void {
    // there is no channel
  }

  close(): void {
    // nothing was opened
  }
}
