import { describe, expect, test } from '@jest/globals';
import type { DtlsAssociation, DtlsServer, RemoteAddress } from '../../lib';
import { HandshakeType } from '../../lib/handshake/wire';
import { fakeClock } from '../support/clock';
import { refusals } from '../support/counters';
import { Link } from '../support/link';
import { client, openPair, serve, talk } from '../support/pair';

fakeClock();

describe('a hello to a server that drains', () => {
  function strays(server: DtlsServer): Array<[Buffer, RemoteAddress]> {
    const told: Array<[Buffer, RemoteAddress]> = [];
    server.on('stray', (...stray) => told.push(stray));
    return told;
  }

  test('is counted and told as a stray, and has no answer', async () => {
    const { server, link } = await openPair();
    const told = strays(server);
    const { length } = link.toClient.sent;
    server.drain();
    const transport = link.client();
    client(link, { transport }).startHandshake();
    await link.quiet();
    expect(link.toClient.sent).toHaveLength(length);
    expect(server.stats).toMatchObject({ cookiesSent: 1, handshakesStarted: 1, refused: { draining: 1 } });
    expect(server.stats.dropped).toEqual({ malformed: 0, hello: 0, stray: 0 });
    expect(told).toEqual([[link.toServer.sent.at(-1), transport.address]]);
  });

  test('is so from the address of an open association, too', async () => {
    const { server, link, transport, client: old, peer } = await openPair();
    const told = strays(server);
    server.drain();
    transport.unplug();
    client(link, { transport: link.client(transport.address) }).startHandshake();
    await link.quiet();
    expect(server.stats).toMatchObject({ handshakesStarted: 1, refused: { draining: 1 } });
    expect(told).toEqual([[link.toServer.sent.at(-1), transport.address]]);
    transport.plugIn();
    await talk(old, peer);
  });

  test('is refused with a cookie of before, too', async () => {
    const { server, link } = await openPair();
    link.toServer.rule = (datagram) => {
      if (datagram[13] === HandshakeType.ClientHello && server.stats.cookiesSent === 2) server.drain();
      return [datagram];
    };
    client(link).startHandshake();
    await link.quiet();
    expect(server.stats).toMatchObject({ cookiesSent: 2, handshakesStarted: 1, refused: { draining: 1 } });
  });

  test('is of use to another server, where the whole handshake goes on', async () => {
    const { server, link, client: old, peer } = await openPair();
    const next = new Link();
    const successor = await serve(next);
    server.on('stray', (datagram, from) => successor.inject(datagram, from));
    server.drain();
    const transport = link.client();
    next.toClient.rule = (datagram) => {
      link.injectToClient(datagram, transport.address);
      return [];
    };
    const association = await client(link, { transport }).startHandshake().opened;
    expect(server.stats).toMatchObject({ handshakesStarted: 1, refused: { draining: 2 } });
    expect(successor.stats).toMatchObject({ handshakesCompleted: 1 });
    await talk(association, [...successor.associations][0] as DtlsAssociation);
    await talk(old, peer);
  });

  test('does not go to and fro between servers that all drain', async () => {
    const [one, other] = [await openPair(), await openPair()];
    const servers = [one.server, other.server] as const;
    for (const [i, server] of servers.entries()) {
      server.on('stray', (datagram, from) => servers[1 - i]?.inject(datagram, from));
      server.drain();
    }
    expect(one.transport.address).toEqual(other.transport.address);
    one.transport.unplug();
    client(one.link, { transport: one.link.client(one.transport.address) }).startHandshake();
    await one.link.quiet();
    expect(servers.map(refusals)).toEqual([1, 1]);
    await talk(other.client, other.peer);
  });

  test('is refused by inject', async () => {
    const { server, link, transport } = await openPair();
    server.drain();
    const from = { ...transport.address, port: 61_000 };
    expect(server.inject(link.toServer.sent[0] as Buffer, from)).toBe(false);
    expect(refusals(server)).toBe(1);
  });
});
