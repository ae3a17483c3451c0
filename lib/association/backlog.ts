import { DtlsError } from '../errors';
import type { DtlsAssociation } from './association';

/** Messages of a client that is about to be connected again. */
export class Backlog {
  readonly #capacity: number;
  readonly #messages: Buffer[] = [];

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Keeps a copy; throws `ERR_DTLS_STATE` when there is no room. */
  add(message: Uint8Array): void {
    if (this.#messages.length >= this.#capacity) throw noRoomError(this.#capacity);
    this.#messages.push(Buffer.from(message));
  }

  /** Sends all, in order; returns what `send` returned last. */
  sendTo(association: DtlsAssociation): boolean {
    let hasRoom = true;
    for (const message of this.#messages.splice(0)) {
      // A new suite may leave less room for a message, and what came in between may have ended the association again:
      // then it is lost, as it might be on the way.
      if (association.state === 'open' && message.length <= association.maxPayload) hasRoom = association.send(message);
    }
    return hasRoom;
  }
}

function noRoomError(capacity: number): DtlsError {
  const why =
    capacity === 0
      ? 'wait for secureConnect, or let reconnect.queue keep some messages'
      : `its queue is full with ${capacity} (reconnect.queue)`;
  return new DtlsError('ERR_DTLS_STATE', `send: the association was lost and is not connected again yet; ${why}.`);
}
