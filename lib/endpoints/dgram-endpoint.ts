import dgram from 'node:dgram';
import type { RemoteAddress } from '../address';
import {
  type Endpoint,
  type EndpointEvents,
  type PeerChannel,
  type PeerReceiver,
  reachableBy,
  type SocketConfig,
  type UdpConfig,
} from './endpoint';
import { PeerRouter } from './peer-router';
import { closeWhenSent, literalLookup, SendQueue } from './send-queue';

/** A socket of `node:dgram`. */
export class DgramEndpoint implements Endpoint {
  readonly #config: UdpConfig;
  /** The only peer of a connected socket: the kernel drops datagrams of others, and reports a closed port. */
  readonly #remote: RemoteAddress | undefined;
  readonly #socket: dgram.Socket;
  readonly #queue: SendQueue;
  readonly #router: PeerRouter;

  constructor(config: UdpConfig, remote?: RemoteAddress) {
    const { family, ipv6Only, socket, sendHighWaterMark } = config;
    this.#config = config;
    this.#remote = remote;
    this.#socket = dgram.createSocket({
      type: family === 6 ? 'udp6' : 'udp4',
      ipv6Only,
      lookup: literalLookup,
      ...(socket.reusePort ? { reusePort: true } : {}),
    });
    this.#queue = new SendQueue(this.#socket, sendHighWaterMark, {
      drained: () => this.#router.drained(),
      failed: (error) => this.#failed(error),
    });
    this.#router = new PeerRouter((datagram, to) => this.#send(datagram, to));
  }

  open(events: EndpointEvents): Promise<void> {
    const socket = this.#socket;
    return new Promise((resolve, reject) => {
      const fail = (error: Error): void => {
        socket.close();
        reject(error);
      };
      const opened = (): void => {
        socket.off('error', fail);
        // After binding, what a socket reports concerns single datagrams of its peer; one without is of no use then.
        socket.on('error', (error) => (this.#remote === undefined ? events.failed(error) : this.#failed(error)));
        resolve();
      };
      socket.once('error', fail);
      socket.on('message', (bytes, info) => this.#receive(bytes, info, events));
      const { port, address } = this.#config;
      socket.bind({ port, address, exclusive: true }, () => {
        configure(socket, this.#config.socket);
        if (this.#remote === undefined) opened();
        else socket.connect(this.#remote.port, this.#remote.address, opened);
      });
    });
  }

  address(): RemoteAddress {
    return remoteOf(this.#socket.address());
  }

  attach(remote: RemoteAddress, receiver: PeerReceiver): PeerChannel {
    return this.#router.attach({ ...remote, address: reachableBy(this.#config.family, remote) }, receiver);
  }

  sendTo(datagram: Uint8Array, to: RemoteAddress): void {
    this.#send(datagram, to);
  }

  close(): Promise<void> {
    const socket = this.#socket;
    socket.removeAllListeners('message');
    socket.removeAllListeners('error');
    // An ICMP message may still arrive for what is being sent; nobody wants to hear of it.
    socket.on('error', () => {});
    return closeWhenSent(socket, this.#queue);
  }

  ref(): void {
    this.#socket.ref();
  }

  unref(): void {
    this.#socket.unref();
  }

  #send(datagram: Uint8Array, to: RemoteAddress): boolean {
    return this.#remote === undefined ? this.#queue.send(datagram, to.port, to.address) : this.#queue.send(datagram);
  }

  #receive(bytes: Buffer, info: dgram.RemoteInfo, events: EndpointEvents): void {
    // Port 0 is no port to answer to (RFC 768), and node:dgram throws when asked to.
    if (info.port === 0) return;
    const from = this.#remote ?? remoteOf(info);
    if (!this.#router.datagram(bytes, from)) events.stranger(bytes, from);
  }

  /** With many peers it cannot be told whom the error concerns; the datagram is lost, as on the way. */
  #failed(error: Error): void {
    if (this.#remote !== undefined) this.#router.failed(error);
  }
}

function configure(socket: dgram.Socket, { recvBufferSize, sendBufferSize, ttl }: SocketConfig): void {
  if (recvBufferSize > 0) socket.setRecvBufferSize(recvBufferSize);
  if (sendBufferSize > 0) socket.setSendBufferSize(sendBufferSize);
  if (ttl > 0) socket.setTTL(ttl);
}

function remoteOf(info: { address: string; port: number; family: string }): RemoteAddress {
  return { address: info.address, port: info.port, family: info.family === 'IPv6' ? 'IPv6' : 'IPv4' };
}
