import { once } from 'node:events';
import { describe, expect, jest, test } from '@jest/globals';
import type { DtlsAssociation, DtlsServer, RemoteAddress, ServerLimits, ServerOptions } from '../../lib';
import { HandshakeType } from '../../lib/handshake/wire';
import type { RefusalReason } from '../../lib/stats';
import { fakeClock } from '../support/clock';
import { refusals } from '../support/counters';
import { rejected } from '../support/errors';
import { deliverAll, dropMessage, Link, type LinkClient } from '../support/link';
import { client, key, serve, talk } from '../support/pair';
import { record, Type } from '../support/wire';

fakeClock();

const here = '192.0.2.99';
const elsewhere = '192.0.2.100';

let port = 40_000;

/** A client at a port of its own. */
function at(link: Link, address: string): LinkClient {
  return link.client({ address, port: port++, family: address.includes(':') ? 'IPv6' : 'IPv4' });
}

/** A server, and clients of many addresses. */
class Fleet {
  private constructor(
    readonly link: Link,
    readonly server: DtlsServer,
  ) {}

  static async of(limits: ServerLimits, options: Partial<ServerOptions> = {}): Promise<Fleet> {
    const link = new Link();
    return new Fleet(link, await serve(link, { limits, ...options }));
  }

  /** A client, as far as its handshake gets. */
  async begin(address: string | LinkClient = here): Promise<DtlsAssociation> {
    const transport = typeof address === 'string' ? at(this.link, address) : address;
    const association = client(this.link, { transport, handshakeTimeout: 3_600_000 }).startHandshake();
    await this.link.quiet();
    return association;
  }

  /** A handshake that the server waits for. */
  async beginForEver(address: string | LinkClient = here): Promise<DtlsAssociation> {
    this.link.toServer.rule = dropMessage(HandshakeType.ClientKeyExchange);
    const association = await this.begin(address);
    this.link.toServer.rule = deliverAll;
    expect(association.state).toBe('handshaking');
    return association;
  }

  /** The server's side of the association that opened last. */
  get peer(): DtlsAssociation {
    return [...this.server.associations].at(-1) as DtlsAssociation;
  }
}

/** What a limit of 1 lets in, and no more than that. */
const fillers: Array<[RefusalReason, string, (fleet: Fleet, address: string) => Promise<DtlsAssociation>]> = [
  ['maxHandshakesPerAddress', 'a handshake', (fleet, address) => fleet.beginForEver(address)],
  ['maxAssociationsPerAddress', 'an open association', (fleet, address) => fleet.begin(address)],
  ['maxAssociationsPerAddress', 'a handshake', (fleet, address) => fleet.beginForEver(address)],
  ['handshakesPerSecondPerAddress', 'a complete handshake', (fleet, address) => fleet.begin(address)],
];

describe.each(fillers)('%s, after %s,', (limit, _, fill) => {
  test('refuses one more in silence, and counts it under its name', async () => {
    const fleet = await Fleet.of({ [limit]: 1 });
    await fill(fleet, here);
    const { length } = fleet.link.toClient.sent;
    const late = await fleet.begin();
    // But for the cookie.
    expect(fleet.link.toClient.sent).toHaveLength(length + 1);
    expect(late.state).toBe('handshaking');
    expect(fleet.server.stats.refused[limit]).toBe(1);
    expect(fleet.server.stats).toMatchObject({ cookiesSent: 2, handshakesStarted: 1, handshakesFailed: 0 });
    expect(refusals(fleet.server)).toBe(1);
  });

  test('stops no other address', async () => {
    const fleet = await Fleet.of({ [limit]: 1 });
    await fill(fleet, here);
    const association = await fleet.begin(elsewhere);
    expect(association.state).toBe('open');
    await talk(association, fleet.peer);
    expect(refusals(fleet.server)).toBe(0);
  });

  test('counts the addresses of one /64 together, and those of its neighbour apart', async () => {
    const fleet = await Fleet.of({ [limit]: 1 });
    await fill(fleet, '2001:db8:1:2::1');
    await fleet.begin('2001:db8:1:2:3:4:5:6');
    expect(fleet.server.stats.refused[limit]).toBe(1);
    expect((await fleet.begin('2001:db8:1:3::1')).state).toBe('open');
  });
});

test('handshakesPerSecond refuses one more of anybody in silence, until the second is over', async () => {
  const fleet = await Fleet.of({ handshakesPerSecond: 2 });
  await fleet.begin(here);
  await fleet.begin(elsewhere);
  const { length } = fleet.link.toClient.sent;
  const late = await fleet.begin('192.0.2.101');
  expect(fleet.link.toClient.sent).toHaveLength(length + 1);
  expect(late.state).toBe('handshaking');
  expect(fleet.server.stats.refused).toMatchObject({ handshakesPerSecond: 1, handshakesPerSecondPerAddress: 0 });
  jest.advanceTimersByTime(1000);
  expect((await fleet.begin('192.0.2.101')).state).toBe('open');
});

test('handshakesPerSecondPerAddress lets the address in again when the second is over', async () => {
  const fleet = await Fleet.of({ handshakesPerSecondPerAddress: 1 });
  await fleet.begin();
  jest.advanceTimersByTime(999);
  expect((await fleet.begin()).state).toBe('handshaking');
  jest.advanceTimersByTime(1);
  expect((await fleet.begin()).state).toBe('open');
});

