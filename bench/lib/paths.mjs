// Where things are.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));
export const peersSource = join(root, 'bench', 'peers');
export const peersBuild = join(peersSource, 'build');
export const contestantPrograms = join(root, 'bench', 'contestants');
/** Reports, and what the suite installs. */
export const cache = join(root, '.cache', 'bench');
/** The npm packages that the library is compared with. They are nobody's dependency. */
export const npmPackages = join(cache, 'packages');
/** Folder of the peers that are no part of this repository. */
export const sharedPeers = process.env.DTLS_PEERS_DIR ?? join(root, '..', 'shared', 'peers');
/** Where Qt's benchmark program is built. */
export const qtBuild = join(cache, 'qt');
