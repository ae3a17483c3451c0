import type { Session } from '../../binding';
import type { HandshakeRecorder } from '../handshake/recorder';
import type { SessionConfig } from '../options/session';
import type { Narrator } from '../qt/narrator';
import type { Transport } from '../transport';

interface PeerParts {
  name: string;
  config: SessionConfig;
  session: Session;
  transport: Transport;
  recorder: HandshakeRecorder;
  narrator: Narrator;
}

/** What a server hands to the association of a peer that proved its address; a class, to be told from options. */
export class PeerSetup {
  constructor(readonly parts: Readonly<PeerParts>) {}
}
