import { afterEach, describe, expect, jest, test } from '@jest/globals';
import type { DtlsAssociation, DtlsServer, RemoteAddress } from '../../lib';
import { HandshakeType } from '../../lib/handshake/wire';
import { fakeClock } from '../support/clock';
import { deliverAll, dropMessage, Link, type LinkClient } from '../support/link';
import { client, messages, openPair, type Pair, serve, talk } from '../support/pair';
import { record, Type } from '../support/wire';

fakeClock();

afterEach(() => {
  jest.restoreAllMocks();
});

const newPort = 61_000;
/** An association stays for a second at least. */
const stay = 1000;

/** The NAT gives the device another port, or the network another address. */
function rebind({ transport }: { transport: LinkClient }, change: Partial<RemoteAddress> = { port: newPort }): void {
  transport.address = { ...transport.address, ...change };
}

/** The datagrams of messages that the device sends, which do not arrive. */
function unsent({ link, client }: Pick<Pair, 'link' | 'client'>, ...texts: string[]): Buffer[] {
  const { rule } = link.toServer;
  link.toServer.rule = () => [];
  for (const text of texts) client.send(text);
  link.toServer.rule = rule;
  return link.toServer.sent.slice(-texts.length);
}

/** The texts of all messages from now on. */
function texts(association: DtlsAssociation): string[] {
  const list: string[] = [];
  association.on('message', (data) => list.push(data.toString()));
  return list;
}

/** Where the server sends to from now on. */
function destinations({ server }: Link): number[] {
  const ports: number[] = [];
  const { send } = server;
  server.send = (datagram, to) => {
    ports.push(to.port);
    return send(datagram, to);
  };
  return ports;
}

/** Another device of the address, with its association at the server. */
async function neighbour({ link, server }: Pick<Pair, 'link' | 'server'>, address?: string): Promise<Device> {
  const transport = link.client();
  if (address !== undefined) rebind({ transport }, { address });
  const association = await client(link, { transport }).startHandshake().opened;
  await link.quiet();
  return { link, transport, client: association, peer: [...server.associations].at(-1) as DtlsAssociation };
}

type Device = Pick<Pair, 'link' | 'transport' | 'client' | 'peer'>;

/** A record of the number that is nobody's. */
const forged = (sequence: number): Buffer => record(Type.applicationData, Buffer.alloc(60, 7), { epoch: 1, sequence });