describe('a place among the handshakes of an address is free again', () => {
  const endings: Record<string, (fleet: Fleet) => Promise<unknown>> = {
    'when one is complete': (fleet) => fleet.begin(),
    'when the time for one is over': async (fleet) => {
      await fleet.beginForEver();
      jest.advanceTimersByTime(60_000);
    },
    'when one fails': async (fleet) => {
      const transport = at(fleet.link, here);
      const stranger = client(fleet.link, { transport, psk: { identity: 'mallory', key } });
      await rejected(stranger.startHandshake().opened);
    },
    'when somebody forges an alert for one': async (fleet) => {
      const transport = at(fleet.link, here);
      await fleet.beginForEver(transport);
      fleet.link.inject(record(Type.alert, Buffer.of(2, 40), { sequence: 9 }), transport.address);
    },
    'when a handshake that replaced one is complete': async (fleet) => {
      const transport = at(fleet.link, here);
      await fleet.beginForEver(transport);
      transport.unplug();
      await fleet.begin(fleet.link.client(transport.address));
    },
    'when the association that it would have replaced outlives it': async (fleet) => {
      const transport = at(fleet.link, here);
      await fleet.begin(transport);
      transport.unplug();
      await fleet.beginForEver(fleet.link.client(transport.address));
      jest.advanceTimersByTime(60_000);
    },
  };

  test.each(Object.entries(endings))('%s', async (_, end) => {
    const fleet = await Fleet.of({ maxHandshakesPerAddress: 1 });
    await end(fleet);
    await fleet.link.quiet();
    expect((await fleet.begin()).state).toBe('open');
    expect(refusals(fleet.server)).toBe(0);
  });
});

describe('a place among the associations of an address is free again', () => {
  const endings: Record<string, (fleet: Fleet, association: DtlsAssociation) => unknown> = {
    'when the client closes it': (_, association) => association.close(),
    'when the server closes it': ({ peer }) => peer.close(),
    'when the server destroys it': ({ peer }) => {
      peer.on('error', () => {});
      peer.destroy(new Error('enough of this'));
    },
    'when it was idle for too long': () => jest.advanceTimersByTime(9000),
    'when too much was forged': ({ link, peer }) => {
      link.inject(record(Type.applicationData, Buffer.alloc(60, 7), { epoch: 1, sequence: 50 }), peer.remote);
    },
    'when another one replaced it, and ended': async (fleet) => {
      const replacement = await fleet.begin(fleet.link.client(fleet.peer.remote));
      expect(fleet.server.stats.replaced).toBe(1);
      await replacement.close();
    },
  };

  test.each(Object.entries(endings))('%s', async (_, end) => {
    const limits = { maxAssociationsPerAddress: 1, maxForgedRecords: 1 };
    const fleet = await Fleet.of(limits, { idleTimeout: 8000 });
    await end(fleet, await fleet.begin());
    await fleet.link.quiet();
    expect(fleet.server.associations.size).toBe(0);
    expect((await fleet.begin()).state).toBe('open');
    expect(refusals(fleet.server)).toBe(0);
  });
});

describe('a handshake from the address and port of another', () => {
  async function restart(fleet: Fleet, { remote }: { remote: RemoteAddress }): Promise<DtlsAssociation> {
    return fleet.begin(fleet.link.client(remote));
  }

  test('takes the place of it, and no other', async () => {
    const fleet = await Fleet.of({ maxHandshakesPerAddress: 1, maxAssociationsPerAddress: 1 });
    const transport = at(fleet.link, here);
    await fleet.beginForEver(transport);
    expect((await restart(fleet, { remote: transport.address })).state).toBe('open');
    expect(refusals(fleet.server)).toBe(0);
    expect((await fleet.begin()).state).toBe('handshaking');
    expect(fleet.server.stats.refused.maxAssociationsPerAddress).toBe(1);
  });

  test('that was to replace an open association takes its place, too', async () => {
    const fleet = await Fleet.of({ maxHandshakesPerAddress: 1, maxAssociationsPerAddress: 1 });
    await fleet.begin();
    const { peer } = fleet;
    await fleet.beginForEver(fleet.link.client(peer.remote));
    expect((await restart(fleet, peer)).state).toBe('open');
    expect(await peer.closed).toEqual({ reason: 'replaced' });
    expect(refusals(fleet.server)).toBe(0);
  });

  test('counts for what may begin in a second', async () => {
    const fleet = await Fleet.of({ handshakesPerSecondPerAddress: 1 });
    const transport = at(fleet.link, here);
    await fleet.beginForEver(transport);
    expect((await restart(fleet, { remote: transport.address })).state).toBe('handshaking');
    expect(fleet.server.stats).toMatchObject({ handshakesStarted: 1, refused: { handshakesPerSecondPerAddress: 1 } });
  });

  test('that is open already needs a place among the handshakes only', async () => {
    const fleet = await Fleet.of({ maxHandshakesPerAddress: 1, maxAssociationsPerAddress: 2 });
    await fleet.begin();
    const { peer } = fleet;
    const busy = at(fleet.link, here);
    await fleet.beginForEver(busy);
    expect((await restart(fleet, peer)).state).toBe('handshaking');
    expect(fleet.server.stats.refused).toMatchObject({ maxHandshakesPerAddress: 1, maxAssociationsPerAddress: 0 });
    const closed = once(peer, 'close');
    await restart(fleet, { remote: busy.address });
    expect((await restart(fleet, peer)).state).toBe('open');
    expect(await closed).toEqual([{ reason: 'replaced' }]);
  });
});
