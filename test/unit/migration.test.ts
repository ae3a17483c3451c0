import { describe, expect, jest, test } from '@jest/globals';
import type { DtlsAssociation } from '../../lib';
import { fakeClock } from '../support/clock';
import { Link } from '../support/link';
import { type Device, destinations, neighbour, newPort, rebind, texts, unsent } from '../support/moving';
import { client, openPair, serve, talk } from '../support/pair';

fakeClock();

/** An association stays for a second at least. */
const stay = 1000;

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
