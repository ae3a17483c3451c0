import { once } from 'node:events';
import { describe, expect, jest, test } from '@jest/globals';
import { createServer, type DtlsAssociation } from '../../lib';
import { HandshakeType } from '../../lib/handshake/wire';
import { fakeClock } from '../support/clock';
import { rejected, thrown } from '../support/errors';
import { deliverAll, dropMessage, Link } from '../support/link';
import { client, closeLater, key, openPair, patient, serve, talk } from '../support/pair';

fakeClock();

const idleFor = 800;
/** An idle association is found within an eighth of the time. */
const found = 900;

/** Whether a promise is settled, by now. */
async function isSettled(link: Link, promise: Promise<unknown>): Promise<boolean> {
  await link.quiet();
  const pending = Symbol('pending');
  return (await Promise.race([promise, Promise.resolve(pending)])) !== pending;
}

/** Milliseconds pass, and whatever they set in motion. */
async function pass(link: Link, ms: number): Promise<void> {
  jest.advanceTimersByTime(ms);
  await link.quiet();
}

/** A client of which the server waits to hear. */
async function halfWay(link: Link): Promise<DtlsAssociation> {
  link.toServer.rule = dropMessage(HandshakeType.ClientKeyExchange);
  const association = client(link, { handshakeTimeout: 120_000 }).startHandshake();
  await link.quiet();
  link.toServer.rule = deliverAll;
  return association;
}

