import type dgram from 'node:dgram';
import { isIPv6 } from 'node:net';

/**
 * For `dgram.createSocket`: addresses are literal by the time they get here, and the default, `dns.lookup`, would
 * put a turn of the event loop between a send and its system call.
 */
export const literalLookup = (
  address: string,
  _options: unknown,
  callback: (error: NodeJS.ErrnoException | null, address: string, family: number) => void,
): void => callback(null, address, isIPv6(address) ? 6 : 4);

export interface SendQueueEvents {
  /** The queue went over its mark and is empty again. */
  drained(): void;
  failed(error: Error): void;
}

/**
 * Counts the bytes that a `node:dgram` socket has not handed to the kernel yet. One callback serves all
 * datagrams of the socket.
 */
export class SendQueue {
  readonly #socket: dgram.Socket;
  readonly #highWaterMark: number;
  readonly #events: SendQueueEvents;
  #pending = 0;
  #overMark = false;
  #onEmpty: (() => void) | undefined;

  constructor(socket: dgram.Socket, highWaterMark: number, events: SendQueueEvents) {
    this.#socket = socket;
    this.#highWaterMark = highWaterMark;
    this.#events = events;
  }

  /** Without `port` and `address` the socket must be connected. */
  send(datagram: Uint8Array, port?: number, address?: string): boolean {
    if (port === undefined) this.#socket.send(datagram, this.#sent);
    else this.#socket.send(datagram, port, address, this.#sent);
    this.#pending++;
    if (this.#socket.getSendQueueSize() <= this.#highWaterMark) return true;
    this.#overMark = true;
    return false;
  }

  /** Calls back when everything has been handed to the kernel, at once when it already has been. */
  whenEmpty(callback: () => void): void {
    if (this.#pending === 0) callback();
    else this.#onEmpty = callback;
  }

  readonly #sent = (error: Error | null): void => {
    this.#pending--;
    if (this.#onEmpty !== undefined) {
      if (this.#pending === 0) this.#onEmpty();
      return;
    }
    if (error !== null && error !== undefined) this.#events.failed(error);
    if (this.#pending === 0 && this.#overMark) {
      this.#overMark = false;
      this.#events.drained();
    }
  };
}