describe('a device whose port changes', () => {
  test('goes on, and so does its association', async () => {
    const pair = await openPair();
    const { server, client, peer } = pair;
    rebind(pair);
    await talk(client, peer);
    expect(peer.remote).toEqual(pair.transport.address);
    expect(server.associations).toEqual(new Set([peer]));
    expect(server.stats).toMatchObject({ handshakesStarted: 1, migrated: 1 });
    expect(server.stats.dropped).toEqual({ malformed: 0, hello: 0, stray: 0 });
    await talk(client, peer);
    expect(server.stats.migrated).toBe(1);
  });

  test('is told of by the association, then by the server, then by its message', async () => {
    const pair = await openPair();
    const { server, peer, transport } = pair;
    const events: unknown[][] = [];
    server.on('addressChange', (...args) => events.push(['server', ...args]));
    peer.on('addressChange', (...args) => events.push(['association', ...args, peer.remote]));
    peer.on('message', (data) => events.push(['message', data.toString()]));
    const from = transport.address;
    rebind(pair);
    const to = transport.address;
    pair.client.send('here I am');
    await pair.link.quiet();
    expect(events).toEqual([
      ['association', from, to, to],
      ['server', peer, from, to],
      ['message', 'here I am'],
    ]);
  });

  test('gets everything at the new port, and nothing at the old one', async () => {
    const pair = await openPair();
    const { link, peer } = pair;
    const ports = destinations(link);
    peer.send('before');
    rebind(pair);
    await talk(pair.client, peer);
    peer.send('after');
    await peer.close();
    expect(ports).toEqual([50_000, newPort, newPort, newPort]);
    await link.quiet();
    expect(await pair.client.closed).toEqual({ reason: 'peer' });
  });

  test('is counted as any other sender', async () => {
    const pair = await openPair();
    const { datagramsReceived, bytesReceived } = pair.peer.stats;
    const [datagram] = unsent(pair, 'here I am') as [Buffer];
    pair.link.inject(datagram, { ...pair.transport.address, port: newPort });
    await pair.link.quiet();
    expect(pair.peer.stats).toMatchObject({
      datagramsReceived: datagramsReceived + 1,
      bytesReceived: bytesReceived + datagram.length,
      messagesReceived: 1,
      dropped: { forged: 0, replayed: 0, unwanted: 0 },
    });
  });

  test('may move on once in a second', async () => {
    const pair = await openPair();
    const { client, peer, server, link } = pair;
    rebind(pair);
    await talk(client, peer);
    for (const port of [newPort + 1, newPort + 2]) {
      rebind(pair, { port });
      jest.advanceTimersByTime(stay - 1);
      client.send('too early');
      await link.quiet();
      expect(peer.remote.port).not.toBe(port);
      jest.advanceTimersByTime(1);
      await talk(client, peer);
      expect(peer.remote.port).toBe(port);
    }
    expect(server.stats).toMatchObject({ migrated: 3, dropped: { stray: 2 } });
    expect(server.associations).toEqual(new Set([peer]));
  });

  test('may move back at any time', async () => {
    const pair = await openPair();
    const { client, peer, server } = pair;
    const first = pair.transport.address.port;
    for (const port of [newPort, first, newPort, first]) {
      rebind(pair, { port });
      await talk(client, peer);
      expect(peer.remote.port).toBe(port);
    }
    expect(server.stats).toMatchObject({ migrated: 4, dropped: { stray: 0 } });
  });

  test('and that closes its association from there is understood', async () => {
    const pair = await openPair();
    const { link, peer, server } = pair;
    const ports = destinations(link);
    const events: string[] = [];
    peer.on('addressChange', () => events.push('addressChange'));
    peer.on('close', ({ reason }) => events.push(reason));
    rebind(pair);
    await pair.client.close();
    await link.quiet();
    expect(events).toEqual(['addressChange', 'peer']);
    // The answer.
    expect(ports).toEqual([newPort]);
    expect(server.stats.migrated).toBe(1);
    expect(server.associations.size).toBe(0);
  });

  test('and that starts anew from the old one gets another association', async () => {
    const pair = await openPair();
    const { link, server, peer } = pair;
    const { address } = pair.transport;
    rebind(pair);
    await talk(pair.client, peer);
    const transport = link.client(address);
    const association = await client(link, { transport }).startHandshake().opened;
    await link.quiet();
    expect(server.stats).toMatchObject({ handshakesCompleted: 2, replaced: 0 });
    expect(server.associations.size).toBe(2);
    await talk(association, [...server.associations].at(-1) as DtlsAssociation);
    await talk(pair.client, peer);
  });

  test('and that starts anew from the new one gets another association in its place', async () => {
    const pair = await openPair();
    const { link, server, peer } = pair;
    rebind(pair);
    await talk(pair.client, peer);
    pair.transport.unplug();
    const transport = link.client(pair.transport.address);
    await client(link, { transport }).startHandshake().opened;
    expect(await peer.closed).toEqual({ reason: 'replaced' });
    expect(server.stats.replaced).toBe(1);
  });

  test('is found by a record that another socket received', async () => {
    const pair = await openPair();
    const { server, peer, transport } = pair;
    const told = texts(peer);
    const [datagram] = unsent(pair, 'by another worker') as [Buffer];
    rebind(pair);
    // As it comes from another worker: no Buffer any more.
    expect(server.inject(Uint8Array.from(datagram), transport.address)).toBe(true);
    expect(told).toEqual(['by another worker']);
    await talk(pair.client, peer);
    expect(server.stats.migrated).toBe(1);
  });

  test('goes on while the server drains', async () => {
    const pair = await openPair();
    const { server, peer, link } = pair;
    const drained = server.drain({ idleFor: 800 });
    rebind(pair);
    await talk(pair.client, peer);
    expect(peer.remote.port).toBe(newPort);
    jest.advanceTimersByTime(1000);
    await link.quiet();
    await drained;
    expect(await peer.closed).toEqual({ reason: 'drained' });
    expect(await pair.client.closed).toEqual({ reason: 'peer' });
  });

  test('is watched for idleTimeout as before', async () => {
    const pair = await openPair({ server: { idleTimeout: 8000 } });
    const { peer, link } = pair;
    jest.advanceTimersByTime(7000);
    rebind(pair);
    await talk(pair.client, peer);
    jest.advanceTimersByTime(7999);
    expect(peer.state).toBe('open');
    jest.advanceTimersByTime(1001);
    await link.quiet();
    expect(await peer.closed).toEqual({ reason: 'idle' });
    expect(await pair.client.closed).toEqual({ reason: 'peer' });
  });

  test('keeps its place among those of its address, until it ends', async () => {
    const pair = await openPair({ server: { limits: { maxAssociationsPerAddress: 1 } } });
    const { link, server, peer } = pair;
    rebind(pair);
    await talk(pair.client, peer);
    client(link).startHandshake();
    await link.quiet();
    expect(server.stats.refused.maxAssociationsPerAddress).toBe(1);
    await pair.client.close();
    await link.quiet();
    await neighbour(pair);
    expect(server.associations.size).toBe(1);
  });
});

