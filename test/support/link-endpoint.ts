import { type ConnectOptions, DtlsAssociation, DtlsEndpoint } from '../../lib';
import type { RemoteAddress } from '../../lib/address';
import { closedError, type Endpoint, type PeerChannel, type PeerReceiver } from '../../lib/endpoints/endpoint';
import type { Link, LinkClient } from './link';
import { closeLater, patient, psk } from './pair';

/** An endpoint over a link, for clients that open their way more than once: each has an address of its own. */
export class LinkEndpoint implements Endpoint {
  /** Of everybody who was attached, in order. */
  readonly transports: LinkClient[] = [];
  readonly #link: Link;
  readonly #attached = new Map<LinkClient, PeerReceiver>();
  #isClosed = false;

  constructor(link: Link) {
    this.#link = link;
  }

  /** How many are attached. */
  get size(): number {
    return this.#attached.size;
  }

  async open(): Promise<void> {}

  address(): RemoteAddress {
    return { address: '192.0.2.99', port: 1, family: 'IPv4' };
  }

  attach(_remote: RemoteAddress, receiver: PeerReceiver): PeerChannel {
    if (this.#isClosed) throw closedError();
    const transport = this.#link.client();
    this.transports.push(transport);
    this.#attached.set(transport, receiver);
    transport.open({
      opened: () => {},
      datagram: (bytes, offset = 0, length = bytes.length) => receiver.datagram(bytes, offset, length),
      drained: () => receiver.drained(),
      failed: (error, fatal) => receiver.failed(error, fatal),
    });
    return {
      outlet: undefined,
      send: (datagram) => transport.send(datagram),
      release: () => {
        this.#attached.delete(transport);
        transport.close();
      },
    };
  }

  sendTo(): void {}

  /** What everybody's socket says. */
  fail(error: Error, fatal = true): void {
    for (const receiver of this.#attached.values()) receiver.failed(error, fatal);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.fail(closedError());
  }

  ref(): void {}
  unref(): void {}
}

/** A client over an endpoint of its own that has not started yet. */
export function endpointClient(
  link: Link,
  options: Partial<ConnectOptions> = {},
): { client: DtlsAssociation; endpoint: LinkEndpoint } {
  const endpoint = new LinkEndpoint(link);
  const where = { host: '192.0.2.1', port: 22334, endpoint: new DtlsEndpoint(endpoint) };
  return { client: closeLater(new DtlsAssociation({ ...where, psk, ...patient, ...options })), endpoint };
}
