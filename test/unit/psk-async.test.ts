import { once } from 'node:events';
import { beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { DtlsError } from '../../lib';
import { fakeClock } from '../support/clock';
import { rejected } from '../support/errors';
import { key, openPair, psk, quick, talk, wrongKey } from '../support/pair';
import { type Authority, authority, type Certified } from '../support/pki';
import { type Answer, clientWaits, peerOf, serverWaits, type Waiting } from '../support/psk-waiting';

type Role = 'server' | 'client';

const roles: Array<[Role, typeof serverWaits]> = [
  ['server', serverWaits],
  ['client', clientWaits],
];

/** What each side tells of a handshake that fails: the one whose callback it is, and its peer. */
async function failures(
  role: Role,
  { server, association }: Waiting,
  settle: () => void,
): Promise<{ own: DtlsError; peer: DtlsError }> {
  const peerErrors = once(server, 'peerError') as Promise<[DtlsError]>;
  const opened = rejected(association.opened);
  settle();
  const [ofServer, ofClient] = [(await peerErrors)[0], await opened];
  return role === 'server' ? { own: ofServer, peer: ofClient } : { own: ofClient, peer: ofServer };
}

/** The promise settles when nobody waits any more: nothing is sent, and nobody is told. */
async function expectSettlingDoesNothing(waiting: Waiting, settle: 'resolve' | 'reject'): Promise<void> {
  const { link, answer, association, server, good } = waiting;
  await link.quiet();
  const sent = [link.toServer.sent.length, link.toClient.sent.length];
  const { state } = association;
  const told: unknown[] = [];
  const note = (reason: unknown) => told.push(reason);
  server.on('peerError', note);
  association.on('error', note);
  process.on('unhandledRejection', note);
  if (settle === 'resolve') answer.resolve(good);
  else answer.reject(new Error('too late'));
  await link.quiet();
  process.off('unhandledRejection', note);
  expect([link.toServer.sent.length, link.toClient.sent.length]).toEqual(sent);
  expect(association.state).toBe(state);
  expect(told).toEqual([]);
}

describe.each(roles)('a promise of the pskCallback of a %s', (role, waits) => {
  const keyed = (bytes: Uint8Array): Answer => (role === 'server' ? bytes : { identity: 'alice', key: bytes });
  /** What OpenSSL tells the peer when there is no key. */
  const alert = role === 'server' ? 'unknown_psk_identity' : 'handshake_failure';

  test('that resolves later: the handshake goes on', async () => {
    const waiting = await waits();
    expect(waiting.server.associations.size).toBe(0);
    waiting.answer.resolve(waiting.good);
    await waiting.association.opened;
    await waiting.link.quiet();
    expect(waiting.association.handshake).toMatchObject({ flightsSent: 3, retransmits: 0 });
    await talk(waiting.association, peerOf(waiting));
  });

  test('that rejects ends the handshake with that very error, and the peer hears of it', async () => {
    const cause = new Error('the database is gone');
    const waiting = await waits();
    const { own, peer } = await failures(role, waiting, () => waiting.answer.reject(cause));
    expect(own.code).toBe('ERR_DTLS_PSK_CALLBACK');
    expect(own.cause).toBe(cause);
    expect(own.message).toMatch(/was refused: the pskCallback failed: the database is gone\.$/);
    // Not that of an unknown identity: the device may try again.
    expect([own.alert, peer.alert]).toEqual(['internal_error', 'internal_error']);
    expect(peer).not.toHaveProperty('cause');
  });

  test.each([undefined, null])('that resolves to %p: nobody has the key', async (nothing) => {
    const waiting = await waits();
    const { own, peer } = await failures(role, waiting, () => waiting.answer.resolve(nothing));
    expect(own.code).toBe('ERR_DTLS_PSK_UNKNOWN');
    expect(own).not.toHaveProperty('cause');
    expect(peer.alert).toBe(alert);
    if (role === 'server') expect(peer.code).toBe('ERR_DTLS_PSK_UNKNOWN');
  });

  test.each<[string, unknown, string]>([
    ['text', '1a2b', 'ERR_DTLS_OPTION'],
    ['a number', 7, 'ERR_DTLS_OPTION'],
    ['what the other role answers', role === 'server' ? psk : key, 'ERR_DTLS_OPTION'],
    ['a key that is too long', keyed(Buffer.alloc(257)), 'ERR_DTLS_PSK_KEY'],
    ['an empty key', keyed(Buffer.alloc(0)), 'ERR_DTLS_PSK_KEY'],
  ])('that resolves to %s is a fault of the callback', async (_, wrong, code) => {
    const waiting = await waits();
    const { own, peer } = await failures(role, waiting, () => waiting.answer.resolve(wrong as Answer));
    expect(own).toMatchObject({ code: 'ERR_DTLS_PSK_CALLBACK', cause: { code } });
    expect(peer.alert).toBe('internal_error');
  });

  test('with a wrong key is noticed as such', async () => {
    const waiting = await waits({ client: quick, server: quick });
    const { own, peer } = await failures(role, waiting, () => waiting.answer.resolve(keyed(wrongKey)));
    expect([own.code, peer.code]).toEqual(['ERR_DTLS_PSK_MISMATCH', 'ERR_DTLS_PSK_MISMATCH']);
  });

  test('may be any thenable, even one whose then() returns nothing', async () => {
    // biome-ignore lint/suspicious/noThenProperty: a thenable is what this is about.
    const thenable = { then: (resolve: (value: Answer) => void) => void setImmediate(resolve, keyed(key)) };
    const pskCallback = () => thenable as never;
    const { client, peer } = await openPair(
      role === 'server' ? { server: { psk: undefined, pskCallback } } : { client: { pskCallback } },
    );
    await talk(client, peer);
  });

  test('that is slow is waited for: the peer repeats itself, and nobody asks or sends anything again', async () => {
    const waiting = await waits({ client: quick, server: quick });
    const { toServer, toClient } = waiting.link;
    const [fromPeer, fromUs] = role === 'server' ? [toServer, toClient] : [toClient, toServer];
    const before = { peer: fromPeer.sent.length, us: fromUs.sent.length };
    // The timers are OpenSSL's, so there is no event to wait for.
    while (fromPeer.sent.length < before.peer + 3) await new Promise((resolve) => setTimeout(resolve, 5));
    await waiting.link.quiet();
    expect(fromUs.sent.length).toBe(before.us);
    waiting.answer.resolve(waiting.good);
    await waiting.association.opened;
    await waiting.link.quiet();
    expect(waiting.asked).toHaveLength(1);
    await talk(waiting.association, peerOf(waiting));
  });

  describe('that the deadline overtakes', () => {
    fakeClock();

    test('is named in the message', async () => {
      const waiting = await waits({ [role === 'server' ? 'client' : 'server']: { handshakeTimeout: 120_000 } });
      const { server, association } = waiting;
      const failed = role === 'server' ? once(server, 'peerError') : rejected(association.opened).then((e) => [e]);
      jest.advanceTimersByTime(59_999);
      expect(association.state).toBe('handshaking');
      expect(server.stats.handshakesFailed).toBe(0);
      jest.advanceTimersByTime(1);
      const [error] = (await failed) as [DtlsError];
      expect(error.code).toBe('ERR_DTLS_HANDSHAKE_TIMEOUT');
      expect(error.message).toMatch(/took 60\.0 s, waiting for the pskCallback to answer\.$/);
      await expectSettlingDoesNothing(waiting, 'resolve');
    });
  });

  const ends: Array<[string, (waiting: Waiting) => unknown]> =
    role === 'server'
      ? [['close() of the server', ({ server }) => server.close()]]
      : [
          ['close()', ({ association }) => association.close()],
          ['destroy()', ({ association }) => association.destroy()],
        ];

  test.each(ends.flatMap(([name, end]) => (['resolve', 'reject'] as const).map((how) => ({ name, end, how }))))(
    'may $how after $name: nothing happens',
    async ({ end, how }) => {
      const waiting = await waits();
      await end(waiting);
      await expectSettlingDoesNothing(waiting, how);
    },
  );
});

test('an abort ends a client that waits for its pskCallback, and the answer does nothing any more', async () => {
  const controller = new AbortController();
  const waiting = await clientWaits({ client: { signal: controller.signal } });
  controller.abort();
  expect(await rejected(waiting.association.opened)).toMatchObject({ code: 'ABORT_ERR' });
  await expectSettlingDoesNothing(waiting, 'resolve');
});

test('a client does not take for a wrong key what its server repeated while the pskCallback was asked', async () => {
  const waiting = await clientWaits({
    client: { mtu: 256 },
    server: {
      mtu: 256,
      pskIdentityHint: 'h'.repeat(128),
      ciphers: 'ECDHE-PSK-CHACHA20-POLY1305',
      retransmit: { initial: 20, max: 20 },
    },
  });
  const { link, association } = waiting;
  // Six repetitions of two datagrams.
  while (link.toClient.sent.length < 15) await new Promise((resolve) => setTimeout(resolve, 5));
  await link.quiet();
  // The clock jumps between our Finished and the repetitions, as it does when memory is collected.
  const now = performance.now.bind(performance);
  let lateMs = 0;
  const clock = jest.spyOn(performance, 'now').mockImplementation(() => now() + lateMs);
  association.on('infoMessage', () => {
    lateMs += 10_000;
  });
  waiting.answer.resolve(waiting.good);
  await association.opened.finally(() => clock.mockRestore());
  await link.quiet();
  await talk(association, peerOf(waiting));
});

describe('both sides ask for the key', () => {
  let ca: Authority;
  let server: Certified;

  beforeAll(async () => {
    ca = await authority({ keyType: 'rsa-2048' });
    server = await ca.issue({ keyType: 'rsa-2048' });
  });

  const suites = [
    'PSK-AES128-GCM-SHA256',
    'ECDHE-PSK-CHACHA20-POLY1305',
    'DHE-PSK-AES128-GCM-SHA256',
    'RSA-PSK-AES128-GCM-SHA256',
  ];

  test.each(suites.flatMap((ciphers) => [1200, 256].map((mtu) => ({ ciphers, mtu }))))(
    'for $ciphers, in datagrams of at most $mtu bytes',
    async ({ ciphers, mtu }) => {
      const identity = 'i'.repeat(128);
      const hint = 'h'.repeat(128);
      const asked: string[] = [];
      const later = async <T>(question: string, answer: T): Promise<T> => {
        asked.push(question);
        await new Promise(setImmediate);
        return answer;
      };
      const withCertificate = ciphers.startsWith('RSA');
      const pair = await openPair({
        client: {
          ciphers,
          mtu,
          pskCallback: (question) => later(question, { identity, psk: key }),
          ...(withCertificate && { ca: ca.cert }),
        },
        server: {
          ciphers,
          mtu,
          psk: undefined,
          pskIdentityHint: hint,
          pskCallback: (question) => later(question, key),
          ...(withCertificate && { cert: server.chain, key: server.key }),
        },
      });
      expect(asked).toEqual([hint, identity]);
      expect(pair.client.getCipher()?.name).toBe(ciphers);
      expect(pair.client.getPeerCertificate().raw).toEqual(withCertificate ? server.der : undefined);
      expect([...pair.link.toServer.sent, ...pair.link.toClient.sent].every(({ length }) => length <= mtu)).toBe(true);
      await talk(pair.client, pair.peer);
    },
  );
});