describe('the address of a device', () => {
  test('must stay the same', async () => {
    const pair = await openPair();
    const told = texts(pair.peer);
    rebind(pair, { address: '192.0.2.100' });
    pair.client.send('from abroad');
    await pair.link.quiet();
    expect(told).toEqual([]);
    expect(pair.server.stats).toMatchObject({ migrated: 0, dropped: { stray: 1 } });
    expect(pair.peer.stats.dropped.forged).toBe(0);
  });

  test('must stay the same within a /64, too: others may live there', async () => {
    const link = new Link();
    const server = await serve(link);
    const address = { address: '2001:db8:1:2::1', port: 50_000, family: 'IPv6' } as const;
    const transport = link.client(address);
    const device = { transport, client: client(link, { transport }) };
    await device.client.startHandshake().opened;
    await link.quiet();
    const [peer] = [...server.associations] as [DtlsAssociation];
    rebind(device);
    await talk(device.client, peer);
    rebind(device, { address: '2001:db8:1:2:aaaa::1' });
    jest.advanceTimersByTime(stay);
    device.client.send('from next door');
    await link.quiet();
    expect(server.stats).toMatchObject({ migrated: 1, dropped: { stray: 1 } });
  });

  test('may not change at all without the option', async () => {
    const pair = await openPair({ server: { migration: false } });
    rebind(pair);
    pair.client.send('who is this?');
    await pair.link.quiet();
    expect(pair.server.stats).toMatchObject({ migrated: 0, dropped: { stray: 1 } });
    expect(pair.peer.stats).toMatchObject({ messagesReceived: 0, dropped: { forged: 0 } });
    expect(pair.server.inject(pair.link.toServer.sent.at(-1) as Buffer, pair.transport.address)).toBe(false);
  });
});

describe('of several devices behind one address', () => {
  test('the right one moves', async () => {
    const pair = await openPair();
    const devices: Device[] = [pair, await neighbour(pair), await neighbour(pair)];
    for (const [i, device] of devices.entries()) {
      rebind(device, { port: newPort + i });
      await talk(device.client, device.peer);
    }
    expect(devices.map(({ peer }) => peer.remote.port)).toEqual([61_000, 61_001, 61_002]);
    expect(pair.server.stats).toMatchObject({ migrated: 3, dropped: { stray: 0 } });
    for (const { client, peer } of devices) await talk(client, peer);
  });

  test('the right one moves even when another one is nearer by its number', async () => {
    const pair = await openPair();
    const other = await neighbour(pair);
    for (let i = 0; i < 3; i++) await talk(other.client, other.peer);
    // Number 4, which is the next of the other one.
    unsent(pair, 'lost', 'lost', 'lost');
    rebind(pair);
    await talk(pair.client, pair.peer);
    expect(pair.peer.remote.port).toBe(newPort);
    expect(other.peer.remote).toEqual(other.transport.address);
    await talk(other.client, other.peer);
    expect(pair.server.stats.migrated).toBe(1);
  });

  test('each finds its own, though all their numbers are alike', async () => {
    const pair = await openPair();
    const devices: Device[] = [];
    for (let i = 0; i < 40; i++) devices.push(await neighbour(pair));
    for (const [i, device] of devices.entries()) {
      rebind(device, { port: newPort + i });
      await talk(device.client, device.peer);
    }
    expect(pair.server.stats).toMatchObject({ migrated: 40, dropped: { stray: 0 } });
    expect(devices.every(({ peer }) => peer.stats.dropped.forged === 0)).toBe(true);
  });
});

