import { Slab } from './slab';
import type { Outlet, Transport } from './transport';

/** Where outgoing datagrams are written whose transport has no memory for them. */
export const datagrams = new Slab();

/** The outlet of a transport that has none: a piece of a slab for each datagram, which the transport may keep. */
export class SlabOutlet implements Outlet {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  get offset(): number {
    return datagrams.offset;
  }

  reserve(size: number): Buffer {
    return datagrams.reserve(size);
  }

  commit(size: number): boolean {
    return this.#transport.send(datagrams.take(size));
  }
}
