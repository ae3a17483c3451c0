import { describe, expect, jest, test } from '@jest/globals';
import type { DtlsAssociation } from '../../lib';
import { HandshakeType } from '../../lib/handshake/wire';
import { fakeClock } from '../support/clock';
import { deliverAll, dropMessage, Link, type LinkClient } from '../support/link';
import { client, openPair, serve, talk } from '../support/pair';
import { record, Type } from '../support/wire';

describe('maxHandshakes', () => {
  /** A server with a single place, and clients that have an association each. */
  async function crowded(clients: number) {
    const link = new Link();
    const server = await serve(link, { limits: { maxHandshakes: 1 } });
    const transports: LinkClient[] = [];
    for (let i = 0; i < clients; i++) {
      const transport = link.client();
      transports.push(transport);
      await client(link, { transport }).startHandshake().opened;
    }
    await link.quiet();
    return { link, server, transports };
  }

  /** Another client comes up at the address, and gets as far as its second hello. */
  async function halfOpen(link: Link, transport: LinkClient): Promise<DtlsAssociation> {
    transport.unplug();
    link.toServer.rule = dropMessage(HandshakeType.ClientKeyExchange);
    const association = client(link, { transport: link.client(transport.address) }).startHandshake();
    await link.quiet();
    return association;
  }

  test('bounds the handshakes of addresses that have an association, too', async () => {
    const { link, server, transports } = await crowded(3);
    for (const transport of transports) await halfOpen(link, transport);
    expect(server.stats).toMatchObject({ handshakesStarted: 4, refused: { maxHandshakes: 2 } });
    expect(server.associations.size).toBe(3);
  });

  test('lets an address begin its own handshake anew', async () => {
    const { link, server, transports } = await crowded(1);
    const first = await halfOpen(link, transports[0] as LinkClient);
    await halfOpen(link, transports[0] as LinkClient);
    expect(first.state).toBe('handshaking');
    expect(server.stats).toMatchObject({ handshakesStarted: 3, handshakesFailed: 1, refused: { maxHandshakes: 0 } });
  });

  test('lets newcomers in when the handshake of a known address is complete', async () => {
    const { link, server, transports } = await crowded(2);
    link.toServer.rule = deliverAll;
    (transports[0] as LinkClient).unplug();
    await client(link, { transport: link.client((transports[0] as LinkClient).address) }).startHandshake().opened;
    await link.quiet();
    expect(server.stats).toMatchObject({ replaced: 1, refused: { maxHandshakes: 0 } });
    const newcomer = await client(link).startHandshake().opened;
    await link.quiet();
    expect(server.associations.size).toBe(3);
    await talk(newcomer, [...server.associations].at(-1) as DtlsAssociation);
  });
});

describe('an association whose peer is silent ends by idleTimeout', () => {
  fakeClock();

  const forged: Record<string, Buffer> = {
    garbage: Buffer.from('what is this?'),
    'records with the keys of nobody': record(Type.applicationData, Buffer.alloc(60, 7), { epoch: 1, sequence: 99 }),
    'plain records': record(Type.alert, Buffer.of(2, 40)),
  };

  test.each(Object.entries(forged))('whatever %s come from its address', async (_, bytes) => {
    const { server, peer, link, transport } = await openPair({ server: { idleTimeout: 8000 } });
    for (let i = 0; i < 9; i++) {
      link.inject(bytes, transport.address);
      await link.quiet();
      jest.advanceTimersByTime(1000);
    }
    expect(await peer.closed).toEqual({ reason: 'idle' });
    expect(peer.stats).toMatchObject({ messagesReceived: 0 });
    expect(server.stats.expired).toBe(1);
  });

  test('even when a genuine message is replayed', async () => {
    const { client, peer, link, transport } = await openPair({ server: { idleTimeout: 8000 } });
    client.send('once');
    await link.quiet();
    const genuine = link.toServer.sent.at(-1) as Buffer;
    // The tick at which the message itself counts, and eight without any.
    for (let i = 0; i < 9; i++) {
      jest.advanceTimersByTime(1000);
      link.inject(genuine, transport.address);
      await link.quiet();
    }
    expect(await peer.closed).toEqual({ reason: 'idle' });
    expect(peer.stats.messagesReceived).toBe(1);
  });
});
