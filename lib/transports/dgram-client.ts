import dgram from 'node:dgram';
import type { RemoteAddress } from '../address';
import type { Transport, TransportReceiver } from '../transport';
import { closeWhenSent, literalLookup, SendQueue } from './send-queue';

export interface ClientSocketOptions {
  remote: RemoteAddress;
  localAddress: string | undefined;
  localPort: number | undefined;
  /** Bytes that may wait for the kernel before `send` says so. */
  sendHighWaterMark: number;
}

/** One connected `node:dgram` socket: the kernel drops datagrams of other senders, and reports a closed port. */
export class DgramClientTransport implements Transport {
  readonly remote: RemoteAddress;
  readonly #options: ClientSocketOptions;
  readonly #socket: dgram.Socket;
  #queue: SendQueue | undefined;

  constructor(options: ClientSocketOptions) {
    this.#options = options;
    this.remote = options.remote;
    this.#socket = dgram.createSocket({
      type: options.remote.family === 'IPv6' ? 'udp6' : 'udp4',
      lookup: literalLookup,
    });
  }

  open(receiver: TransportReceiver): void {
    const socket = this.#socket;
    const { localAddress, localPort, remote, sendHighWaterMark } = this.#options;
    // A socket that could not be bound or connected is of no use; later errors concern single datagrams.
    let fatal = true;
    socket.on('error', (error) => {
      const wasFatal = fatal;
      // bind() and connect() may fail while `open` still runs.
      process.nextTick(() => receiver.failed(error, wasFatal));
    });
    socket.on('message', (bytes) => receiver.datagram(bytes));
    const connect = (): void =>
      socket.connect(remote.port, remote.address, (error?: Error) => {
        if (error) {
          socket.emit('error', error);
          return;
        }
        fatal = false;
        this.#queue = new SendQueue(socket, sendHighWaterMark, {
          drained: () => receiver.drained(),
          failed: (error) => receiver.failed(error, false),
        });
        receiver.opened();
      });
    if (localAddress === undefined && localPort === undefined) connect();
    else socket.bind({ port: localPort ?? 0, address: localAddress, exclusive: true }, connect);
  }

  send(datagram: Uint8Array): boolean {
    return this.#queue?.send(datagram) ?? true;
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
}
