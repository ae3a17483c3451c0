import type { RemoteAddress } from '../address';
import type { Endpoint, EndpointEvents, PeerChannel, PeerReceiver } from '../endpoints/endpoint';
import { clientHelloRandom } from '../handshake/wire';
import type { Outlet } from '../transport';
import { Conversation } from './conversation';
import type { PacketRecorder } from './packet-recorder';
import { Direction } from './pcapng';
import { type UdpAddress, udpAddress } from './udp-packet';

/** The endpoint itself, or one that records what passes it. */
export function captured(endpoint: Endpoint, recorder: PacketRecorder | undefined): Endpoint {
  return recorder === undefined ? endpoint : new CapturingEndpoint(endpoint, recorder);
}

/** Where an endpoint records what passes, if it does. */
export function recorderOfEndpoint(endpoint: Endpoint): PacketRecorder | undefined {
  return endpoint instanceof CapturingEndpoint && !endpoint.recorder.isClosed ? endpoint.recorder : undefined;
}

/** Records each datagram that an endpoint hands over: to the socket, or from it. */
class CapturingEndpoint implements Endpoint {
  readonly #endpoint: Endpoint;
  readonly recorder: PacketRecorder;
  #local: UdpAddress = udpAddress({ address: '::', port: 0, family: 'IPv6' });
  /** Of the stranger's ClientHello that is being dealt with: whoever is attached now, it is the stranger. */
  #helloRandom: string | undefined;

  constructor(endpoint: Endpoint, recorder: PacketRecorder) {
    this.#endpoint = endpoint;
    this.recorder = recorder;
  }

  async open(events: EndpointEvents): Promise<void> {
    await this.#endpoint.open({
      stranger: (datagram, from) => {
        this.#record(datagram, Direction.Inbound, from);
        this.#helloRandom = clientHelloRandom(datagram);
        events.stranger(datagram, from);
        this.#helloRandom = undefined;
      },
      failed: (error) => events.failed(error),
    });
    this.#local = udpAddress(this.#endpoint.address());
  }

  address(): RemoteAddress {
    return this.#endpoint.address();
  }

  attach(remote: RemoteAddress, receiver: PeerReceiver): PeerChannel {
    const conversation = new Conversation(this.recorder, this.#local, remote);
    const channel = this.#endpoint.attach(remote, {
      datagram: (bytes, offset, length) => {
        conversation.record(bytes.subarray(offset, offset + length), Direction.Inbound);
        receiver.datagram(bytes, offset, length);
      },
      drained: () => receiver.drained(),
      failed: (error, fatal) => receiver.failed(error, fatal),
    });
    if (this.#helloRandom !== undefined) conversation.begin(this.#helloRandom);
    return new CapturingChannel(channel, conversation);
  }

  sendTo(datagram: Uint8Array, to: RemoteAddress): void {
    this.#record(datagram, Direction.Outbound, to);
    this.#endpoint.sendTo(datagram, to);
  }

  close(): Promise<void> {
    return this.#endpoint.close();
  }

  ref(): void {
    this.#endpoint.ref();
  }

  unref(): void {
    this.#endpoint.unref();
  }

  #record(datagram: Uint8Array, direction: Direction, remote: RemoteAddress): void {
    this.recorder.record(datagram, direction, this.#local, udpAddress(remote), undefined);
  }
}

class CapturingChannel implements PeerChannel {
  readonly #channel: PeerChannel;
  readonly #conversation: Conversation;
  readonly outlet: Outlet | undefined;
  readonly virtualTime: boolean | undefined;

  constructor(channel: PeerChannel, conversation: Conversation) {
    this.#channel = channel;
    this.#conversation = conversation;
    this.virtualTime = channel.virtualTime;
    this.outlet = channel.outlet && new CapturingOutlet(channel.outlet, conversation);
  }

  get maxDatagramSize(): number | undefined {
    return this.#channel.maxDatagramSize;
  }

  send(datagram: Uint8Array): boolean {
    this.#conversation.record(datagram, Direction.Outbound);
    return this.#channel.send(datagram);
  }

  release(): void {
    this.#conversation.end();
    this.#channel.release();
  }
}

class CapturingOutlet implements Outlet {
  readonly #outlet: Outlet;
  readonly #conversation: Conversation;
  /** What was reserved last. */
  #room: Buffer = Buffer.alloc(0);

  constructor(outlet: Outlet, conversation: Conversation) {
    this.#outlet = outlet;
    this.#conversation = conversation;
  }

  get offset(): number {
    return this.#outlet.offset;
  }

  reserve(size: number): Buffer {
    this.#room = this.#outlet.reserve(size);
    return this.#room;
  }

  commit(size: number): boolean {
    const { offset } = this.#outlet;
    this.#conversation.record(this.#room.subarray(offset, offset + size), Direction.Outbound);
    return this.#outlet.commit(size);
  }
}
