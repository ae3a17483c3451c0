import { type ChannelListener, subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach } from '@jest/globals';
import type {
  AlertDiagnostic,
  DropDiagnostic,
  HandshakeDiagnostic,
  MigrationDiagnostic,
  RetransmissionDiagnostic,
} from '../../lib';

export interface Messages {
  handshake: HandshakeDiagnostic;
  retransmission: RetransmissionDiagnostic;
  drop: DropDiagnostic;
  alert: AlertDiagnostic;
  migration: MigrationDiagnostic;
}

const subscribed: Array<() => void> = [];

export function unsubscribeAll(): void {
  for (const end of subscribed.splice(0)) end();
}

afterEach(unsubscribeAll);

/** Until the end of the test. */
export function listen<C extends keyof Messages>(channel: C, listener: (message: Messages[C]) => void): void {
  const name = `dtls-association:${channel}`;
  subscribe(name, listener as ChannelListener);
  subscribed.push(() => unsubscribe(name, listener as ChannelListener));
}

/** What a channel tells from now on. */
export function heard<C extends keyof Messages>(channel: C): Array<Messages[C]> {
  const list: Array<Messages[C]> = [];
  listen(channel, (message) => list.push(message));
  return list;
}
