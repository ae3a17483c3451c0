import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { unsubscribeAll } from '../support/channels';
import { client, key, talk } from '../support/pair';
import { authority } from '../support/pki';
import { ASSOCIATION } from './members';
import { credentials, type Hook, OCCASIONS, type Occasion } from './occasions';
import { OwnError } from './odd-values';
import { attempt, catchUncaught, type Stage, setStage, uncaught } from './stage';
import { MANY_MS } from './verdict';

beforeAll(async () => {
  const ca = await authority();
  const { chain, key } = await ca.issue({ hosts: ['localhost', 'dtls.example'] });
  Object.assign(credentials, { cert: chain, key, ca: ca.cert });
});

beforeEach(catchUncaught);

const thrown = new OwnError();

/** What a function of the user's may do while it is called. */
const ACTIONS: Readonly<Record<string, (stage: Stage) => unknown>> = {
  'sends on both sides': ({ subject, peer }) => {
    for (const one of [subject, peer]) attempt(() => void one?.send('meanwhile'));
  },
  'sends too much': ({ subject }) => attempt(() => void subject.send('x'.repeat(5000))),
  'closes the client': ({ subject }) => void subject.close(),
  "closes the server's side": ({ peer }) => void peer?.close(),
  'closes both, twice': ({ subject, peer }) => {
    for (const one of [subject, peer, subject, peer]) void one?.close();
  },
  'destroys the client': ({ subject }) => subject.destroy(),
  'destroys both with an error': ({ subject, peer }) => {
    for (const one of [subject, peer]) one?.destroy(new Error('enough'));
  },
  aborts: ({ controller }) => controller.abort(),
  'lets the process end, or not': ({ subject, server }) => void [subject.unref().ref(), server.unref().ref()],
  'starts the handshake again': ({ subject, peer }) => {
    for (const one of [subject, peer]) attempt(() => void one?.startHandshake());
  },
  'looks at everything': ({ subject, peer, server }) => {
    const looks = Reflect.ownKeys(ASSOCIATION).filter(
      (name) => !/start|send|close|destroy|Dispose|Trace/.test(String(name)),
    );
    for (const one of [subject, peer]) for (const name of looks) if (one) attempt(() => void ASSOCIATION[name]?.(one));
    void [server.totals(), server.stats, server.handshakes, server.associations.size];
  },
  'reads messages': ({ subject }) => {
    subject[Symbol.asyncIterator]()
      .next()
      .catch(() => {});
  },
  'closes the server': ({ server }) => void server.close(),
  'drains the server': ({ server }) => void server.drain({ idleFor: 1, deadline: 2 }),
  'renews the context': ({ server }) =>
    server.setSecureContext({ psk: { alice: key }, cert: credentials.cert, key: credentials.key }),
  'renews ticket keys': ({ server }) => server.setTicketKeys(Buffer.alloc(48, 1)),
  'renews the cookie secret': ({ server }) => server.setCookieSecret(Buffer.alloc(32, 1)),
  'listens again': ({ server, link }) => void server.listen({ transport: link.server }).catch(() => {}),
  'repeats what was received': ({ transport, server, link }) => {
    const [toServer, toClient] = [link.toServer.sent.at(-1), link.toClient.sent.at(-1)];
    if (toServer !== undefined) server.inject(toServer, transport.address);
    if (toClient !== undefined) transport.receiver?.datagram(toClient);
  },
  'tells of the transport what is not so': ({ transport }) => {
    transport.receiver?.opened();
    transport.receiver?.drained();
    transport.receiver?.failed(new Error('ICMP'), false);
  },
  'fails the transport': ({ transport }) => transport.receiver?.failed(new Error('gone'), true),
  'opens another association': ({ link }) =>
    void client(link)
      .startHandshake()
      .on('error', () => {}),
  'removes all listeners': ({ subject, peer, server }) => {
    for (const one of [subject, peer, server]) one?.removeAllListeners();
  },
  'removes all listeners of the associations, and destroys them with an error': ({ subject, peer }) => {
    for (const one of [subject, peer]) one?.removeAllListeners().destroy(new Error('enough'));
  },
  'throws an Error': () => {
    throw thrown;
  },
  'throws undefined': () => {
    throw undefined;
  },
  'returns a promise that rejects': () => rejecting(),
  'returns a promise that never settles': () => new Promise(() => {}),
};

