import type { RemoteAddress } from '../address';
import { errorOf } from '../errors';
import { checkReceived } from '../options/received';
import type { ServerTransport } from '../transport';
import { closedError, type Endpoint, type EndpointEvents, type PeerChannel, type PeerReceiver } from './endpoint';
import { PeerRouter } from './peer-router';

/** A user's own server transport. */
export class TransportEndpoint implements Endpoint {
  readonly #transport: ServerTransport;
  readonly #router: PeerRouter;

  constructor(transport: ServerTransport) {
    this.#transport = transport;
    this.#router = new PeerRouter((datagram, to) => transport.send(datagram, to), transport.virtualTime);
  }

  open(events: EndpointEvents): Promise<void> {
    return this.#transport.open({
      datagram: (bytes, from) => {
        checkReceived('transport', bytes, from);
        if (!this.#router.datagram(bytes, from)) events.stranger(bytes, from);
      },
      drained: () => this.#router.drained(),
      failed: (error) => events.failed(errorOf(error)),
    });
  }

  address(): RemoteAddress {
    return this.#transport.address();
  }

  attach(remote: RemoteAddress, receiver: PeerReceiver): PeerChannel {
    return this.#router.attach(remote, receiver);
  }

  sendTo(datagram: Uint8Array, to: RemoteAddress): void {
    try {
      this.#transport.send(datagram, to);
    } catch {
      // A reply that a transport will not send is lost, as any datagram may be; the sender will ask again.
    }
  }

  close(): Promise<void> {
    this.#router.failed(closedError(), true);
    return this.#transport.close();
  }

  ref(): void {
    this.#transport.ref();
  }

  unref(): void {
    this.#transport.unref();
  }
}
