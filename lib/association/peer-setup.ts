import type { SessionConfig } from '../options/session';
import type { Narrator } from '../qt/narrator';
import type { Transport } from '../transport';
import type { HandshakeParts } from './handshake-parts';

interface PeerParts extends HandshakeParts {
  readonly name: string;
  readonly transport: Transport;
  readonly config: SessionConfig;
  readonly narrator: Narrator;
}

/** What a server hands to the association of a peer that proved its address; a class, to be told from options. */
export class PeerSetup {
  constructor(readonly parts: PeerParts) {}
}
