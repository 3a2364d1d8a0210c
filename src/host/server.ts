/** What the Jupyter server tells about itself. */
import { PageConfig } from '@jupyterlab/coreutils';

/** Written by `ipyblocks_server`. */
const OPTION = 'ipyblocksTcpNoDelay';

/**
 * Whether this server sends each message of a kernel at once. A server that does not may keep an answer
 * back for some 40 ms: `off` is by its configuration, `absent` says that our extension is not enabled in it.
 */
export type NoDelay = 'on' | 'off' | 'absent';

/** What this page was told when it was loaded. */
export function serverNoDelay(): NoDelay {
  const told = PageConfig.getOption(OPTION);
  return told === '' ? 'absent' : told === 'true' ? 'on' : 'off';
}
