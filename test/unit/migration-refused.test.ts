import { describe, expect, jest, test } from '@jest/globals';
import { HandshakeType } from '../../lib/handshake/wire';
import { fakeClock } from '../support/clock';
import { deliverAll, dropMessage, Link } from '../support/link';
import { forged, neighbour, newPort, rebind, texts, unsent } from '../support/moving';
import { client, openPair, type Pair, serve, talk } from '../support/pair';
import { record, Type } from '../support/wire';

fakeClock();

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
    ['two records in a datagram', Buffer.concat([forged(1), forged(2)])],
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
