/** How a page stands with its kernel, in kinds and in words. */
import { PROTOCOL, type CloseReason, type Welcome } from '../protocol/wire';

/**
 * - `connecting`: nothing is known yet.
 * - `live`: what is shown is what the kernel has.
 * - `lost`: the connection is gone, perhaps for a moment; edits are kept.
 * - `dead`: the kernel has forgotten the session (it restarted or ended).
 * - `closed`: the session was ended; `reason` says why.
 * - `mismatch`: page and kernel are of different versions; `sentence` says what to do.
 */
export type PageStatus =
  | { readonly kind: 'connecting' | 'live' | 'lost' | 'dead' }
  | { readonly kind: 'closed'; readonly reason: CloseReason }
  | { readonly kind: 'mismatch'; readonly sentence: string };

/** Nothing that comes or goes can change how the page stands: there is nobody who understands it. */
export function isOver({ kind }: PageStatus): boolean {
  return kind === 'closed' || kind === 'mismatch';
}

/** Which half is to be updated when they do not fit. */
export function mismatch(welcome: Welcome, version: string): string {
  const older = welcome.protocol < PROTOCOL ? 'the kernel' : 'JupyterLab';
  const newest = welcome.protocol < PROTOCOL ? version : welcome.version;
  return (
    `ipyblocks in ${older} is older than its other half. Run pip install "ipyblocks>=${newest}" in the ` +
    `environment of ${older}, then restart ${older === 'the kernel' ? 'it' : 'JupyterLab and reload the page'}.`
  );
}
