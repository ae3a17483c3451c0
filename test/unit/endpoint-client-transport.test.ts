import { describe, expect, test } from '@jest/globals';
import { ClientTransport } from '../../lib/endpoints/client-transport';
import type { Endpoint, EndpointEvents, PeerReceiver } from '../../lib/endpoints/endpoint';
import type { TransportReceiver } from '../../lib/transport';
import { ipv4, nextTurn } from '../support/endpoint';

/** Notes what is asked of it. */
class FakeEndpoint implements Endpoint {
  readonly calls: string[] = [];
  events: EndpointEvents | undefined;
  receiver: PeerReceiver | undefined;
  error: Error | undefined;

  async open(events: EndpointEvents): Promise<void> {
    this.calls.push('open');
    this.events = events;
    if (this.error !== undefined) throw this.error;
  }

  address() {
    return ipv4(1);
  }

  attach(remote: ReturnType<typeof ipv4>, receiver: PeerReceiver) {
    this.calls.push(`attach ${remote.port}`);
    if (this.error !== undefined) throw this.error;
    this.receiver = receiver;
    return {
      outlet: undefined,
      send: (datagram: Uint8Array) => {
        this.calls.push(`send ${Buffer.from(datagram)}`);
        return false;
      },
      release: () => this.calls.push('release'),
    };
  }

  sendTo(): void {}

  async close(): Promise<void> {
    this.calls.push('close');
  }

  ref(): void {
    this.calls.push('ref');
  }

  unref(): void {
    this.calls.push('unref');
  }
}

function make({ isShared = false, error }: { isShared?: boolean; error?: Error } = {}) {
  const endpoint = new FakeEndpoint();
  endpoint.error = error;
  const events: unknown[] = [];
  const receiver: TransportReceiver = {
    opened: () => events.push('opened'),
    datagram: () => events.push('datagram'),
    drained: () => events.push('drained'),
    failed: (...told) => events.push(told),
  };
  return { endpoint, events, receiver, transport: new ClientTransport(endpoint, ipv4(7), isShared) };
}

const hello = Buffer.from('hello');

test('an endpoint of its own is opened, attached to the peer, and closed', async () => {
  const { endpoint, events, receiver, transport } = make();
  transport.open(receiver);
  expect(events).toEqual([]);
  await nextTurn();
  expect(events).toEqual(['opened']);
  expect(endpoint.receiver).toBe(receiver);
  expect(transport.remote).toEqual(ipv4(7));
  expect(transport.send(hello)).toBe(false);
  transport.unref();
  transport.ref();
  await transport.close();
  expect(endpoint.calls).toEqual(['open', 'attach 7', 'send hello', 'unref', 'ref', 'release', 'close']);
});

test('a shared endpoint is only attached to the peer, and released', async () => {
  const { endpoint, events, receiver, transport } = make({ isShared: true });
  transport.open(receiver);
  expect(events).toEqual([]);
  await nextTurn();
  expect(events).toEqual(['opened']);
  transport.unref();
  transport.ref();
  await transport.close();
  expect(endpoint.calls).toEqual(['attach 7', 'release']);
});

describe('a transport', () => {
  test.each([false, true])('that is closed before it is open attaches to nobody: shared %s', async (isShared) => {
    const { endpoint, receiver, transport } = make({ isShared });
    transport.open(receiver);
    await transport.close();
    await nextTurn();
    expect(endpoint.calls).toEqual(isShared ? [] : ['open', 'close']);
    expect(transport.send(hello)).toBe(true);
  });

  test.each([false, true])('whose endpoint cannot be had has failed for good: shared %s', async (isShared) => {
    const error = new Error('EADDRINUSE');
    const { events, receiver, transport } = make({ isShared, error });
    transport.open(receiver);
    await nextTurn();
    expect(events).toEqual([[error, true]]);
  });

  test('whose own endpoint cannot go on has failed for good', async () => {
    const { endpoint, events, receiver, transport } = make();
    transport.open(receiver);
    await nextTurn();
    const error = new Error('the cable is cut');
    endpoint.events?.failed(error);
    endpoint.events?.stranger(hello, ipv4(8));
    expect(events).toEqual(['opened', [error, true]]);
  });

  test('sends nothing before it is open and after it was closed', async () => {
    const { endpoint, receiver, transport } = make();
    expect(transport.send(hello)).toBe(true);
    expect(transport.outlet).toBeUndefined();
    transport.open(receiver);
    await nextTurn();
    await transport.close();
    expect(transport.send(hello)).toBe(true);
    expect(endpoint.calls).not.toContain('send hello');
  });
});
