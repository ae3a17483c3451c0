import type { SessionConfig } from '../options/session';
import type { Narrator } from '../qt/narrator';
import type { Transport } from '../transport';
import type { HandshakeParts } from './handshake-parts';

/**
 * The server of an association. It is told before the association's own listeners, and whether or not there are any.
 */
export interface Host {
  opened(): void;
  keylog(lines: Buffer): void;
  failed(error: Error): void;
}

interface PeerParts extends HandshakeParts {
  readonly name: string;
  readonly transport: Transport;
  readonly config: SessionConfig;
  readonly narrator: Narrator;
  readonly host: Host;
}

/** What a server hands to the association of a peer that proved its address; a class, to be told from options. */
export class PeerSetup {
  constructor(readonly parts: PeerParts) {}
}
