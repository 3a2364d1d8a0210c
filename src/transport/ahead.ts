/**
 * The kernel of a document before the document has it. Opening a notebook, JupyterLab connects last: after
 * the checkpoints and, once more, all sessions were listed. Which kernel it will be is known before that.
 */
import type { Kernel, KernelMessage, Session } from '@jupyterlab/services';
import { Signal } from '@lumino/signaling';

import { hadApps } from './memory';
import { requestComms } from './requests';

/** What of a server's kernels is used. */
export interface Managers {
  readonly sessionManager: Pick<Session.IManager, 'ready' | 'running'>;
  readonly kernelManager?: Pick<Kernel.IManager, 'connectTo'>;
}

/** What is used of a document's `ISessionContext` to know its kernel beforehand. */
export interface Expected extends Managers {
  readonly path: string;
  readonly kernelPreference: { readonly shouldReuse?: boolean };
}

/** Statuses after which nothing that the kernel had is there. */
export const ENDS: ReadonlySet<Kernel.Status> = new Set<Kernel.Status>([
  'restarting',
  'autorestarting',
  'terminating',
  'dead'
]);

/** Milliseconds for a document to ask for its {@link Ahead}; slow servers take long to open one. */
export const UNCLAIMED = 30_000;

/** Made before their documents, by kernel. */
const early = new Map<string, Ahead>();

/**
 * A connection of our own, for the time until the document has one. Only what the kernel says that it has
 * counts: whether an app is gone is for the document's connection to say.
 */
export class Ahead {
  /** Called with what the kernel says of comms. */
  onMessage: (message: KernelMessage.IMessage) => void = () => undefined;
  /** Called when {@link has} may have become another. */
  onChange: () => void = () => undefined;

  /** Connect to the kernel that a document will have; null where there is none yet. */
  static of(document: Expected): Ahead | null {
    const isReused = document.kernelPreference.shouldReuse !== false;
    const model = isReused ? modelOf(document.path, document) : null;
    const known = model === null ? undefined : early.get(model.id);
    if (known !== undefined) {
      early.delete(known.kernel.id);
      clearTimeout(known.timer);
      return known;
    }
    return model && connected(model, document);
  }

  /**
   * Connect to the kernel of a document that is about to be opened, if this tab had apps on it. When the
   * document does not come, it was for nothing.
   */
  static async expect(path: string, managers: Managers): Promise<void> {
    await managers.sessionManager.ready;
    const model = modelOf(path, managers);
    if (model !== null && hadApps(model.id) && !early.has(model.id)) {
      const ahead = connected(model, managers);
      if (ahead !== null) {
        early.set(model.id, ahead);
        ahead.timer = setTimeout(() => {
          early.delete(model.id);
          ahead.end();
        }, UNCLAIMED);
      }
    }
  }

  constructor(readonly kernel: Kernel.IKernelConnection) {
    kernel.iopubMessage.connect((_, message) => this.take(message), this);
    kernel.statusChanged.connect((_, status) => ENDS.has(status) && this.lose(), this);
    kernel.connectionStatusChanged.connect((_, status) => this.follow(status), this);
  }

  /** Whether the kernel has said that it has a comm, and is connected. */
  has(commId: string): boolean {
    return this.comms.has(commId);
  }

  /** Keep what the document has heard until it is known who heard it first; false: not our matter. */
  hold(message: KernelMessage.IMessage): boolean {
    const isOurs = (message.header.msg_type as string) === 'comm_msg';
    if (isOurs) {
      this.held.push(message);
    }
    return isOurs;
  }

  /** Disconnect. Returns what only the document has heard, in order. */
  end(): KernelMessage.IMessage[] {
    this.question.abort();
    this.comms.clear();
    Signal.disconnectReceiver(this);
    this.kernel.dispose();
    return this.held.filter(({ header }) => !this.heard.has(header.msg_id));
  }

  private take(message: KernelMessage.IMessage): void {
    const type = message.header.msg_type as string;
    if (type === 'comm_msg') {
      this.heard.add(message.header.msg_id);
    } else if (type === 'comm_close') {
      this.comms.delete((message.content as { comm_id: string }).comm_id);
    }
    this.onMessage(message);
  }

  private follow(status: Kernel.ConnectionStatus): void {
    if (status !== 'connected') {
      this.lose();
    } else if (!this.question.signal.aborted) {
      requestComms(this.kernel, 'control', this.question.signal, comms => {
        this.question.abort();
        this.comms = new Set(Object.keys(comms));
        this.onChange();
      });
    }
  }

  /** Not to be trusted any more. Disposing of it here would fail a reconnection that is under way. */
  private lose(): void {
    this.question.abort();
    this.comms.clear();
    this.onChange();
  }

  private comms = new Set<string>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly question = new AbortController();
  private readonly heard = new Set<string>();
  private readonly held: KernelMessage.IMessage[] = [];
}

function modelOf(path: string, { sessionManager }: Managers): Kernel.IModel | null {
  return [...sessionManager.running()].find(each => each.path === path)?.kernel ?? null;
}

function connected(model: Kernel.IModel, { kernelManager }: Managers): Ahead | null {
  // What the kernel opens is for those who manage widgets, on the document's connection.
  const kernel = kernelManager?.connectTo({ model, handleComms: false });
  return kernel === undefined ? null : new Ahead(kernel);
}
