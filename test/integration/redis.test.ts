import { EventEmitter, once } from 'node:events';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createClient } from 'redis';
import { type ConnectOptions, connect, type DtlsAssociation, type DtlsError, type DtlsServer } from '../../lib';
import { rejected } from '../support/errors';
import { ask, echoServer, open } from '../support/loopback';
import { key, wrongKey } from '../support/pair';
import { describePeer } from '../support/peers/debian';
import { RedisServer, redisProblem } from '../support/peers/redis';

describePeer('keys in Redis', redisProblem, () => {
  let redisServer: RedisServer;
  let redis: ReturnType<typeof createClient>;
  let server: DtlsServer;
  let port: number;
  /** Emits each identity that is looked up. */
  const lookups = new EventEmitter();

  beforeEach(async () => {
    redisServer = await RedisServer.start();
    redis = createClient({ url: redisServer.url, disableOfflineQueue: true });
    // It tells of each attempt to reconnect.
    redis.on('error', () => {});
    await redis.connect();
    await redis.mSet({ 'psk:bob': key.toString('hex'), 'psk:carol': wrongKey.toString('hex') });
    ({ server, port } = await echoServer({
      async pskCallback(identity) {
        lookups.emit(identity);
        const hex = await redis.get(`psk:${identity}`);
        return hex === null ? undefined : Buffer.from(hex, 'hex');
      },
    }));
  });

  afterEach(async () => {
    redis.destroy();
    await redisServer[Symbol.asyncDispose]();
  });

  const optionsOf = (identity: string, session?: Buffer): ConnectOptions => ({
    host: '127.0.0.1',
    port,
    psk: { identity, key },
    session,
  });
  const openAs = (identity: string, session?: Buffer): Promise<DtlsAssociation> =>
    open(port, optionsOf(identity, session));
  const refusedAs = (identity: string): Promise<DtlsError> => rejected(connect(optionsOf(identity)));

  test('a device whose key is there connects, and the server knows whose it was', async () => {
    const accepted = once(server, 'secureConnection') as Promise<[DtlsAssociation]>;
    expect(await ask(await openAs('bob'), 'hello')).toBe('hello');
    expect((await accepted)[0].pskIdentity).toBe('bob');
  });

  test('a device that is not there is refused, and told so', async () => {
    const peerErrors = once(server, 'peerError') as Promise<[DtlsError]>;
    expect(await refusedAs('mallory')).toMatchObject({ code: 'ERR_DTLS_PSK_UNKNOWN', alert: 'unknown_psk_identity' });
    expect((await peerErrors)[0].code).toBe('ERR_DTLS_PSK_UNKNOWN');
  });

  test('a device with another key than the one there is refused', async () => {
    expect((await refusedAs('carol')).code).toBe('ERR_DTLS_PSK_MISMATCH');
  });

  test('a deleted key opens nothing new, but a session that was made with it is resumed', async () => {
    const bob = await openAs('bob');
    await redis.del('psk:bob');
    expect((await refusedAs('bob')).code).toBe('ERR_DTLS_PSK_UNKNOWN');
    expect(await ask(bob, 'still here')).toBe('still here');
    const again = await openAs('bob', bob.getSession());
    expect(again.isSessionReused()).toBe(true);
    expect(await ask(again, 'and back')).toBe('and back');
  });

  test('while Redis is down a device gets internal_error, and all that needs no key goes on', async () => {
    const bob = await openAs('bob');
    const disconnected = once(redis, 'error');
    await redisServer.stop();
    await disconnected;
    const peerErrors = once(server, 'peerError') as Promise<[DtlsError]>;
    expect(await refusedAs('bob')).toMatchObject({ code: 'ERR_DTLS_HANDSHAKE', alert: 'internal_error' });
    expect((await peerErrors)[0]).toMatchObject({ code: 'ERR_DTLS_PSK_CALLBACK', cause: expect.any(Error) });
    await expectOthersGoOn(bob);

    // Not `once`, which rejects with what it tells of an attempt that comes too early.
    const ready = new Promise((resolve) => redis.once('ready', resolve));
    await redisServer.start();
    await ready;
    await redis.set('psk:bob', key.toString('hex'));
    expect(await ask(await openAs('bob'), 'hello again')).toBe('hello again');
  });

  test('a slow Redis stalls only the handshake that waits for it', async () => {
    const bob = await openAs('bob');
    redisServer.pause();
    const asked = once(lookups, 'bob');
    const waiting = openAs('bob');
    await asked;
    await expectOthersGoOn(bob);
    expect(server.stats.handshakesStarted - server.stats.handshakesCompleted).toBe(1);
    redisServer.resume();
    expect(await ask(await waiting, 'at last')).toBe('at last');
  });

  /** Whoever is open, whoever resumes, and whoever has its key in the server's memory. */
  async function expectOthersGoOn(one: DtlsAssociation): Promise<void> {
    const resuming = await openAs('bob', one.getSession());
    expect(resuming.isSessionReused()).toBe(true);
    for (const each of [one, resuming, await openAs('alice')]) expect(await ask(each, 'hello')).toBe('hello');
  }
});
