import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Writable } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import {
  connect,
  createEndpoint,
  createSecureContext,
  createServer,
  type DtlsAssociation,
  DtlsEndpoint,
  DtlsError,
  DtlsServer,
  PacketCapture,
  SecureContext,
} from '../../lib';
import { Link } from '../support/link';
import { client, closeLater, key, openPair, patient, psk, serve, talk } from '../support/pair';
import { membersOf } from './members';
import { OwnError, throwOwn } from './odd-values';
import { catchUncaught, uncaught } from './stage';
import { MANY_MS, verdictOf } from './verdict';

type Table<T> = Readonly<Record<string | symbol, (one: T) => unknown>>;

const from = { address: '192.0.2.77', port: 7, family: 'IPv4' as const };

const SERVER: Table<DtlsServer> = {
  stats: (one) => one.stats,
  associations: (one) => one.associations,
  handshakes: (one) => one.handshakes,
  listen: (one) => one.listen({ transport: new Link().server }),
  address: (one) => one.address(),
  close: (one) => one.close(),
  drain: (one) => one.drain({ idleFor: 5, deadline: 10 }),
  inject: (one) => one.inject(Buffer.alloc(60), from),
  totals: (one) => one.totals(),
  setSecureContext: (one) => one.setSecureContext({ psk: { alice: key } }),
  setTicketKeys: (one) => one.setTicketKeys(Buffer.alloc(48)),
  setCookieSecret: (one) => one.setCookieSecret(Buffer.alloc(32)),
  ref: (one) => one.ref(),
  unref: (one) => one.unref(),
  [Symbol.asyncDispose]: (one) => one[Symbol.asyncDispose](),
};
const ENDPOINT: Table<DtlsEndpoint> = {
  address: (one) => one.address(),
  close: (one) => one.close(),
  ref: (one) => one.ref(),
  unref: (one) => one.unref(),
  [Symbol.asyncDispose]: (one) => one[Symbol.asyncDispose](),
};
const CAPTURE: Table<PacketCapture> = {
  packetsDropped: (one) => one.packetsDropped,
  close: (one) => one.close(),
  [Symbol.asyncDispose]: (one) => one[Symbol.asyncDispose](),
};
const CONTEXT: Table<SecureContext> = {
  setTicketKeys: (one) => one.setTicketKeys(Buffer.alloc(48)),
};

test.each<[string, { prototype: object }, object, string[]]>([
  ['a server', DtlsServer, SERVER, ['stats']],
  ['an endpoint', DtlsEndpoint, ENDPOINT, []],
  ['a capture', PacketCapture, CAPTURE, []],
  ['a context', SecureContext, CONTEXT, []],
])('every member of %s is in the table', (_, of, table, own) => {
  expect(new Set([...membersOf(of), ...own])).toEqual(new Set(Reflect.ownKeys(table)));
});

test('nothing of a context can be changed but its ticket keys', () => {
  const context = createSecureContext({ psk });
  for (const name of Reflect.ownKeys(context)) expect(() => Object.assign(context, { [name]: 1 })).toThrow(TypeError);
});

/** A server in some state, and a client that speaks with it or would like to. */
interface Scene {
  server: DtlsServer;
  link: Link;
  association: DtlsAssociation;
  letGo(): void;
}

function scene(): Scene {
  const link = new Link();
  const association = client(link);
  void association.closed;
  const server = closeLater(createServer({ psk: { alice: key }, ...patient }));
  server.on('error', () => {});
  return { link, server, association, letGo: () => {} };
}

async function listening(): Promise<Scene> {
  const all = scene();
  await all.server.listen({ transport: all.link.server });
  await all.association.startHandshake().opened;
  await all.link.quiet();
  return all;
}

