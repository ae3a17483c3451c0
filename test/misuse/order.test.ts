import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { DtlsAssociation, DtlsError } from '../../lib';
import { client } from '../support/pair';
import { ASSOCIATION, membersOf, VERBS } from './members';
import { enter, PHASE_NAMES, type Phase, type Scene } from './phases';
import { MANY_MS, verdictOf } from './verdict';

let stderr: ReturnType<typeof jest.spyOn>;

// What enableTrace writes.
beforeEach(() => {
  stderr = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
});

afterEach(() => {
  stderr.mockRestore();
});

test('every member of an association is in the table', () => {
  const own = Object.keys(new DtlsAssociation({ port: 1, psk: { identity: 'a', key: Buffer.alloc(16) } }));
  const members = [...membersOf(DtlsAssociation), ...own.filter((name) => !name.startsWith('_'))];
  expect(new Set(members)).toEqual(new Set(Reflect.ownKeys(ASSOCIATION)));
});

/** Promises that a use returned reject with a DtlsError, or the user's own error, and never with something else. */
const returned: Array<Promise<unknown>> = [];

function use(member: string | symbol, association: DtlsAssociation): 'taken' | 'ERR_DTLS_STATE' {
  const verdict = verdictOf(() => {
    const result = ASSOCIATION[member]?.(association);
    if (result instanceof Promise) returned.push(result);
  });
  if (verdict === 'taken') return verdict;
  if (DtlsError.is(verdict) && verdict.code === 'ERR_DTLS_STATE') return verdict.code;
  throw new Error(`${String(member)} in the state ${association.state}: ${verdict}`);
}

/** What is refused before, or after, there is a session. */
function isRefused(member: string | symbol, association: DtlsAssociation, phase: Phase): boolean {
  const { state, role } = association;
  const isQueued = state === 'reconnecting' && phase.endsWith('with a queue');
  if (member === 'startHandshake') return state !== 'idle' || role === 'server';
  if (member === 'send') return state !== 'open' && !isQueued;
  return member === 'exportKeyingMaterial' && state !== 'open';
}

/** That everything comes to its end, and nobody else has felt anything. */
async function expectGoodEnd({ association, link, letGo }: Scene): Promise<void> {
  const closed = association.close();
  letGo();
  expect(['local', 'peer', 'error']).toContain((await closed).reason);
  expect(association.state).toBe('closed');
  await association.opened.catch(() => {});
  for (const result of await Promise.allSettled(returned.splice(0))) {
    const isKnown = result.status === 'fulfilled' || DtlsError.is(result.reason) || result.reason.message === 'enough';
    expect(isKnown).toBe(true);
  }
  link.toClient.release();
  const other = await client(link).startHandshake().opened;
  other.destroy();
}

describe.each(PHASE_NAMES)('an association that is %s', (phase) => {
  test('answers every member, or refuses what needs a session with ERR_DTLS_STATE; twice, and after the end', async () => {
    for (const member of Reflect.ownKeys(ASSOCIATION)) {
      const scene = await enter(phase);
      const { association } = scene;
      for (let time = 0; time < 2; time++) {
        const expected = isRefused(member, association, phase) ? 'ERR_DTLS_STATE' : 'taken';
        expect([member, time, use(member, association)]).toEqual([member, time, expected]);
      }
      await expectGoodEnd(scene);
      expect([member, use(member, association)]).toEqual([
        member,
        isRefused(member, association, phase) ? 'ERR_DTLS_STATE' : 'taken',
      ]);
    }
  });

  test(
    'bears any two of them in any order, in one turn of the event loop or in two',
    async () => {
      for (const first of VERBS) {
        for (const second of VERBS) {
          const scene = await enter(phase);
          use(first, scene.association);
          if (VERBS.indexOf(second) % 2 === 0) await new Promise(setImmediate);
          use(second, scene.association);
          await expectGoodEnd(scene);
        }
      }
    },
    MANY_MS,
  );
});
