import type { Session } from '../../binding';
import type { RemoteAddress } from '../address';
import type { HandshakeParts } from '../association/handshake-parts';
import { PeerJudge } from '../association/peer-judge';
import { PskLookup } from '../association/psk-lookup';
import { HandshakeRecorder } from '../handshake/recorder';
import type { ServerConfig } from '../options/server';
import type { HelloPolicy } from './hello-policy';

/** What a server brings to the handshake with a peer whose hello it has verified. */
export function peerParts(
  config: ServerConfig,
  policy: HelloPolicy,
  session: Session,
  hello: Uint8Array,
  from: RemoteAddress,
): HandshakeParts {
  const { mtu, secureContext, pskCallback, verification } = config;
  const recorder = new HandshakeRecorder(mtu, secureContext.ciphers);
  recorder.received(hello);
  return {
    role: 'server',
    session,
    recorder,
    psk: pskCallback && PskLookup.ofServer(pskCallback, from, session),
    // A callback may take its time: with one, a session is good until it expires.
    judge: new PeerJudge(verification, secureContext.trustedPublicKeys, pskCallback === undefined),
    start: policy.checkpoint(hello),
  };
}