const STATES: Readonly<Record<string, () => Scene | Promise<Scene>>> = {
  idle: scene,
  binding: () => {
    const all = scene();
    let letGo = (): void => {};
    all.link.server.open = () => {
      return new Promise((resolve) => {
        letGo = resolve;
      });
    };
    all.server.listen({ transport: all.link.server }).catch(() => {});
    return { ...all, letGo: () => letGo() };
  },
  listening,
  'listening, amid a handshake': async () => {
    const all = scene();
    await all.server.listen({ transport: all.link.server });
    all.link.toServer.rule = (datagram, n) => (n < 2 ? [datagram] : []);
    all.association.startHandshake();
    await all.link.quiet();
    expect(all.server.handshakes).toBe(1);
    return all;
  },
  draining: async () => {
    const all = await listening();
    void all.server.drain({ idleFor: 60_000, deadline: 60_000 });
    return all;
  },
  closing: async () => {
    const all = await listening();
    let letGo = (): void => {};
    all.link.server.close = () => {
      return new Promise((resolve) => {
        letGo = resolve;
      });
    };
    void all.server.close();
    await new Promise(setImmediate);
    return { ...all, letGo: () => letGo() };
  },
  closed: async () => {
    const all = await listening();
    await all.server.close();
    return all;
  },
  'closed, never bound': async () => {
    const all = scene();
    await all.server.close();
    return all;
  },
  'closed, for its socket failed': async () => {
    const all = await listening();
    all.link.failServer(new Error('no more'));
    await all.server.close();
    return all;
  },
  'idle, for it could not be bound': async () => {
    const all = scene();
    const open = () => Promise.reject(undefined);
    await all.server.listen({ transport: { ...all.link.server, open } }).catch(() => {});
    return all;
  },
};

const pending: Array<Promise<unknown>> = [];

function use<T>(table: Table<T>, member: string | symbol, one: T): string {
  const verdict = verdictOf(() => {
    const result = table[member]?.(one);
    if (result instanceof Promise) pending.push(result);
  });
  return DtlsError.is(verdict) ? verdict.code : verdict;
}

async function settle(): Promise<string[]> {
  const results = await Promise.allSettled(pending.splice(0));
  return results.map((result) => {
    if (result.status === 'fulfilled') return 'done';
    return DtlsError.is(result.reason) ? result.reason.code : String(result.reason);
  });
}

/** What is answered at once in a state that began so. */
function isRefused(member: string | symbol, state: string): boolean {
  return member === 'address' && !/^(listening|draining)/.test(state);
}

async function expectGoodEnd({ server, link, association, letGo }: Scene): Promise<void> {
  const closed = server.close();
  letGo();
  await closed;
  association.destroy();
  const codes = await settle();
  expect(codes.filter((code) => !['done', 'ERR_DTLS_STATE', 'ERR_DTLS_CLOSED'].includes(code))).toEqual([]);
  expect([server.associations.size, server.handshakes]).toEqual([0, 0]);
  expect(use(SERVER, 'address', server)).toBe('ERR_DTLS_STATE');
  link.toServer.rule = (datagram) => [datagram];
}

describe.each(Object.keys(STATES))('a server that is %s', (state) => {
  const enter = STATES[state] as (typeof STATES)[string];

  test('answers every member, or refuses with ERR_DTLS_STATE; twice, and after the end', async () => {
    for (const member of Reflect.ownKeys(SERVER)) {
      const all = await enter();
      expect([member, use(SERVER, member, all.server)]).toEqual([
        member,
        isRefused(member, state) ? 'ERR_DTLS_STATE' : 'taken',
      ]);
      if (state === 'binding' || state === 'closing') all.letGo();
      use(SERVER, member, all.server);
      await expectGoodEnd(all);
      expect([member, use(SERVER, member, all.server)]).toEqual([
        member,
        member === 'address' ? 'ERR_DTLS_STATE' : 'taken',
      ]);
      await settle();
    }
  });

  test(
    'bears any two of them in any order',
    async () => {
      for (const first of Reflect.ownKeys(SERVER)) {
        for (const second of Reflect.ownKeys(SERVER)) {
          const all = await enter();
          use(SERVER, first, all.server);
          use(SERVER, second, all.server);
          await expectGoodEnd(all);
        }
      }
    },
    MANY_MS,
  );
});

test('a server that could not be bound can be bound later', async () => {
  const all = await (STATES['idle, for it could not be bound'] as () => Promise<Scene>)();
  await all.server.listen({ transport: all.link.server });
  await all.association.startHandshake().opened;
});