/** With a handler of the user's own: whatever else is made of it must be handled, too. */
function rejecting(): Promise<never> {
  const promise = Promise.reject(thrown);
  promise.catch(() => {});
  return promise;
}

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await new Promise(setImmediate);
};

/** Less than a test may take, and more than a busy machine stands still for. */
const NEVER_MS = MANY_MS / 3;

/** Calls the hook once, in the midst of what the occasion is. */
async function perform(occasion: Occasion, act: (stage: Stage) => unknown): Promise<Stage> {
  let stage: Stage | undefined;
  let called = (): void => {};
  const isCalled = new Promise<void>((resolve) => {
    called = resolve;
  });
  const hook: Hook = () => {
    if (stage === undefined) return undefined;
    const current = stage;
    stage = undefined;
    called();
    return act(current);
  };
  const { setup, beforeListening, beforeStart, whenOpen } = occasion;
  const all = await setStage(setup?.(hook) ?? {}, (server) => beforeListening?.(server, hook));
  beforeStart?.(all, hook);
  if (whenOpen === undefined) stage = all;
  attempt(() => all.subject.startHandshake());
  if (whenOpen !== undefined) {
    await all.subject.opened;
    await all.link.quiet();
    stage = all;
    whenOpen(all);
  }
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise((_, reject) => {
    timer = setTimeout(reject, NEVER_MS, new Error('it was never called'));
  });
  await Promise.race([isCalled, tooLate]).finally(() => clearTimeout(timer));
  await all.link.quiet();
  await turns(3);
  return all;
}

/** Whoever had no part in it hears the other side still, or was told that the server is gone. */
async function expectUndisturbed({ bystander }: Stage, isServerGone: boolean): Promise<void> {
  if (isServerGone) expect(await bystander.client.closed).toEqual({ reason: 'peer' });
  else await talk(bystander.client, bystander.peer);
}

async function expectGoodEnd(name: string, { subject, server, link, transport }: Stage): Promise<void> {
  await subject.close();
  expect(subject.state).toBe('closed');
  await Promise.allSettled([subject.opened]);
  // Nobody closes again what goes on opening after it was closed, or throws when it is.
  if (!/^(open|close) of/.test(name)) expect(transport.receiver).toBeUndefined();
  await link.quiet();
  await server.close();
  expect([server.associations.size, server.handshakes, link.serverIsOpen]).toEqual([0, 0, false]);
}

function expectedUncaught(name: string, { kind }: Occasion, action: string): unknown[] {
  const surfaces = kind === 'listener' || name.startsWith('close of');
  if (action === 'throws an Error' && surfaces) return [thrown];
  if (action === 'throws undefined' && surfaces) return [undefined];
  if (action.endsWith('rejects') && name.startsWith('close of')) return [thrown];
  return [];
}

describe.each(Object.keys(OCCASIONS))('in %s', (name) => {
  const occasion = OCCASIONS[name] as Occasion;

  test(
    'whatever is done, thrown or returned: both sides come to an end, and nobody else feels it',
    async () => {
      const problems: Record<string, unknown> = {};
      for (const [action, act] of Object.entries(ACTIONS)) {
        // To release a transport that never says so cannot be awaited.
        if (name.startsWith('close of') && action.endsWith('never settles')) continue;
        uncaught.length = 0;
        try {
          const stage = await perform(occasion, act);
          await expectUndisturbed(
            stage,
            /(closes|drains) the server$/.test(action) || /(error|close) of a server$/.test(name),
          );
          await expectGoodEnd(name, stage);
          await turns(2);
          expect(uncaught).toEqual(expectedUncaught(name, occasion, action));
        } catch (error) {
          problems[action] = error;
        }
        unsubscribeAll();
      }
      expect(problems).toEqual({});
    },
    MANY_MS,
  );
});
