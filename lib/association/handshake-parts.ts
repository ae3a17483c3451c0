import type { Session } from '../../binding';
import { HandshakeRecorder } from '../handshake/recorder';
import { binding } from '../native';
import type { ClientConfig } from '../options/client';
import { nativeContextOf } from '../secure-context';
import type { Answer } from './checkpoint';
import { PeerJudge } from './peer-judge';
import { PskLookup } from './psk-lookup';

/** What a role brings to the handshake with one peer; gone when it is over. */
export interface HandshakeParts {
  readonly role: 'client' | 'server';
  readonly session: Session;
  readonly recorder: HandshakeRecorder;
  /** With a pskCallback. */
  readonly psk: PskLookup | undefined;
  readonly judge: PeerJudge;
  /** What a server decides by the hello, before it answers. */
  readonly start: ((session: Session) => Answer) | undefined;
}

/** Those of a client; a server has its own in lib/server/peer-parts.ts. */
export function clientParts(config: ClientConfig, native = config.native): HandshakeParts {
  const { secureContext, mtu, pskCallback, verification } = config;
  const asks = pskCallback !== undefined && secureContext.pskKind === undefined;
  return {
    role: 'client',
    session: new binding.Session(nativeContextOf(secureContext), native),
    recorder: new HandshakeRecorder(mtu, secureContext.ciphers),
    psk: asks ? PskLookup.ofClient(pskCallback, secureContext) : undefined,
    judge: new PeerJudge(verification, secureContext.trustedPublicKeys, false),
    start: undefined,
  };
}
