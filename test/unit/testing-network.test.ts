import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { DtlsAssociation } from '../../lib';
import { delay, inTurn, Network, type NetworkOptions } from '../../lib/testing';
import { thrown } from '../support/errors';
import { Link } from '../support/link';
import { client, closeLater, messages, openPair, psk, serve, talk } from '../support/pair';

test('datagrams that are delayed arrive in the order of their times', async () => {
  const { link, client: sender, peer } = await openPair();
  const first = link.toServer.sent.length;
  link.toServer.rule = inTurn(delay(first, 30), delay(first + 1, 10), delay(first + 2, 30));
  const arriving = messages(peer, 3);
  for (const text of ['a', 'b', 'c']) sender.send(text);
  expect(link.toServer.inFlight).toBe(3);
  expect(await arriving).toEqual(['b', 'a', 'c']);
});

test('nothing passes a partition; what is sent afterwards does', async () => {
  const { link, client: sender, peer } = await openPair();
  link.partition();
  sender.send('lost');
  peer.send('lost');
  await link.quiet();
  link.heal();
  await talk(sender, peer);
  expect([sender.stats.messagesReceived, peer.stats.messagesReceived]).toEqual([1, 1]);
});

test('what is on its way, held or injected passes a partition', async () => {
  const network = new Network({ seed: 1 });
  const arrived: string[] = [];
  await network.server.open({ datagram: (bytes) => arrived.push(`${bytes}`), drained() {}, failed() {} });
  const transport = network.client();
  transport.send(Buffer.from('on its way'));
  network.toServer.hold();
  transport.send(Buffer.from('held'));
  network.partition();
  transport.send(Buffer.from('lost'));
  network.inject(Buffer.from('injected'), transport.address);
  network.toServer.release();
  await network.quiet();
  expect(arrived).toEqual(['on its way', 'injected', 'held']);
});

test('a NAT that rebinds takes what is sent to the old port', async () => {
  const { link, client: sender, peer, transport } = await openPair();
  const before = transport.address;
  transport.rebind();
  expect(transport.address).toMatchObject({ address: before.address, family: before.family });
  expect(transport.address.port).not.toBe(before.port);
  peer.send('lost');
  await link.quiet();
  expect(sender.stats.messagesReceived).toBe(0);
  await talk(sender, peer);
});

test('a client that is switched off stays so when its NAT changes', async () => {
  const { link, client: sender, peer, transport } = await openPair();
  transport.unplug();
  transport.rebind();
  peer.send('lost');
  await link.quiet();
  expect(sender.stats.messagesReceived).toBe(0);
});

test('a client with an endpoint comes back over the network when it was lost', async () => {
  const link = new Link();
  const server = await serve(link);
  const { address: host, port } = link.server.address();
  const options = { host, port, endpoint: link.endpoint(), psk, reconnect: { initialDelay: 20 } };
  const association = closeLater(new DtlsAssociation(options)).startHandshake();
  await association.opened;
  const [lost] = [...server.associations];
  const back = once(server, 'secureConnection');
  await lost?.close();
  await back;
  expect(server.associations.size).toBe(1);
});

test('two networks of the same seed do the same to the same datagrams', async () => {
  const arrivals = async (seed: number): Promise<boolean[]> => {
    const network = new Network({ seed });
    network.toServer.impair({ loss: 0.5 });
    const seen = new Set<number>();
    await network.server.open({ datagram: (bytes) => seen.add(bytes[0] as number), drained() {}, failed() {} });
    const transport = network.client();
    for (let n = 0; n < 100; n++) transport.send(Uint8Array.of(n));
    await network.quiet();
    return Array.from({ length: 100 }, (_, n) => seen.has(n));
  };
  expect(await arrivals(7)).toEqual(await arrivals(7));
  expect(await arrivals(7)).not.toEqual(await arrivals(8));
});

describe('a network', () => {
  test('has another seed each time, and tells it', () => {
    expect(new Set(Array.from({ length: 20 }, () => new Network().seed)).size).toBeGreaterThan(1);
    expect(new Network({ seed: 5 }).seed).toBe(5);
  });

  test.each<[string, unknown]>([
    ['seed', -1],
    ['seed', 1.5],
    ['virtualTime', 1],
    ['sead', 1],
  ])('refuses %s: %p', (option, value) => {
    const error = thrown(() => new Network({ [option]: value } as NetworkOptions));
    expect(error).toMatchObject({ code: 'ERR_DTLS_OPTION', option });
  });

  test('gives ports that are free again, and those only', () => {
    const network = new Network();
    const first = network.client();
    first.open({ opened() {}, datagram() {}, drained() {}, failed() {} });
    const ports = Array.from({ length: 64_512 }, () => network.client().address.port);
    expect(ports.filter((port) => port < 1024 || port > 65_535 || port === first.address.port)).toEqual([]);
    expect(new Set(ports).size).toBe(64_511);
  });

  test('refuses a client for which no port is left, unless it has another address', () => {
    const network = new Network();
    const receiver = { opened() {}, datagram() {}, drained() {}, failed() {} };
    for (let n = 0; n < 64_512; n++) network.client().open(receiver);
    expect(thrown(() => network.client()).code).toBe('ERR_DTLS_STATE');
    network.client({ address: '192.0.2.98', port: 1, family: 'IPv4' }).rebind();
  });

  test('spoils the bytes that a receiver keeps', async () => {
    const network = new Network();
    const kept: Uint8Array[] = [];
    await network.server.open({ datagram: (bytes) => kept.push(bytes), drained() {}, failed() {} });
    network.inject(Buffer.from('hello'), network.client().address);
    await network.quiet();
    expect(kept[0]?.every((byte) => byte === 0xee)).toBe(true);
  });

  test('carries associations in real time as well', async () => {
    const network = new Network();
    const server = await serve(network as Link);
    const association = client(network as Link, { transport: network.client() }).startHandshake();
    await association.opened;
    expect(server.associations.size).toBe(1);
  });
});