describe('a server that drains', () => {
  test('closes an idle association with close_notify, and then itself', async () => {
    const { server, client, peer, link } = await openPair();
    const events: string[] = [];
    server.on('close', () => events.push('close'));
    const drained = server.drain({ idleFor });
    await pass(link, idleFor - 1);
    expect([peer.state, await isSettled(link, drained)]).toEqual(['open', false]);
    await pass(link, found - idleFor + 1);
    expect(await peer.closed).toEqual({ reason: 'drained' });
    expect(await client.closed).toEqual({ reason: 'peer' });
    await drained;
    expect(events).toEqual(['close']);
    expect(server.stats).toMatchObject({ drained: 1, expired: 0 });
    expect(link.serverIsOpen).toBe(false);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('keeps a busy one until it is idle, both ways', async () => {
    const { server, client, peer, link } = await openPair();
    const drained = server.drain({ idleFor });
    for (let i = 0; i < 10; i++) {
      await pass(link, 700);
      await talk(client, peer);
    }
    expect(server.associations).toEqual(new Set([peer]));
    await pass(link, found);
    expect(await peer.closed).toEqual({ reason: 'drained' });
    await drained;
    expect(server.stats.drained).toBe(1);
  });

  test('closes at the deadline whatever is left', async () => {
    const { server, client, peer, link } = await openPair();
    const drained = server.drain({ idleFor, deadline: 3000 });
    for (let i = 0; i < 5; i++) {
      await pass(link, 599);
      await talk(client, peer);
    }
    expect(await isSettled(link, drained)).toBe(false);
    await pass(link, 5);
    await drained;
    expect(await peer.closed).toEqual({ reason: 'local' });
    expect(await client.closed).toEqual({ reason: 'peer' });
    expect(server.stats.drained).toBe(0);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('by default waits for a second without a message, and for 30 seconds at most', async () => {
    const { server, link } = await openPair();
    const busy = client(link);
    await busy.startHandshake().opened;
    await link.quiet();
    const drained = server.drain();
    for (let i = 0; i < 29; i++) {
      busy.send('still here');
      await pass(link, 999);
      expect(server.associations.size).toBe(i < 1 ? 2 : 1);
    }
    busy.send('still here');
    await pass(link, 1028);
    expect(await isSettled(link, drained)).toBe(false);
    await pass(link, 1);
    await drained;
    expect(server.stats.drained).toBe(1);
  });

  test('does not take what it sends itself for a sign of life', async () => {
    const { server, peer, link } = await openPair();
    server.drain({ idleFor });
    for (let i = 0; i < 3; i++) {
      peer.send('are you there?');
      await pass(link, found / 3);
    }
    expect(await peer.closed).toEqual({ reason: 'drained' });
  });

  test('counts the time from its beginning, whatever idleTimeout has seen', async () => {
    const { server, peer, link } = await openPair({ server: { idleTimeout: 8000 } });
    await pass(link, 7500);
    server.drain({ idleFor: 4000 });
    await pass(link, 3999);
    expect(peer.state).toBe('open');
    await pass(link, 501);
    expect(await peer.closed).toEqual({ reason: 'drained' });
    expect(server.stats).toMatchObject({ drained: 1, expired: 0 });
  });

  test('closes as soon as the last client is gone', async () => {
    const { server, client, link } = await openPair();
    const drained = server.drain();
    await client.close();
    await drained;
    expect(server.stats.drained).toBe(0);
    expect(link.serverIsOpen).toBe(false);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('still has its address, but cannot listen anew', async () => {
    const { server, link } = await openPair();
    server.drain();
    expect(server.address()).toEqual({ address: '192.0.2.1', port: 22334, family: 'IPv4' });
    const error = await rejected(server.listen({ transport: link.server }));
    expect(error).toMatchObject({ code: 'ERR_DTLS_STATE', message: expect.stringContaining('draining') });
  });

  test('ends with an error when its socket fails', async () => {
    const { server, link, peer } = await openPair();
    const errors: unknown[] = [];
    server.on('error', (error) => errors.push(error));
    const drained = server.drain();
    link.failServer(new Error('the interface is gone'));
    await drained;
    expect(errors).toMatchObject([{ code: 'ERR_DTLS_SOCKET' }]);
    expect(await peer.closed).toEqual({ reason: 'local' });
    expect(jest.getTimerCount()).toBe(0);
  });
});

describe('handshakes that run when a server drains', () => {
  test('end without a word, as an error of nobody', async () => {
    const { server, link, client: open, peer } = await openPair();
    const errors: unknown[] = [];
    server.on('peerError', (error) => errors.push(error));
    const association = await halfWay(link);
    expect(server.stats.handshakesStarted).toBe(2);
    const { length } = link.toClient.sent;
    server.drain({ idleFor });
    await link.quiet();
    expect(server.stats).toMatchObject({ handshakesFailed: 1, drained: 0 });
    expect(server.stats.handshakeErrors).toEqual({});
    expect(errors).toEqual([]);
    expect(link.toClient.sent).toHaveLength(length);
    expect(association.state).toBe('handshaking');
    await talk(open, peer);
  });

  test('are all that keeps it', async () => {
    const link = new Link();
    const server = await serve(link);
    const association = await halfWay(link);
    await server.drain();
    expect(server.stats.handshakesFailed).toBe(1);
    expect(link.serverIsOpen).toBe(false);
    await association.close();
    expect(jest.getTimerCount()).toBe(0);
  });

  test('end beside an open association of their address, which goes on', async () => {
    const { server, link, transport, client: old, peer } = await openPair();
    transport.unplug();
    link.toServer.rule = dropMessage(HandshakeType.ClientKeyExchange);
    client(link, { transport: link.client(transport.address) }).startHandshake();
    await link.quiet();
    link.toServer.rule = deliverAll;
    expect(server.stats.handshakesStarted).toBe(2);
    server.drain({ idleFor });
    expect(server.stats.handshakesFailed).toBe(1);
    transport.plugIn();
    await talk(old, peer);
  });
});

describe('drain', () => {
  test('of a server without associations is close', async () => {
    const link = new Link();
    const server = await serve(link);
    const closed = once(server, 'close');
    await server.drain();
    await closed;
    expect(link.serverIsOpen).toBe(false);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('twice is once; the second one waits, too, and its options change nothing', async () => {
    const { server, peer, link } = await openPair();
    const drained = server.drain({ idleFor });
    await pass(link, 400);
    const again = server.drain({ idleFor: 80_000, deadline: 0 });
    await pass(link, 100);
    expect(await isSettled(link, again)).toBe(false);
    await pass(link, found - 500);
    await Promise.all([drained, again]);
    expect(await peer.closed).toEqual({ reason: 'drained' });
    expect(jest.getTimerCount()).toBe(0);
  });

  test('and then close ends at once', async () => {
    const { server, peer, client } = await openPair();
    const drained = server.drain();
    await server.close();
    await drained;
    expect(await peer.closed).toEqual({ reason: 'local' });
    expect(await client.closed).toEqual({ reason: 'peer' });
    expect(jest.getTimerCount()).toBe(0);
  });

  test('after close resolves when the server is closed', async () => {
    const { server, link, peer } = await openPair();
    let close = (): void => {};
    link.server.close = () =>
      new Promise((resolve) => {
        close = resolve;
      });
    server.close();
    const drained = server.drain();
    await peer.closed;
    expect(await isSettled(link, drained)).toBe(false);
    close();
    await drained;
    await server.drain();
    expect(server.stats.drained).toBe(0);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('before listen ends the server', async () => {
    const server = createServer({ psk: { alice: key } });
    await server.drain();
    expect((await rejected(server.listen({ transport: new Link().server }))).code).toBe('ERR_DTLS_STATE');
    expect(thrown(() => server.address()).message).toContain('closed');
  });

  test('while the socket is bound ends the server', async () => {
    const link = new Link();
    const server = createServer({ psk: { alice: key } });
    const listening = server.listen({ transport: link.server });
    const drained = server.drain();
    expect((await rejected(listening)).code).toBe('ERR_DTLS_CLOSED');
    await drained;
    expect(link.serverIsOpen).toBe(false);
  });

  test('in a listener of secureConnection keeps the new association until it is idle', async () => {
    const link = new Link();
    const server = closeLater(createServer({ psk: { alice: key }, ...patient }));
    let drained: Promise<void> | undefined;
    server.on('secureConnection', () => {
      drained = server.drain({ idleFor });
    });
    await server.listen({ transport: link.server });
    const association = await client(link).startHandshake().opened;
    await link.quiet();
    await talk(association, [...server.associations][0] as DtlsAssociation);
    await pass(link, found + 100);
    await drained;
    expect(await association.closed).toEqual({ reason: 'peer' });
  });

  test('in a listener of close and of a peer that is drained does no harm', async () => {
    const { server, peer, link } = await openPair();
    const drained: Array<Promise<void>> = [];
    peer.on('close', () => drained.push(server.drain(), server.close()));
    server.on('close', () => drained.push(server.drain()));
    drained.push(server.drain({ idleFor }));
    await pass(link, found);
    await Promise.all(drained);
    expect(drained).toHaveLength(4);
    expect(server.stats.drained).toBe(1);
  });
});
