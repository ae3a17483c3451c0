import dgram from 'node:dgram';
import type { RemoteAddress } from '../address';
import type { ServerTransport, ServerTransportReceiver } from '../transport';
import { closeWhenSent, literalLookup, SendQueue } from './send-queue';

export interface ServerSocketOptions {
  port: number;
  /** An IP address; the unspecified IPv6 address takes IPv4 too unless `ipv6Only`. */
  address: string;
  family: 4 | 6;
  ipv6Only: boolean;
  sendHighWaterMark: number;
}

/** One bound `node:dgram` socket that serves every peer. */
export class DgramServerTransport implements ServerTransport {
  readonly #options: ServerSocketOptions;
  readonly #socket: dgram.Socket;
  #queue: SendQueue | undefined;

  constructor(options: ServerSocketOptions) {
    this.#options = options;
    this.#socket = dgram.createSocket({
      type: options.family === 6 ? 'udp6' : 'udp4',
      ipv6Only: options.ipv6Only,
      lookup: literalLookup,
    });
  }

  open(receiver: ServerTransportReceiver): Promise<void> {
    const socket = this.#socket;
    const { port, address, sendHighWaterMark } = this.#options;
    this.#queue = new SendQueue(socket, sendHighWaterMark, {
      drained: () => receiver.drained(),
      // What the kernel would not send counts as lost on the way; retransmission is the protocol's business.
      failed: () => {},
    });
    return new Promise((resolve, reject) => {
      const fail = (error: Error): void => {
        socket.close();
        reject(error);
      };
      socket.once('error', fail);
      socket.bind({ port, address, exclusive: true }, () => {
        socket.off('error', fail);
        socket.on('error', (error) => receiver.failed(error));
        socket.on('message', (bytes, from) => {
          // Port 0 is no port to answer to (RFC 768), and node:dgram throws when asked to.
          if (from.port !== 0) receiver.datagram(bytes, toRemoteAddress(from));
        });
        resolve();
      });
    });
  }

  address(): RemoteAddress {
    return toRemoteAddress(this.#socket.address());
  }

  send(datagram: Uint8Array, to: RemoteAddress): boolean {
    return this.#queue?.send(datagram, to.port, to.address) ?? true;
  }

  close(): Promise<void> {
    this.#socket.removeAllListeners('message');
    return closeWhenSent(this.#socket, this.#queue);
  }

  ref(): void {
    this.#socket.ref();
  }

  unref(): void {
    this.#socket.unref();
  }
}

function toRemoteAddress(info: { address: string; port: number; family: string }): RemoteAddress {
  return { address: info.address, port: info.port, family: info.family === 'IPv6' ? 'IPv6' : 'IPv4' };
}
