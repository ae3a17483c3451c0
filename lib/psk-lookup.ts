import type { ClientPsk, Session } from '../binding';
import type { RemoteAddress } from './address';
import { DtlsError } from './errors';
import type { ClientPskCallback } from './options/client';
import { clientCredentials, keyBytes } from './options/psk';
import type { ServerPskCallback } from './options/server';

// Two identities must not become one: no replacement characters, no byte order mark left out.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Lets a client's session ask the user. What the callback throws comes out of `Session.takeThrown`. */
export function askClient(session: Session, callback: ClientPskCallback): void {
  session.onPsk = (hint: Buffer): ClientPsk | undefined => {
    const answer = callback(hint.toString());
    refusePromise(answer);
    return answer === null || answer === undefined ? undefined : clientCredentials('pskCallback', answer);
  };
}

/** Lets a server's session ask the user for the identities that the context does not hold. */
export function askServer(session: Session, callback: ServerPskCallback, peer: RemoteAddress): void {
  session.onPsk = (identity: Buffer): Uint8Array | undefined => {
    const name = decode(identity);
    if (name === undefined) return undefined;
    const answer = callback(name, peer);
    refusePromise(answer);
    return answer === null || answer === undefined ? undefined : keyBytes('pskCallback', answer);
  };
}

function decode(identity: Buffer): string | undefined {
  try {
    return utf8.decode(identity);
  } catch {
    return undefined;
  }
}

function refusePromise(answer: unknown): void {
  if (typeof (answer as PromiseLike<unknown> | null | undefined)?.then !== 'function') return;
  // Nobody will wait for it: its rejection must not end the process.
  Promise.resolve(answer).catch(() => {});
  throw new DtlsError(
    'ERR_DTLS_PSK_CALLBACK',
    'it returned a promise, but it must answer at once: load the keys beforehand and look them up in memory.',
  );
}