describe.each(['native', 'dgram'] as const)('an endpoint on a %s socket', (udp) => {
  const fresh = () => createEndpoint({ localAddress: '127.0.0.1', udp });
  const states: Readonly<Record<string, () => Promise<DtlsEndpoint>>> = {
    open: fresh,
    closing: async () => {
      const endpoint = await fresh();
      void endpoint.close();
      return endpoint;
    },
    closed: async () => {
      const endpoint = await fresh();
      await endpoint.close();
      return endpoint;
    },
  };

  test.each(Object.keys(states))('that is %s bears any two calls in any order', async (state) => {
    for (const first of Reflect.ownKeys(ENDPOINT)) {
      for (const second of Reflect.ownKeys(ENDPOINT)) {
        const endpoint = await (states[state] as () => Promise<DtlsEndpoint>)();
        for (const member of [first, second]) {
          const isOver = state !== 'open' || (member === second && /close|Dispose/.test(String(first)));
          const expected = member === 'address' && isOver ? 'ERR_DTLS_STATE' : 'taken';
          expect([first, second, use(ENDPOINT, member, endpoint)]).toEqual([first, second, expected]);
        }
        await endpoint.close();
        expect((await settle()).filter((code) => code !== 'done')).toEqual([]);
      }
    }
  });

  test('that is closed is of no use to a client, which is told so', async () => {
    const endpoint = await (states.closed as () => Promise<DtlsEndpoint>)();
    const error = await connect({ host: '127.0.0.1', port: 5684, psk, endpoint }).catch((reason) => reason);
    expect(error).toMatchObject({ code: 'ERR_DTLS_SOCKET' });
  });
});

describe('a capture', () => {
  const states: Readonly<Record<string, () => Promise<PacketCapture>>> = {
    open: async () => new PacketCapture(path.join(mkdtempSync(path.join(tmpdir(), 'misuse-')), 'capture.pcapng')),
    closing: async () => {
      const capture = await states.open?.();
      void capture.close();
      return capture;
    },
    closed: async () => {
      const capture = await states.open?.();
      await capture.close();
      return capture;
    },
    failed: async () => {
      const capture = new PacketCapture(
        new Writable({
          write: () => {
            throw undefined;
          },
        }),
      );
      capture.on('error', () => {});
      await new Promise(setImmediate);
      return capture;
    },
  };

  test.each(Object.keys(states))('that is %s bears any two calls in any order', async (state) => {
    for (const first of Reflect.ownKeys(CAPTURE)) {
      for (const second of Reflect.ownKeys(CAPTURE)) {
        const capture = await states[state]?.();
        expect([use(CAPTURE, first, capture), use(CAPTURE, second, capture)]).toEqual(['taken', 'taken']);
        await capture.close();
        expect((await settle()).filter((code) => code !== 'done')).toEqual([]);
      }
    }
  });

  test('that is closed while it is in use costs its packets and nothing else', async () => {
    const capture = await states.open?.();
    const link = new Link();
    const server = await serve(link, { capture });
    const association = client(link);
    server.on('secureConnection', (peer) => peer.on('message', (data) => peer.send(data)));
    await association.startHandshake().opened;
    await capture.close();
    const [answer] = await Promise.all([
      new Promise((resolve) => association.once('message', resolve)),
      association.send('still there?'),
    ]);
    expect(String(answer)).toBe('still there?');
  });

  test.each<[string, (capture: PacketCapture) => unknown]>([
    ['closes it', (capture) => capture.close()],
    ['throws', throwOwn],
    ['removes all listeners', (capture) => capture.removeAllListeners()],
  ])('whose listener of error %s costs its packets and nothing else', async (what, act) => {
    catchUncaught();
    const capture = new PacketCapture(
      new Writable({ write: (_chunk, _encoding, done) => done(new Error('disk full')) }),
    );
    capture.on('error', () => act(capture));
    const { client: one, peer } = await openPair({ server: { capture } });
    await new Promise(setImmediate);
    await talk(one, peer);
    await capture.close();
    expect(uncaught).toEqual(what === 'throws' ? [expect.any(OwnError)] : []);
  });
});
