import { beforeAll, expect, test } from '@jest/globals';
import { corrupt } from '../../lib/testing';
import { DAMAGES } from './case-counts';
import { permitted } from './damages';
import { Dissector } from './dissection';
import { KIND_NAMES, type Kind, makeKinds } from './kinds';
import { type Case, LANES, type LaneName, type Outcome, tryAll } from './trial';
import { verdictOf } from './verdict';
import { virtualTime } from './virtual-time';

/** One bit, and all of them. */
const MASKS = [0x01, 0xff];
const TEST_TIMEOUT_MS = 120_000;
/** Of either side, so that the timers run out three times. */
const DEADLINE_MS = 10_000;
const LONGEST_MS = DEADLINE_MS + 100;
/** Datagrams of a lane until then, for each of a handshake without losses. */
const MOST_DATAGRAMS = 12;

virtualTime();

let kinds: Awaited<ReturnType<typeof makeKinds>>;
beforeAll(async () => {
  kinds = await makeKinds('ed25519');
});

function hasty({ client, server, ...kind }: Kind): Kind {
  const handshakeTimeout = DEADLINE_MS;
  return { ...kind, client: { ...client, handshakeTimeout }, server: { ...server, handshakeTimeout } };
}

interface Damage extends Case {
  readonly place: string;
}

/** Of every byte, but of the first and the last only where all are alike. */
async function damages(kind: Kind): Promise<{ cases: Damage[]; sizes: Outcome['sizes'] }> {
  const sent = { toServer: [] as Buffer[], toClient: [] as Buffer[] };
  const seen = (lane: LaneName) => (datagram: Buffer, n: number) => {
    if (n >= 0) sent[lane].push(datagram);
    return [datagram];
  };
  const [{ sizes, isResumed }] = (await tryAll(kind, [
    { name: 'nothing', toServer: seen('toServer'), toClient: seen('toClient') },
  ])) as [Outcome];
  expect(isResumed).toBe(kind.isResumed);
  const cases = LANES.flatMap((lane) => {
    const dissector = new Dissector(kind.exchange, kind.nonce);
    return sent[lane].flatMap((datagram, n) =>
      dissector.dissect(datagram).flatMap(({ name, isOpaque, isFirst, isLast }, at) =>
        isOpaque && !isFirst && !isLast
          ? []
          : MASKS.map((mask) => ({
              name: `byte ${at} ^ ${mask} of datagram ${n} ${lane}`,
              place: name,
              [lane]: corrupt(n, at, mask),
            })),
      ),
    );
  });
  return { cases, sizes };
}

test.each(KIND_NAMES)(
  'a byte that is damaged on its way ends a handshake with %s as its table says',
  async (name) => {
    const kind = hasty(kinds[name]);
    const { cases, sizes } = await damages(kind);
    expect(cases.length).toBeGreaterThanOrEqual(DAMAGES[name]);
    const outcomes = await tryAll(kind, cases);
    expect(cases.flatMap((one, i) => faults(one, outcomes[i] as Outcome, sizes))).toEqual([]);
  },
  TEST_TIMEOUT_MS,
);

function faults({ name, place }: Damage, outcome: Outcome, usual: Outcome['sizes']): string[] {
  const found: string[] = [];
  const verdict = verdictOf(outcome);
  if (!permitted(place).includes(verdict)) found.push(verdict);
  const { associations, handshakes } = outcome.left;
  // A server may be open alone: it learns of it by its idleTimeout.
  if (handshakes > 0 || associations.some((state) => state !== 'open')) found.push(`${associations} left`);
  if (outcome.tookMs > LONGEST_MS) found.push(`${outcome.tookMs} ms`);
  for (const lane of LANES) {
    const count = outcome.sizes[lane].length;
    if (count > MOST_DATAGRAMS * usual[lane].length) found.push(`${count} datagrams ${lane}`);
  }
  return found.map((what) => `${place}: ${what} (${name})`);
}
