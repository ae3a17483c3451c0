import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { type AssociationStats, type DtlsAssociation, DtlsError } from '../../lib';
import { HandshakeType } from '../../lib/handshake/wire';
import { fakeClock } from '../support/clock';
import { rejected } from '../support/errors';
import { dropMessage, Link } from '../support/link';
import { client, key, openPair, serve, talk } from '../support/pair';
import { record, Type } from '../support/wire';

const forged = record(Type.applicationData, Buffer.alloc(60, 7), { epoch: 1, sequence: 40 });

describe('totals', () => {
  /** Every association that had a handshake since the test began. */
  const associations = new Set<DtlsAssociation>();
  const note = (message: unknown): void => {
    associations.add((message as { association: DtlsAssociation }).association);
  };

  beforeEach(() => {
    associations.clear();
    subscribe('dtls-association:handshake', note);
  });

  afterEach(() => {
    unsubscribe('dtls-association:handshake', note);
  });

  /** What they count, those of the server alone. */
  function sums(clients: DtlsAssociation[]): AssociationStats {
    const all = [...associations].filter((association) => !clients.includes(association)).map(({ stats }) => stats);
    const sum = (counters: Array<Record<string, number>>): Record<string, number> =>
      Object.fromEntries(
        Object.keys(counters[0] ?? {}).map((name) => [name, counters.reduce((n, each) => n + (each[name] ?? 0), 0)]),
      );
    const plain = all.map(({ dropped: _, ...rest }) => rest as unknown as Record<string, number>);
    return { ...sum(plain), dropped: sum(all.map(({ dropped }) => dropped)) } as unknown as AssociationStats;
  }

  test('are zeros at first', async () => {
    const server = await serve(new Link());
    expect(server.totals()).toMatchObject({ datagramsReceived: 0, alertsSent: 0, dropped: { forged: 0 } });
  });

  test('add up the counters of all associations, whatever became of them', async () => {
    const { link, server, transport, client: first, peer } = await openPair();
    const second = client(link);
    const stranger = client(link, { psk: { identity: 'mallory', key } });
    await second.startHandshake().opened;
    await rejected(stranger.startHandshake().opened);
    await talk(first, peer);
    link.inject(forged, transport.address);
    link.inject(Buffer.of(0xff), transport.address);
    await link.quiet();
    await second.close();
    transport.unplug();
    const third = client(link, { transport: link.client(transport.address) });
    await third.startHandshake().opened;
    await peer.closed;
    await link.quiet();
    const clients = [first, second, third, stranger];
    expect(associations.size).toBe(8);
    const totals = server.totals();
    expect(totals).toEqual(sums(clients));
    expect(totals).toMatchObject({
      messagesReceived: 1,
      messagesSent: 1,
      alertsReceived: 1,
      alertsSent: 2,
      dropped: { forged: 1, replayed: 0, unwanted: 1 },
    });
    await server.close();
    expect(server.totals()).toEqual(sums(clients));
    expect(server.totals().alertsSent).toBe(3);
  });

  test('are the same at the moment at which an association ends', async () => {
    const { server, client, peer } = await openPair();
    await talk(client, peer);
    const atClose: AssociationStats[] = [];
    peer.on('close', () => atClose.push(server.totals()));
    await client.close();
    await peer.closed;
    expect(atClose).toEqual([peer.stats]);
  });

  test('are counted anew each time, and nobody’s to change', async () => {
    const { server, client, peer } = await openPair();
    const before = server.totals();
    before.messagesReceived += 100;
    before.dropped.forged += 100;
    await talk(client, peer);
    expect(server.totals()).toEqual(peer.stats);
  });
});

describe('stats.handshakesResumed', () => {
  test('counts those of the complete handshakes that resumed a session', async () => {
    const { link, server, client: first } = await openPair();
    const session = first.getSession() as Buffer;
    await client(link, { session }).startHandshake().opened;
    await client(link).startHandshake().opened;
    await link.quiet();
    expect(server.stats).toMatchObject({ handshakesCompleted: 3, handshakesResumed: 1 });
  });
});

describe('stats.handshakeErrors', () => {
  fakeClock();

  test('counts the handshakes that failed by the code of their error', async () => {
    const link = new Link();
    const server = await serve(link, {
      ciphers: 'PSK-AES128-GCM-SHA256',
      pskCallback: (identity) => {
        if (identity === 'throw') throw new Error('sealed');
        return undefined;
      },
    });
    const fail = async (options: Parameters<typeof client>[1]): Promise<void> => {
      await rejected(client(link, options).startHandshake().opened);
      await link.quiet();
    };
    await fail({ psk: { identity: 'mallory', key } });
    await fail({ psk: { identity: 'mallory', key } });
    await fail({ ciphers: 'PSK-AES256-GCM-SHA384' });
    await fail({ psk: { identity: 'throw', key } });
    expect(server.stats).toMatchObject({ handshakesStarted: 4, handshakesFailed: 4 });
    expect(server.stats.handshakeErrors).toEqual({
      ERR_DTLS_PSK_UNKNOWN: 2,
      ERR_DTLS_NO_SHARED_CIPHER: 1,
      ERR_DTLS_PSK_CALLBACK: 1,
    });
  });

  test('counts one that took too long', async () => {
    const link = new Link();
    const server = await serve(link);
    link.toServer.rule = dropMessage(HandshakeType.ClientKeyExchange);
    client(link, { handshakeTimeout: 120_000 }).startHandshake();
    await link.quiet();
    jest.advanceTimersByTime(60_000);
    await link.quiet();
    expect(server.stats.handshakeErrors).toEqual({ ERR_DTLS_HANDSHAKE_TIMEOUT: 1 });
  });

  test('counts no end without an error', async () => {
    const link = new Link();
    const server = await serve(link);
    link.toServer.rule = dropMessage(HandshakeType.ClientKeyExchange);
    client(link).startHandshake();
    await link.quiet();
    await server.close();
    expect(server.stats.handshakesFailed).toBe(1);
    expect(server.stats.handshakeErrors).toEqual({});
  });

  test('counts nothing that befalls an open association', async () => {
    const { server, peer, link } = await openPair();
    const errors: Error[] = [];
    server.on('peerError', (error) => errors.push(error));
    peer.destroy(new DtlsError('ERR_DTLS_ALERT', 'as if'));
    await link.quiet();
    expect(errors).toHaveLength(1);
    expect(server.stats.handshakesFailed).toBe(0);
    expect(server.stats.handshakeErrors).toEqual({});
  });
});
