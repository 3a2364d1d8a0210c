/** The kernel's end, in a process of its own: see kernel.py. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

import { PYTHON } from '../../tools/paths.mjs';
import type { Packet } from '../../src/protocol/codec';

/** A packet as it travels between the processes. */
export interface Plain {
  readonly content: unknown;
  readonly buffers: readonly string[];
}

/** What the kernel has in the end. */
export interface KernelState {
  readonly snapshot: unknown;
  readonly clicks: number;
  readonly heard: readonly string[];
  readonly begun: readonly number[];
  readonly ended: readonly number[];
  readonly tasks: number;
  readonly log: string;
  readonly unconfirmed: number;
  readonly held: number;
}

interface Answer {
  readonly down: readonly Plain[];
  readonly ids: Readonly<Record<string, number>>;
}

/** Asks, and waits for the answer. */
export class Kernel {
  private readonly child = spawn(PYTHON, ['test/link/kernel.py'], {
    stdio: ['pipe', 'pipe', 'pipe']
  });
  private readonly answers = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  private said = '';

  constructor() {
    this.child.stderr.on('data', (chunk: Buffer) => (this.said += chunk.toString()));
  }

  async ask(question: Readonly<Record<string, unknown>>): Promise<Answer> {
    this.child.stdin.write(`${JSON.stringify(question)}\n`);
    const said = await this.answers.next();
    if (said.done === true) {
      throw new Error(`The kernel ended: ${this.said}`);
    }
    return JSON.parse(said.value) as Answer;
  }

  async up({ content, buffers }: Packet): Promise<readonly Plain[]> {
    const plain = buffers.map(view =>
      Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString('base64')
    );
    return (await this.ask({ up: content, buffers: plain })).down;
  }

  async state(): Promise<KernelState & Answer> {
    return (await this.ask({ state: true })) as KernelState & Answer;
  }

  /** Ends the process. Resolves with its exit code. */
  end(): Promise<number | null> {
    const ended = new Promise<number | null>(resolve => this.child.once('close', resolve));
    this.child.stdin.end();
    return ended;
  }
}
