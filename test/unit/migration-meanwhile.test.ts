import { afterEach, describe, expect, jest, test } from '@jest/globals';
import type { DtlsAssociation, DtlsServer } from '../../lib';
import { HandshakeType } from '../../lib/handshake/wire';
import { fakeClock } from '../support/clock';
import { deliverAll, dropMessage, type Link, type LinkClient } from '../support/link';
import { destinations, neighbour, newPort, rebind, texts, unsent } from '../support/moving';
import { client, messages, openPair, talk } from '../support/pair';
import { record, Type } from '../support/wire';

fakeClock();

afterEach(() => {
  jest.restoreAllMocks();
});

describe('a listener of addressChange', () => {
  test('that closes the association ends it there, without its message', async () => {
    const pair = await openPair();
    const { link, peer, server } = pair;
    const ports = destinations(link);
    const told = texts(peer);
    peer.on('addressChange', () => void peer.close());
    rebind(pair);
    const { datagramsReceived } = server.totals();
    pair.client.send('no more');
    await link.quiet();
    expect(told).toEqual([]);
    expect(ports).toEqual([newPort]);
    expect(await pair.client.closed).toEqual({ reason: 'peer' });
    expect(server.associations.size).toBe(0);
    expect(server.totals()).toMatchObject({ datagramsReceived: datagramsReceived + 1, messagesReceived: 0 });
  });

  test('that leads another device to its association spoils no message', async () => {
    const pair = await openPair();
    const other = await neighbour(pair);
    const [datagram] = unsent(other, 'and here am I') as [Buffer];
    pair.peer.on('addressChange', (_from, to) => pair.server.inject(datagram, { ...to, port: newPort + 1 }));
    const told = [texts(pair.peer), texts(other.peer)];
    rebind(pair);
    pair.client.send('here I am');
    await pair.link.quiet();
    expect(told).toEqual([['here I am'], ['and here am I']]);
  });

  test('that closes the server ends all', async () => {
    const pair = await openPair();
    pair.server.on('addressChange', (_association: DtlsAssociation) => void pair.server.close());
    rebind(pair);
    pair.client.send('no more');
    expect(await pair.peer.closed).toEqual({ reason: 'local' });
    expect(await pair.client.closed).toEqual({ reason: 'peer' });
  });

  test('that closes the association when the device closes it does no harm', async () => {
    const pair = await openPair();
    pair.peer.on('addressChange', () => void pair.peer.close());
    rebind(pair);
    await pair.client.close();
    await pair.link.quiet();
    expect(await pair.peer.closed).toEqual({ reason: 'local' });
  });

  test('that sends reaches the device where it is now', async () => {
    const pair = await openPair();
    const ports = destinations(pair.link);
    const answers = messages(pair.client, 2);
    pair.peer.on('addressChange', () => pair.peer.send('from the association'));
    pair.server.on('addressChange', (association) => association.send('from the server'));
    const told = texts(pair.peer);
    rebind(pair);
    pair.client.send('here I am');
    expect(await answers).toEqual(['from the association', 'from the server']);
    expect(ports).toEqual([newPort, newPort]);
    expect(told).toEqual(['here I am']);
  });

  test('that throws stops neither the move nor the message', async () => {
    const pair = await openPair();
    const later: Array<() => void> = [];
    jest.spyOn(process, 'nextTick').mockImplementation((callback) => later.push(callback as () => void));
    const thrower = (text: string) => (): never => {
      throw new Error(text);
    };
    pair.peer.on('addressChange', thrower('at the association'));
    pair.server.on('addressChange', thrower('at the server'));
    const told = texts(pair.peer);
    rebind(pair);
    pair.client.send('here I am');
    await pair.link.quiet();
    expect(told).toEqual(['here I am']);
    expect(later).toHaveLength(2);
    expect(later[0]).toThrow('at the association');
    expect(later[1]).toThrow('at the server');
  });
});

describe('a new handshake at the old port, whose association moves meanwhile,', () => {
  /** Somebody else has got the port of the device, which is about to show itself at another one. */
  async function meeting(options: Parameters<typeof openPair>[0] = {}) {
    const pair = await openPair(options);
    const { link, server, transport } = pair;
    const newcomer = link.client(transport.address);
    rebind(pair);
    link.toServer.rule = dropMessage(HandshakeType.ClientKeyExchange);
    const association = client(link, { transport: newcomer, retransmit: { initial: 20 } }).startHandshake();
    await link.quiet();
    link.toServer.rule = deliverAll;
    expect(server.stats.handshakesStarted).toBe(2);
    return { ...pair, newcomer, association };
  }

  async function completeHandshake(link: Link, server: DtlsServer, { address }: LinkClient): Promise<void> {
    const flight = link.toServer.sent.findLast((datagram) => datagram[13] === HandshakeType.ClientKeyExchange);
    link.inject(flight as Buffer, address);
    await link.quiet();
    expect(server.stats.handshakesCompleted).toBe(2);
  }

  test('is completed, and replaces nobody', async () => {
    const { link, server, client: device, peer, newcomer, association } = await meeting();
    await talk(device, peer);
    expect(server.stats).toMatchObject({ handshakesStarted: 2, handshakesFailed: 0, migrated: 1 });
    await completeHandshake(link, server, newcomer);
    expect(server.stats.replaced).toBe(0);
    expect(server.associations.size).toBe(2);
    await talk(association, [...server.associations].at(-1) as DtlsAssociation);
    await talk(device, peer);
  });

  test('ends when the server has no room for both', async () => {
    const limits = { maxAssociationsPerAddress: 1 };
    const { server, client: device, peer } = await meeting({ server: { limits } });
    await talk(device, peer);
    expect(server.stats).toMatchObject({ migrated: 1, handshakesFailed: 1, refused: { maxAssociationsPerAddress: 1 } });
    expect([...server.associations]).toEqual([peer]);
    expect(server.handshakes).toBe(0);
  });

  test('replaces it when it is complete before', async () => {
    const { link, server, client: device, peer, newcomer } = await meeting();
    await completeHandshake(link, server, newcomer);
    expect(await peer.closed).toEqual({ reason: 'replaced' });
    device.send('too late');
    await link.quiet();
    expect(server.stats).toMatchObject({ replaced: 1, migrated: 0 });
  });

  test('that fails leaves nothing behind at the port', async () => {
    const { link, server, client: device, peer, newcomer } = await meeting();
    await talk(device, peer);
    link.inject(record(Type.alert, Buffer.of(2, 40), { sequence: 9 }), newcomer.address);
    await link.quiet();
    expect(server.stats.handshakesFailed).toBe(1);
    expect(server.inject(Buffer.from('garbage'), newcomer.address)).toBe(false);
    await talk(device, peer);
  });
});
