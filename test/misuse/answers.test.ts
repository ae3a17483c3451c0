import { beforeAll, describe, expect, test } from '@jest/globals';
import { type ConnectOptions, createSecureContext, DtlsError, type ServerOptions } from '../../lib';
import { Link } from '../support/link';
import { client, key, quick, serve } from '../support/pair';
import { authority } from '../support/pki';
import { ODD_NAMES, type OddName, odd, throwOwn } from './odd-values';
import { DOCUMENTED_CODES, MANY_MS } from './verdict';

let cert: { cert: string; key: string };
let ca: string;

beforeAll(async () => {
  const issuer = await authority();
  const { chain, key } = await issuer.issue();
  cert = { cert: chain, key };
  ca = issuer.cert;
});

/** What an odd value is answered as. */
type Answers = (value: unknown) => unknown;

const at = (value: unknown): unknown => value;
const later = async (value: unknown): Promise<unknown> => value;

interface Sides {
  client?: Partial<ConnectOptions>;
  server?: Partial<ServerOptions>;
}

interface Question {
  /** Options in which a callback answers so. */
  sides(answer: () => unknown): Sides;
  /** What lets the handshake complete. */
  good: OddName[];
  answers?: Answers[];
}

const FALSY: OddName[] = ['undefined', 'null', 'false', 'zero', 'NaN', 'an empty string'];
const withCertificate = (client: object, server: object = {}): Sides => ({
  client: { psk: undefined, ca, ...client },
  server: { ...cert, ...server },
});

const QUESTIONS: Readonly<Record<string, Question>> = {
  'pskCallback of a client': {
    sides: (pskCallback) => ({ client: { psk: undefined, pskCallback: pskCallback as never } }),
    good: [],
    answers: [at, later],
  },
  'the identity of its answer': {
    sides: (identity) => ({
      client: { psk: undefined, pskCallback: () => ({ identity: identity() as never, psk: key }) },
    }),
    good: [],
  },
  'the key of its answer': {
    sides: (psk) => ({ client: { psk: undefined, pskCallback: () => ({ identity: 'alice', psk: psk() as never }) } }),
    good: [],
  },
  'pskCallback of a server': {
    sides: (pskCallback) => ({ server: { psk: { bob: key }, pskCallback: pskCallback as never } }),
    good: [],
    answers: [at, later],
  },
  checkServerIdentity: {
    sides: (check) => withCertificate({ checkServerIdentity: check as never }),
    good: FALSY,
  },
  verifyPeer: {
    sides: (verifyPeer) => withCertificate({ verifyPeer: verifyPeer as never }),
    good: ['true'],
    answers: [at, later],
  },
  SNICallback: {
    sides: (answer) => withCertificate({}, { SNICallback: ((_name: string) => answer()) as never }),
    good: ['undefined', 'null'],
    answers: [at, later],
  },
  'done of SNICallback': {
    sides: (answer) =>
      withCertificate({}, {
        SNICallback: (_name, done) => done(null, answer() as never),
      } satisfies Partial<ServerOptions>),
    good: ['undefined', 'null'],
  },
  'the error of SNICallback': {
    sides: (answer) =>
      withCertificate({}, { SNICallback: (_name: string, done: never) => (done as (e: unknown) => void)(answer()) }),
    good: FALSY,
  },
  ALPNCallback: {
    sides: (answer) => ({ client: { ALPNProtocols: ['coap'] }, server: { ALPNCallback: answer as never } }),
    good: [],
  },
};

type Settle = (value?: unknown) => void;

/** Is a promise for whoever asks whether it has a `then`. */
function withThen(then: (good: Settle, bad: Settle) => unknown): object {
  return Object.defineProperty({}, 'then', { value: then });
}

/** Opens, or fails; in no case does anything stay behind. */
async function outcomeOf(link: Link, { client: options, server: serverOptions }: Sides): Promise<string> {
  const server = await serve(link, { ...quick, ...serverOptions });
  const association = client(link, { ...quick, ...options });
  void association.closed;
  const error = await association.startHandshake().opened.then(
    () => undefined,
    (reason) => reason,
  );
  await link.quiet();
  await association.close();
  await link.quiet();
  expect([server.handshakes, server.associations.size]).toEqual([0, 0]);
  if (error === undefined) return 'open';
  return DtlsError.is(error) ? error.code : `${error.stack}`;
}

describe.each(Object.keys(QUESTIONS))('%s', (name) => {
  const { sides, good, answers = [at] } = QUESTIONS[name] as Question;

  test(
    'ends the handshake with a documented error when its answer is odd, at once or later',
    async () => {
      const problems: string[] = [];
      for (const value of ODD_NAMES) {
        for (const answered of answers) {
          const isPromised = answered === later ? 'a promise of ' : '';
          try {
            const outcome = await outcomeOf(
              new Link(),
              sides(() => answered(odd(value))),
            );
            const isDocumented =
              outcome === 'open' || (DOCUMENTED_CODES.has(outcome) && outcome !== 'ERR_DTLS_INTERNAL');
            if (!isDocumented) problems.push(`${isPromised}${value}: ${outcome}`);
            if ((outcome === 'open') !== good.includes(value)) problems.push(`${isPromised}${value}: ${outcome}`);
          } catch (error) {
            problems.push(`${isPromised}${value}: ${error instanceof Error ? error.stack : String(error)}`);
          }
        }
      }
      expect(problems).toEqual([]);
    },
    MANY_MS,
  );

  const thenables: Readonly<Record<string, () => unknown>> = {
    'whose then throws': () => withThen(throwOwn),
    'whose then throws when it is read': () => Object.defineProperty({}, 'then', { get: throwOwn }),
    'that rejects with undefined': () => withThen((_good, bad) => bad()),
    'that settles twice, and throws': () =>
      withThen((good, bad) => {
        bad(new Error('no'));
        good({});
        throwOwn();
      }),
    'that is frozen and rejects': () => {
      const promise = Promise.reject(new Error('no'));
      promise.catch(() => {});
      return Object.freeze(promise);
    },
  };

  test.each(Object.keys(thenables))('ends the handshake when its answer is a promise of a kind %s', async (kind) => {
    const answer = thenables[kind] as () => unknown;
    expect(DOCUMENTED_CODES).toContain(await outcomeOf(new Link(), sides(answer)));
  });
});

test('a SNICallback that calls done twice, or late, or after an error is heard once', async () => {
  const context = createSecureContext(cert);
  for (const SNICallback of [
    (_: string, done: (error: Error | null, answer?: unknown) => void) => [done(null, context), done(new Error('no'))],
    (_: string, done: (error: Error | null, answer?: unknown) => void) =>
      setImmediate(() => [done(null, context), done(null, 5)]),
    async (_: string, done: (error: Error | null, answer?: unknown) => void) => {
      done(null, context);
      throw new Error('too late to tell');
    },
  ]) {
    expect(await outcomeOf(new Link(), withCertificate({}, { SNICallback: SNICallback as never }))).toBe('open');
  }
});