describe('an association does not move for', () => {
  /** Nothing has come of a datagram from another port. */
  async function expectUnmoved({ server, peer, client, transport }: Pair): Promise<void> {
    expect(server.stats.migrated).toBe(0);
    expect(peer.remote).toEqual(transport.address);
    await talk(client, peer);
  }

  async function fromElsewhere({ link, transport }: Pair, datagram: Buffer): Promise<void> {
    link.inject(datagram, { ...transport.address, port: newPort });
    await link.quiet();
  }

  test('a record that has come before', async () => {
    const pair = await openPair();
    await talk(pair.client, pair.peer);
    const told = texts(pair.peer);
    await fromElsewhere(pair, pair.link.toServer.sent.at(-1) as Buffer);
    expect(told).toEqual([]);
    expect(pair.server.stats.dropped.stray).toBe(1);
    await expectUnmoved(pair);
  });

  test('the Finished of its handshake', async () => {
    const pair = await openPair();
    await fromElsewhere(pair, pair.link.toServer.sent.at(-1) as Buffer);
    await expectUnmoved(pair);
  });

  test('one that the network has held back, though it never came', async () => {
    const pair = await openPair();
    const told = texts(pair.peer);
    const [old] = unsent(pair, 'old') as [Buffer];
    await talk(pair.client, pair.peer);
    await fromElsewhere(pair, old);
    expect(told).toEqual(['are you there?']);
    await expectUnmoved(pair);
    pair.link.inject(old, pair.transport.address);
    await pair.link.quiet();
    expect(told.at(-1)).toBe('old');
  });

  test('one that is forged, for which it is not to blame', async () => {
    const pair = await openPair();
    const [genuine] = unsent(pair, 'genuine') as [Buffer];
    const damaged = Buffer.from(genuine);
    damaged[damaged.length - 1] = ~(damaged.at(-1) as number) & 0xff;
    const { datagramsReceived } = pair.peer.stats;
    await fromElsewhere(pair, damaged);
    expect(pair.peer.stats).toMatchObject({ datagramsReceived, dropped: { forged: 0, replayed: 0, unwanted: 0 } });
    expect(pair.server.stats.dropped.stray).toBe(1);
    await expectUnmoved(pair);
  });

  test('one of another server', async () => {
    const pair = await openPair();
    const other = await openPair();
    const [foreign] = unsent(other, 'foreign') as [Buffer];
    await fromElsewhere(pair, foreign);
    await expectUnmoved(pair);
  });

  test('two of them in one datagram', async () => {
    const pair = await openPair();
    await fromElsewhere(pair, Buffer.concat(unsent(pair, 'one', 'two')));
    await expectUnmoved(pair);
  });

  test('one that is more than 4096 records ahead, which is not even tried', async () => {
    const pair = await openPair();
    const [last, beyond] = unsent(pair, ...Array<string>(4097).fill('lost')).slice(-2) as [Buffer, Buffer];
    await fromElsewhere(pair, beyond);
    expect(pair.server.stats).toMatchObject({ migrated: 0, dropped: { stray: 1 } });
    await fromElsewhere(pair, forged(4097));
    expect(pair.peer.stats.dropped.forged).toBe(0);
    await fromElsewhere(pair, last);
    expect(pair.server.stats.migrated).toBe(1);
  });

  test('one that comes in the turn in which it opens, before anybody can listen', async () => {
    const first = await openPair();
    const { link, server } = first;
    const session = first.client.getSession() as Buffer;
    const transport = link.client();
    // Both hellos. The client's side of a resumed handshake is complete before that of the server.
    const hellos = link.toServer.sent.length + 2;
    link.toServer.rule = (datagram, n) => (n < hellos ? [datagram] : []);
    const association = await client(link, { transport, session }).startHandshake().opened;
    association.send('in a hurry');
    const [last, message] = link.toServer.sent.slice(-2) as [Buffer, Buffer];
    server.inject(last, transport.address);
    expect(server.stats).toMatchObject({ handshakesCompleted: 2, handshakesResumed: 1 });
    expect(server.inject(message, { ...transport.address, port: newPort })).toBe(false);
    expect(server.stats.migrated).toBe(0);
  });

  test('anything of a handshake that is not complete', async () => {
    const link = new Link();
    const server = await serve(link);
    const other = await neighbour({ link, server });
    const transport = link.client();
    link.toServer.rule = dropMessage(HandshakeType.ClientKeyExchange);
    client(link, { transport }).startHandshake();
    await link.quiet();
    link.toServer.rule = deliverAll;
    const flight = link.toServer.sent.at(-1) as Buffer;
    link.inject(flight, { ...transport.address, port: newPort });
    await link.quiet();
    expect(server.stats).toMatchObject({ handshakesStarted: 2, handshakesCompleted: 1, migrated: 0 });
    expect(server.stats.dropped).toEqual({ malformed: 0, hello: 0, stray: 1 });
    link.inject(flight, transport.address);
    await link.quiet();
    expect(server.stats.handshakesCompleted).toBe(2);
    await talk(other.client, other.peer);
  });
});

