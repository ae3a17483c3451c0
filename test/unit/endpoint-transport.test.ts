import { describe, expect, test } from '@jest/globals';
import { TransportEndpoint } from '../../lib/endpoints/transport-endpoint';
import type { ServerTransport, ServerTransportReceiver } from '../../lib/transport';
import { ipv4, Receiver } from '../support/endpoint';

async function make() {
  const calls: string[] = [];
  let receiver: ServerTransportReceiver | undefined;
  const transport: ServerTransport = {
    open: async (given) => {
      receiver = given;
    },
    address: () => ipv4(5684),
    send: (datagram, to) => {
      calls.push(`send ${Buffer.from(datagram)} to ${to.port}`);
      return false;
    },
    close: async () => {
      calls.push('close');
    },
    ref: () => calls.push('ref'),
    unref: () => calls.push('unref'),
  };
  const events: string[] = [];
  const endpoint = new TransportEndpoint(transport);
  await endpoint.open({
    stranger: (bytes, from) => events.push(`stranger ${Buffer.from(bytes)} of ${from.port}`),
    failed: (error) => events.push(error.message),
  });
  return { calls, endpoint, events, transport, receiver: receiver as ServerTransportReceiver };
}

const hello = Buffer.from('hello');

describe("a user's transport", () => {
  test('brings datagrams to those who are attached, and those of others to stranger', async () => {
    const { endpoint, events, receiver } = await make();
    const attached = new Receiver();
    endpoint.attach(ipv4(1), attached);
    receiver.datagram(hello, ipv4(1));
    receiver.datagram(hello, ipv4(2));
    expect(attached.texts).toEqual(['hello']);
    expect(events).toEqual(['stranger hello of 2']);
  });

  test('tells of room and of its end', async () => {
    const { endpoint, events, receiver } = await make();
    const attached = new Receiver();
    expect(endpoint.attach(ipv4(1), attached).send(hello)).toBe(false);
    receiver.drained();
    receiver.failed(new Error('the cable is cut'));
    expect(attached.drains).toBe(1);
    expect(events).toEqual(['the cable is cut']);
  });

  test('is used as it is', async () => {
    const { calls, endpoint } = await make();
    endpoint.sendTo(hello, ipv4(3));
    endpoint.unref();
    endpoint.ref();
    expect(endpoint.address()).toEqual(ipv4(5684));
    await endpoint.close();
    expect(calls).toEqual(['send hello to 3', 'unref', 'ref', 'close']);
  });

  test('may throw at a reply to a stranger, which is lost then', async () => {
    const { endpoint, transport } = await make();
    transport.send = () => {
      throw new Error('the cable is cut');
    };
    endpoint.sendTo(hello, ipv4(3));
  });

  test('that is closed has failed for those who are attached still', async () => {
    const { endpoint } = await make();
    const attached = new Receiver();
    endpoint.attach(ipv4(1), attached);
    await endpoint.close();
    expect(attached.errors).toEqual([[expect.objectContaining({ message: 'its endpoint was closed' }), true]]);
  });
});
