import path from 'node:path';
import bindings from 'bindings';
import type { Binding } from '../binding';
import { DtlsError } from './errors';

/** What a verb of a session found; positive values are the size of a message. Mirrors native/tls/connection.h. */
export const Status = {
  Idle: 0,
  Established: -1,
  Closed: -2,
  Failed: -3,
  Forged: -4,
  Replayed: -5,
  Unwanted: -6,
} as const;

/** How far the key exchange is. Mirrors native/tls/connection.h. */
export const Stage = { Negotiating: 0, SentFinished: 1, AwaitingFinished: 2, Established: 3 } as const;

/**
 * How a handshake stands: `Stage` in the two lowest bits, whether there is something to judge the peer by (a certificate
 * or raw public key whose private key it has shown, a session that is resumed), whether OpenSSL has asked for a
 * pre-shared key. Mirrors native/tls/connection.h.
 */
export const Progress = { Stage: 3, PeerKnown: 4, PskRequested: 8 } as const;

/** What a listener made of a datagram. Mirrors native/tls/acceptor.h. */
export const Verdict = { Ignored: 0, Reply: 1, Verified: 2 } as const;

/** Largest application data of one record, in bytes (RFC 5246 section 6.2.1). */
export const MAX_PLAINTEXT = 16_384;

const PACKAGE_ROOT = path.join(__dirname, '..');

/** Resolves to the addon; `DTLS_ADDON_PATH` names another file, for bundlers and other builds. */
function load(): Binding {
  const override = process.env.DTLS_ADDON_PATH;
  try {
    if (override) return require(path.resolve(override)) as Binding;
    return bindings({ bindings: 'dtls', module_root: PACKAGE_ROOT }) as Binding;
  } catch (error) {
    throw new DtlsError('ERR_DTLS_LOAD', explainLoadFailure(error, process.versions), { cause: error });
  }
}

/** One sentence: why the addon did not load, and what to do. */
export function explainLoadFailure(error: unknown, versions: NodeJS.ProcessVersions): string {
  const message = error instanceof Error ? error.message : String(error);
  if (versions.electron !== undefined || versions.bun !== undefined) {
    const host = versions.electron !== undefined ? 'Electron' : 'Bun';
    return (
      `${host} does not export an OpenSSL that addons can use: build dtls-association with its own ` +
      '(npm run build:static) and name the file in DTLS_ADDON_PATH.'
    );
  }
  if (process.env.DTLS_ADDON_PATH && /Cannot find module/.test(message)) {
    return `DTLS_ADDON_PATH names ${process.env.DTLS_ADDON_PATH}, where there is no file.`;
  }
  if (/Could not locate the bindings file/.test(message)) {
    return 'The native addon of dtls-association is not built: run `npm rebuild dtls-association` (it needs cmake and a C++ compiler).';
  }
  if (/invalid ELF header|wrong ELF class|mach-o|not a valid Win32|cannot open shared object/i.test(message)) {
    return (
      'The native addon of dtls-association was built for another platform than ' +
      `${process.platform}-${process.arch}: run \`npm rebuild dtls-association\` on this machine.`
    );
  }
  return `The native addon of dtls-association did not load: ${message}`;
}

/** One sentence when the OpenSSL that runs cannot serve the addon; undefined when it can. */
export function explainOpensslMismatch(built: number, runtime: number): string | undefined {
  if (built === runtime) return undefined;
  return (
    `The native addon of dtls-association was built for OpenSSL ${built}.x, but this Node.js runs OpenSSL ` +
    `${runtime}.x: run \`npm rebuild dtls-association\` with this Node.js.`
  );
}

function loadChecked(): Binding {
  // A missing function of the host's TLS library would end the process at its first call, so ask before loading.
  if (!process.env.DTLS_ADDON_PATH && (process.versions.electron ?? process.versions.bun) !== undefined) {
    throw new DtlsError('ERR_DTLS_LOAD', explainLoadFailure(undefined, process.versions));
  }
  const loaded = load();
  const { opensslMajorBuilt, opensslMajorRuntime } = loaded.versions();
  const mismatch = explainOpensslMismatch(opensslMajorBuilt, opensslMajorRuntime);
  if (mismatch !== undefined) throw new DtlsError('ERR_DTLS_LOAD', mismatch);
  return loaded;
}

/** The addon. Loading it fails with `ERR_DTLS_LOAD` and one sentence that says why. */
export const binding: Binding = loadChecked();
