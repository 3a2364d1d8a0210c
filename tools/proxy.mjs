// A TCP proxy before a JupyterLab whose lines to kernels can be made bad: late, in pieces, narrow, silent, cut.
// Everything else (pages, REST) passes as it is: what is looked at is the line an app talks over.
import { createServer, connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** What a browser asks for when it wants the socket of a kernel. */
const KERNEL = /^GET \/[^ ]*api\/kernels\/[^ /]+\/channels/;

/**
 * How the lines are.
 *
 * @typedef {object} Weather
 * @property {number} delay most milliseconds that bytes are late; each time another number
 * @property {boolean} slice bytes that came together go apart, at any place, and others together
 * @property {number} rate bytes a second; Infinity: as fast as they come
 *
 * What has been done to lines so far. `delayed`, `sliced` and `throttled` count chunks, the others connections;
 * `lost` counts bytes that never came.
 *
 * @typedef {Record<'delayed' | 'sliced' | 'throttled' | 'silenced' | 'lost' | 'cut' | 'refused', number>} Faults
 */

/** @type {Weather} */
const FINE = { delay: 0, slice: false, rate: Infinity };

/** One direction of a line. Bytes leave in the order in which they came. */
class Flow {
  /**
   * @param {Proxy} proxy
   * @param {Line} line
   * @param {import('node:net').Socket} from
   * @param {import('node:net').Socket} to
   */
  constructor(proxy, line, from, to) {
    this.proxy = proxy;
    this.line = line;
    this.from = from;
    this.to = to;
    /** @type {Buffer[]} */
    this.waiting = [];
    this.isPumping = false;
    from.on('data', chunk => this.take(/** @type {Buffer} */ (chunk)));
    from.on('close', () => this.whenSent(() => to.destroy()));
  }

  /** @param {Buffer} chunk */
  take(chunk) {
    if (this.line.isSilent) {
      this.proxy.faults.lost += chunk.length;
      return;
    }
    this.waiting.push(chunk);
    if (!this.isPumping) {
      this.isPumping = true;
      void this.pump();
    }
  }

  async pump() {
    for (let piece = this.next(); piece !== null; piece = this.next()) {
      const wait = this.line.isKernel ? this.wait(piece.length) : 0;
      if (wait > 0) {
        await pause(wait);
      }
      if (!this.line.isSilent && !this.to.destroyed && !this.to.write(piece)) {
        await new Promise(resolve => {
          this.to.once('drain', resolve);
          this.to.once('close', resolve);
        });
      }
    }
    this.isPumping = false;
    this.onSent?.();
  }

  /** The bytes that go next, and together. */
  next() {
    if (this.waiting.length === 0) {
      return null;
    }
    const { weather, faults, random } = this.proxy;
    if (!this.line.isKernel || !weather.slice) {
      return this.waiting.shift() ?? null;
    }
    const all = Buffer.concat(this.waiting);
    const size = Math.max(1, Math.ceil(all.length * random() ** 2));
    faults.sliced += size < all.length ? 1 : 0;
    this.waiting = size < all.length ? [all.subarray(size)] : [];
    return all.subarray(0, size);
  }

  /** @param {number} size */
  wait(size) {
    const { weather, faults, random } = this.proxy;
    const late = weather.delay > 0 ? random() * weather.delay : 0;
    const narrow = (size / weather.rate) * 1000;
    faults.delayed += late > 0 ? 1 : 0;
    faults.throttled += narrow > 0 ? 1 : 0;
    return late + narrow;
  }

  /** @param {() => void} then */
  whenSent(then) {
    if (this.isPumping) {
      this.onSent = then;
    } else {
      then();
    }
  }

  /** @type {(() => void) | null} */
  onSent = null;
}

/** One connection, with both its ends. */
class Line {
  /** It is the socket of a kernel. */
  isKernel = false;
  /** Nothing passes any more, and neither end is told. */
  isSilent = false;

  /**
   * @param {Proxy} proxy
   * @param {import('node:net').Socket} client
   */
  constructor(proxy, client) {
    this.client = client;
    this.server = connect(proxy.target.port, proxy.target.host);
    for (const end of [this.client, this.server]) {
      end.setNoDelay(true);
      end.on('error', () => end.destroy());
    }
    // before the flow, which must know what it carries
    client.on('data', chunk => {
      if (!this.isKernel && KERNEL.test(chunk.toString('latin1', 0, 400))) {
        this.isKernel = true;
        proxy.admit(this);
      }
    });
    new Flow(proxy, this, client, this.server);
    new Flow(proxy, this, this.server, client);
  }

  get isOpen() {
    return !this.client.destroyed || !this.server.destroyed;
  }

  cut() {
    this.isSilent = true; // what is on its way is lost as well
    for (const end of [this.client, this.server]) {
      end.resetAndDestroy();
    }
  }
}

/** A proxy that listens. Made by {@link startProxy}. */
class Proxy {
  /** @type {Weather} */
  weather = FINE;
  /** New lines to kernels are refused. */
  isDown = false;
  /** @type {Faults} */
  faults = { delayed: 0, sliced: 0, throttled: 0, silenced: 0, lost: 0, cut: 0, refused: 0 };

  /**
   * @param {string} target address of the server, with a slash at its end
   * @param {() => number} random from 0 up to 1
   */
  constructor(target, random) {
    const { hostname, port } = new URL(target);
    this.target = { host: hostname, port: Number(port) };
    this.random = random;
    /** @type {Set<Line>} */
    this.lines = new Set();
    this.listener = createServer(client => {
      const line = new Line(this, client);
      this.lines.add(line);
      client.once('close', () => this.lines.delete(line));
    });
    this.url = target;
  }

  /** @param {string} target */
  async listen(target) {
    await new Promise(resolve => this.listener.listen(0, '127.0.0.1', () => resolve(undefined)));
    const { port } = /** @type {import('node:net').AddressInfo} */ (this.listener.address());
    const url = new URL(target);
    url.port = String(port);
    this.url = url.href;
  }

  /**
   * A line turns out to be one to a kernel.
   *
   * @param {Line} line
   */
  admit(line) {
    if (this.isDown) {
      this.faults.refused += 1;
      line.cut();
    }
  }

  kernels() {
    return [...this.lines].filter(line => line.isKernel && line.isOpen);
  }

  /** From now on nothing passes on the lines there are, in either direction, and nobody is told. */
  silence() {
    for (const line of this.kernels()) {
      this.faults.silenced += 1;
      line.isSilent = true;
    }
  }

  /** Cut the lines there are; what is on its way is lost. */
  cut() {
    for (const line of this.kernels()) {
      this.faults.cut += 1;
      line.cut();
    }
  }

  /** The weather is fine. A line that was silent has lost bytes, and is cut as a timeout would do. */
  heal() {
    this.weather = FINE;
    this.isDown = false;
    for (const line of this.kernels().filter(({ isSilent }) => isSilent)) {
      this.faults.cut += 1;
      line.cut();
    }
  }

  async stop() {
    const closed = new Promise(resolve => this.listener.close(resolve));
    this.lines.forEach(line => line.cut());
    await closed;
  }
}

/**
 * Start a proxy on a free port of this machine.
 *
 * @param {string} target address of the server, with a slash at its end
 * @param {() => number} [random] decides about delays and slices
 */
export async function startProxy(target, random = Math.random) {
  const proxy = new Proxy(target, random);
  await proxy.listen(target);
  return proxy;
}

/**
 * Numbers from 0 up to 1, the same for the same seed (mulberry32).
 *
 * @param {number} seed
 * @returns {() => number}
 */
export function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