describe('trials of records of unknown senders', () => {
  /** So many use up what one address has in a second; two addresses, what all have. Looking costs a tenth of trying. */
  const perAddress = 10_000 / 1.1;

  /** So many forgeries from another port of the device's address. */
  async function flood({ link, transport }: Pick<Pair, 'link' | 'transport'>, count: number): Promise<void> {
    for (let i = 0; i < count; i++) link.inject(forged(1), { ...transport.address, port: 1000 });
    await link.quiet();
  }

  test('are limited for each address and second; no other address suffers', async () => {
    const pair = await openPair();
    const other = await neighbour(pair, '192.0.2.100');
    await flood(pair, perAddress);
    const told = texts(pair.peer);
    rebind(pair);
    pair.client.send('let me in');
    await pair.link.quiet();
    expect(told).toEqual([]);
    rebind(other);
    await talk(other.client, other.peer);
    expect(other.peer.remote.port).toBe(newPort);
    jest.advanceTimersByTime(1000);
    await talk(pair.client, pair.peer);
    expect(pair.peer.remote.port).toBe(newPort);
  });

  test('are limited in all', async () => {
    const pair = await openPair();
    const devices = [await neighbour(pair, '198.51.100.1'), await neighbour(pair, '198.51.100.2')];
    for (const device of devices) await flood(device, perAddress);
    rebind(pair);
    pair.client.send('let me in');
    await pair.link.quiet();
    expect(pair.server.stats.migrated).toBe(0);
    jest.advanceTimersByTime(1000);
    await talk(pair.client, pair.peer);
    expect(pair.server.stats.migrated).toBe(1);
  });

  test.each([
    ['keep-alives', record(Type.applicationData, Buffer.alloc(0))],
    ['noise', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
    ['records of handshakes', record(Type.handshake, Buffer.alloc(60))],
  ])('are not used up by %s', async (_, datagram) => {
    const pair = await openPair();
    const from = { ...pair.transport.address, port: 1000 };
    // Even to look at them would use up all.
    for (let i = 0; i < 100_001; i++) pair.link.arriveAtServer(datagram, from);
    rebind(pair);
    pair.client.send('here I am');
    await pair.link.quiet();
    expect(pair.peer.remote.port).toBe(newPort);
  });

  test('are not used up from addresses where no association is open', async () => {
    const pair = await openPair();
    const { link } = pair;
    link.toServer.rule = dropMessage(HandshakeType.ClientKeyExchange);
    const transports = [1, 2].map((i) => link.client({ ...pair.transport.address, address: `198.51.100.${i}` }));
    for (const transport of transports) client(link, { transport }).startHandshake();
    await link.quiet();
    link.toServer.rule = deliverAll;
    for (const transport of transports) await flood({ link, transport }, perAddress);
    rebind(pair);
    pair.client.send('here I am');
    await pair.link.quiet();
    expect(pair.peer.remote.port).toBe(newPort);
  });

  test('may run out in the middle of those for one record', async () => {
    const pair = await openPair();
    for (let i = 0; i < 29; i++) await neighbour(pair);
    // All thirty have the same number: each record costs 30 trials and as many looks. One trial is left.
    await flood(pair, Math.floor(perAddress / 30));
    rebind(pair);
    pair.client.send('let me in');
    await pair.link.quiet();
    expect(pair.server.stats.migrated).toBe(0);
  });

  test('begin with the nearest by number', async () => {
    const pair = await openPair();
    const device = await neighbour(pair);
    for (let i = 0; i < 3; i++) await talk(device.client, device.peer);
    // A forgery is tried on the other one only, but both are looked at. A single trial is left.
    await flood(pair, Math.floor(10_000 / 1.2));
    rebind(device);
    device.client.send('here I am');
    await device.link.quiet();
    expect(device.peer.remote.port).toBe(newPort);
  });

  test('that authenticate nothing count against nobody', async () => {
    const pair = await openPair({ server: { limits: { maxForgedRecords: 1 } } });
    await flood(pair, 5);
    expect(pair.peer.stats.dropped.forged).toBe(0);
    await talk(pair.client, pair.peer);
  });
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
    expect(server.stats).toMatchObject({ migrated: 1, handshakesFailed: 1, refused: { maxAssociations: 1 } });
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
