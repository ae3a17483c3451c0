import dgram from 'node:dgram';
import { once } from 'node:events';
import { canonicalAddress, type RemoteAddress } from '../address';
import {
  closedError,
  type Endpoint,
  type EndpointEvents,
  type PeerChannel,
  type PeerReceiver,
  reachableBy,
  type SocketConfig,
  type UdpConfig,
} from './endpoint';
import { PeerRouter } from './peer-router';
import { literalLookup, SendQueue } from './send-queue';

/** A socket of `node:dgram`: one of its own, or one that the user brings and closes. */
export class DgramEndpoint implements Endpoint {
  readonly #config: UdpConfig;
  /** The only peer of a connected socket: the kernel drops datagrams of others, and reports a closed port. */
  readonly #remote: RemoteAddress | undefined;
  readonly #socket: dgram.Socket;
  readonly #isOwn: boolean;
  readonly #queue: SendQueue;
  readonly #router: PeerRouter;
  #events: EndpointEvents | undefined;
  #isClosed = false;
  /** The socket never opened, or was closed by its owner. */
  #isGone = false;
  #onGone: (() => void) | undefined;

  constructor(config: UdpConfig, remote?: RemoteAddress) {
    this.#config = config;
    this.#remote = remote;
    this.#isOwn = config.userSocket === undefined;
    this.#socket = config.userSocket ?? newSocket(config);
    this.#queue = new SendQueue(this.#socket, config.sendHighWaterMark, {
      drained: () => this.#router.drained(),
      failed: (error) => this.#failed(error),
    });
    this.#router = new PeerRouter((datagram, to) => this.#send(datagram, to));
  }

  async open(events: EndpointEvents): Promise<void> {
    this.#events = events;
    const socket = this.#socket;
    try {
      await (this.#isOwn ? bind(socket, this.#config, this.#remote) : whenBound(socket));
    } catch (error) {
      this.#isGone = true;
      throw error;
    }
    socket.on('message', this.#onMessage);
    socket.on('error', this.#onError);
    socket.once('close', this.#onClose);
  }

  address(): RemoteAddress {
    return remoteOf(this.#socket.address());
  }

  attach(remote: RemoteAddress, receiver: PeerReceiver): PeerChannel {
    if (this.#isClosed) throw closedError();
    const { family } = remoteOf(this.#socket.address());
    const address = reachableBy(family === 'IPv6' ? 6 : 4, remote);
    return this.#router.attach({ ...remote, address: canonicalAddress(address) }, receiver);
  }

  sendTo(datagram: Uint8Array, to: RemoteAddress): void {
    try {
      this.#send(datagram, to);
    } catch {
      // As what the system refuses; a user's socket may be connected elsewhere, or closed.
    }
  }

  async close(): Promise<void> {
    const socket = this.#socket;
    this.#isClosed = true;
    this.#router.failed(closedError(), true);
    socket.off('message', this.#onMessage);
    socket.off('error', this.#onError);
    if (this.#isOwn) {
      // An ICMP message may still arrive for what is being sent; nobody wants to hear of it.
      socket.on('error', () => {});
    }
    if (this.#isGone) return;
    await new Promise<void>((resolve) => {
      this.#onGone = resolve;
      this.#queue.whenEmpty(resolve);
    });
    socket.off('close', this.#onClose);
    if (this.#isOwn) await new Promise<void>((resolve) => socket.close(resolve));
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

  readonly #onMessage = (bytes: Buffer, info: dgram.RemoteInfo): void => {
    // Port 0 is no port to answer to (RFC 768), and node:dgram throws when asked to.
    if (info.port === 0) return;
    const from = this.#remote ?? remoteOf(info);
    if (!this.#router.datagram(bytes, from)) this.#events?.stranger(bytes, from);
  };

  readonly #onClose = (): void => {
    this.#isGone = true;
    // What its queue held will never be sent.
    this.#onGone?.();
    if (!this.#isClosed) this.#events?.failed(closedError());
  };

  /** Of a connected socket it concerns single datagrams; one without a peer is of no use any more. */
  readonly #onError = (error: Error): void => {
    if (this.#remote === undefined) this.#events?.failed(error);
    else this.#failed(error);
  };

  /** With many peers it cannot be told whom the error concerns; the datagram is lost, as on the way. */
  #failed(error: Error): void {
    if (this.#remote !== undefined) this.#router.failed(error, false);
  }
}

function newSocket({ family, socket }: UdpConfig): dgram.Socket {
  return dgram.createSocket({
    type: family === 6 ? 'udp6' : 'udp4',
    ipv6Only: socket.ipv6Only,
    lookup: literalLookup,
    ...(socket.reusePort ? { reusePort: true } : {}),
  });
}

/** Binds, and connects when there is a remote address; a socket that cannot is closed. */
function bind(socket: dgram.Socket, config: UdpConfig, remote: RemoteAddress | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      socket.close();
      reject(error);
    };
    const done = (): void => {
      socket.off('error', fail);
      resolve();
    };
    socket.once('error', fail);
    socket.bind({ port: config.port, address: config.address, exclusive: true }, () => {
      configure(socket, config.socket);
      if (remote === undefined) done();
      else socket.connect(remote.port, remote.address, (error?: Error) => (error ? fail(error) : done()));
    });
  });
}

function configure(socket: dgram.Socket, { recvBufferSize, sendBufferSize, ttl }: SocketConfig): void {
  if (recvBufferSize > 0) socket.setRecvBufferSize(recvBufferSize);
  if (sendBufferSize > 0) socket.setSendBufferSize(sendBufferSize);
  if (ttl > 0) socket.setTTL(ttl);
}

/** A user's socket: bound already, about to be, or bound here to any port. */
async function whenBound(socket: dgram.Socket): Promise<void> {
  if (isBound(socket)) return;
  try {
    socket.bind({ exclusive: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_SOCKET_ALREADY_BOUND') throw error;
  }
  if (!isBound(socket)) await once(socket, 'listening');
}

function isBound(socket: dgram.Socket): boolean {
  try {
    socket.address();
    return true;
  } catch {
    return false;
  }
}

function remoteOf(info: { address: string; port: number; family: string }): RemoteAddress {
  return { address: info.address, port: info.port, family: info.family === 'IPv6' ? 'IPv6' : 'IPv4' };
}
