import { beforeAll, describe, expect, jest, test } from '@jest/globals';
import { delay, drop, duplicate, inTurn, late, type Rule, truncate } from '../../lib/testing';
import { LOSSES } from './case-counts';
import { KIND_NAMES, type Kind, makeKinds } from './kinds';
import { type Case, LANES, type LaneName, type Outcome, tryAll } from './trial';
import { virtualTime } from './virtual-time';

/** Three losses of the longest handshakes are hundreds of cases. */
jest.setTimeout(60_000);

/** Beyond the first timeout, a second, and before the next. */
const LATE_MS = 1500;
/** Timers run out after 1, 2 and 4 s; a datagram takes a millisecond. */
const ONE_LOSS_MS = 1100;
const TWO_LOSSES_MS = 3100;
const THREE_LOSSES_MS = 7100;
/** Of the datagrams of a handshake without losses: so many times as many, whatever is lost. */
const MOST_DATAGRAMS = 6;
/** Datagrams that are sent again are lost as well: so many of each lane beyond those of a handshake without losses. */
const BEYOND = 2;

virtualTime();

let kinds: Awaited<ReturnType<typeof makeKinds>>;
beforeAll(async () => {
  kinds = await makeKinds();
});

interface Datagram {
  readonly lane: LaneName;
  readonly n: number;
  readonly size: number;
}

type Fate = (n: number) => Rule;

const fates: Readonly<Record<string, Fate>> = {
  lost: drop,
  doubled: duplicate,
  'later than its repetition': (n) => delay(n, LATE_MS),
  'behind the next': (n) => late(n),
};

function caseOf(...befallen: ReadonlyArray<readonly [string, Datagram, Fate]>): Case {
  const rules = LANES.map((lane) => [
    lane,
    inTurn(...befallen.filter(([, datagram]) => datagram.lane === lane).map(([, { n }, fate]) => fate(n))),
  ]);
  const name = befallen.map(([fate, { lane, n }]) => `${lane} ${n} ${fate}`).join(', ');
  return { name, ...Object.fromEntries(rules) };
}

/** The datagrams of a handshake without losses; `beyond` more of each lane. */
function datagramsOf({ sizes }: Outcome, beyond = 0): Datagram[] {
  return LANES.flatMap((lane) =>
    [...sizes[lane], ...Array<number>(beyond).fill(0)].map((size, n) => ({ lane, n, size })),
  );
}

async function lossless(kind: Kind): Promise<Outcome> {
  const [outcome] = await tryAll(kind, [{ name: 'nothing is lost' }]);
  return outcome as Outcome;
}

/** That every case ends well, and costs no more than it should. */
async function expectAllOpen(kind: Kind, cases: readonly Case[], { sizes }: Outcome, mostMs: number): Promise<void> {
  const most = (lane: LaneName): number => MOST_DATAGRAMS * sizes[lane].length;
  const isWell = (outcome: Outcome): boolean =>
    outcome.client === 'open' &&
    outcome.server === 'open' &&
    outcome.isResumed === kind.isResumed &&
    outcome.talks &&
    outcome.tookMs <= mostMs &&
    outcome.left.associations.length + outcome.left.handshakes === 0 &&
    LANES.every((lane) => outcome.sizes[lane].length <= most(lane));
  const outcomes = await tryAll(kind, cases);
  expect(outcomes.filter((outcome) => !isWell(outcome))).toEqual([]);
  expect(outcomes).toHaveLength(cases.length);
}

/** What befalls the datagrams of a handshake, of which the lossless one is `base`, and how long it then takes at most. */
interface Losses {
  readonly when: string;
  readonly mostMs: number;
  readonly casesOf: (base: Outcome) => Case[];
}

const ofOne = Object.entries(fates).map(
  ([fate, rule]): Losses => ({
    when: `any datagram is ${fate}`,
    mostMs: ONE_LOSS_MS,
    casesOf: (base) => datagramsOf(base).map((datagram) => caseOf([fate, datagram, rule])),
  }),
);

const cutOff: Losses = {
  when: 'any datagram is cut off anywhere',
  mostMs: ONE_LOSS_MS,
  casesOf: (base) =>
    datagramsOf(base).flatMap((datagram) =>
      // Inside the header of the record, behind it, inside that of the message, behind it, and in what follows.
      [0, 1, 12, 13, 20, 25, 26, datagram.size >> 1, datagram.size - 1].map((size) =>
        caseOf([`cut to ${size}`, datagram, (n) => truncate(n, size)]),
      ),
    ),
};

const ofTwo = Object.entries(fates).map(
  ([fate, rule]): Losses => ({
    when: `any datagram is lost, and any other is ${fate}`,
    mostMs: TWO_LOSSES_MS,
    casesOf: (base) => {
      const datagrams = datagramsOf(base, BEYOND);
      return datagrams.flatMap((one, i) =>
        datagrams
          .filter((_, j) => (rule === drop ? j > i : j !== i))
          .map((other) => caseOf(['lost', one, drop], [fate, other, rule])),
      );
    },
  }),
);

const ofThree: Losses = {
  when: 'any three datagrams are lost',
  mostMs: THREE_LOSSES_MS,
  casesOf: (base) => {
    const datagrams = datagramsOf(base, BEYOND);
    return datagrams.flatMap((one, i) =>
      datagrams
        .slice(i + 1)
        .flatMap((two, j) =>
          datagrams
            .slice(i + j + 2)
            .map((three) => caseOf(['lost', one, drop], ['lost', two, drop], ['lost', three, drop])),
        ),
    );
  },
};

const all = [...ofOne, cutOff, ...ofTwo, ofThree];

describe.each(KIND_NAMES)('with %s, a handshake', (name) => {
  test.each(all)('completes when $when', async ({ mostMs, casesOf }) => {
    const base = await lossless(kinds[name]);
    await expectAllOpen(kinds[name], casesOf(base), base, mostMs);
  });

  test('is tried in all these cases', async () => {
    const base = await lossless(kinds[name]);
    expect(all.flatMap(({ casesOf }) => casesOf(base))).toHaveLength(LOSSES[name]);
  });
});
