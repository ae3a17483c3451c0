import type { Session } from '../../binding';
import type { HandshakeRecorder } from '../handshake/recorder';
import type { SessionConfig } from '../options/session';
import type { Narrator } from '../qt/narrator';
import type { Transport } from '../transport';

/** What a server hands to the association of a peer that proved its address. */
export class PeerSetup {
  readonly name: string;
  readonly config: SessionConfig;
  readonly session: Session;
  readonly transport: Transport;
  readonly recorder: HandshakeRecorder;
  readonly narrator: Narrator;

  constructor(setup: Omit<PeerSetup, never>) {
    this.name = setup.name;
    this.config = setup.config;
    this.session = setup.session;
    this.transport = setup.transport;
    this.recorder = setup.recorder;
    this.narrator = setup.narrator;
  }
}
