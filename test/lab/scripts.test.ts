import { beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createServer, DtlsAssociation, type DtlsError } from '../../lib';
import {
  corrupt,
  delay,
  deliverAll,
  drop,
  duplicate,
  inTurn,
  late,
  Network,
  type Rule,
  truncate,
} from '../../lib/testing';
import { KIND_NAMES, makeKinds } from './kinds';
import { type Case, LANES, type LaneName, type Outcome, tryAll } from './trial';
import { verdictOf } from './verdict';
import { runOut, virtualTime } from './virtual-time';

/** LAB_SEED repeats a run, LAB_RUNS makes it longer. */
const seed = Number(process.env.LAB_SEED ?? Date.now() % 2 ** 31);
const numRuns = Number(process.env.LAB_RUNS ?? 60);
const TEST_TIMEOUT_MS = 120_000;

/** Timers run out after 1, 3, 7, 15 and 31 s, and the deadline after 60. */
const MOST_LOSSES = 5;
const MESSAGES = 20;

virtualTime();

let kinds: Awaited<ReturnType<typeof makeKinds>>;
beforeAll(async () => {
  kinds = await makeKinds();
});

/** What befalls a datagram of a lane: the name is what fast-check prints. */
interface Event {
  readonly name: string;
  readonly lane: LaneName;
  readonly rule: () => Rule;
}

const number = fc.nat({ max: 12 });

/** After these a datagram arrives later, twice, or, as if lost, not at all. */
const harmless: fc.Arbitrary<[string, () => Rule]> = fc.oneof(
  number.map((n): [string, () => Rule] => [`drop(${n})`, () => drop(n)]),
  number.map((n): [string, () => Rule] => [`duplicate(${n})`, () => duplicate(n)]),
  fc
    .tuple(number, fc.integer({ min: 1, max: 4000 }))
    .map(([n, ms]): [string, () => Rule] => [`delay(${n}, ${ms})`, () => delay(n, ms)]),
  fc
    .tuple(number, fc.integer({ min: 1, max: 3 }))
    .map(([n, behind]): [string, () => Rule] => [`late(${n}, ${behind})`, () => late(n, behind)]),
  fc
    .tuple(number, fc.nat({ max: 250 }))
    .map(([n, size]): [string, () => Rule] => [`truncate(${n}, ${size})`, () => truncate(n, size)]),
);

const harmful: fc.Arbitrary<[string, () => Rule]> = fc
  .tuple(number, fc.integer({ min: -40, max: 250 }), fc.integer({ min: 1, max: 255 }))
  .map(([n, at, mask]) => [`corrupt(${n}, ${at}, ${mask})`, () => corrupt(n, at, mask)]);

function scripts(fate: fc.Arbitrary<[string, () => Rule]>, maxLength: number): fc.Arbitrary<Event[]> {
  const event = fc.tuple(fc.constantFrom(...LANES), fate).map(([lane, [name, rule]]) => ({ name, lane, rule }));
  return fc.array(event, { maxLength });
}

function caseOf(events: readonly Event[]): Case {
  const rules = LANES.map((lane) => [
    lane,
    inTurn(...events.filter((one) => one.lane === lane).map(({ rule }) => rule())),
  ]);
  return { name: events.map(({ lane, name }) => `${lane}: ${name}`).join(', '), ...Object.fromEntries(rules) };
}

async function outcomeOf(name: (typeof KIND_NAMES)[number], events: readonly Event[]): Promise<Outcome> {
  const [outcome] = await tryAll(kinds[name], [caseOf(events)]);
  return outcome as Outcome;
}

/** What each side may say after damage. Alerts are sent once: the other side may have to wait for its deadline. */
const DOCUMENTED = new Set([
  'nobody',
  'open',
  'ERR_DTLS_ALERT',
  'ERR_DTLS_CERT_MISSING',
  'ERR_DTLS_CERT_UNTRUSTED',
  'ERR_DTLS_HANDSHAKE',
  'ERR_DTLS_HANDSHAKE_TIMEOUT',
  'ERR_DTLS_NO_SHARED_CIPHER',
  'ERR_DTLS_PSK_MISMATCH',
  'ERR_DTLS_PSK_UNKNOWN',
  'ERR_DTLS_VERSION',
]);

function expectDocumented({ client, server, talks, left }: Outcome): void {
  const ends = [...client.split(', then '), ...server.split(' + ')];
  expect(ends.filter((end) => !DOCUMENTED.has(end))).toEqual([]);
  expect(left.handshakes).toBe(0);
  // Nothing fails but somebody knows.
  expect(talks || ends.some((end) => end !== 'open')).toBe(true);
}

describe.each(KIND_NAMES)(`with %s, seed ${seed},`, (name) => {
  test(
    'a handshake completes whatever is lost, doubled, late or cut off',
    async () => {
      const property = fc.asyncProperty(scripts(harmless, MOST_LOSSES), async (events) => {
        expect(verdictOf(await outcomeOf(name, events))).toBe('opens');
      });
      await fc.assert(property, { seed, numRuns });
    },
    TEST_TIMEOUT_MS,
  );

  test(
    'a handshake completes or fails with an error that is documented, whatever is damaged besides',
    async () => {
      const property = fc.asyncProperty(scripts(fc.oneof(harmless, harmful), 8), async (events) => {
        expectDocumented(await outcomeOf(name, events));
      });
      await fc.assert(property, { seed, numRuns });
    },
    TEST_TIMEOUT_MS,
  );
});

test(
  `what happens depends on nothing but the script and the seed of the network, seed ${seed}`,
  async () => {
    const shares = fc.record({ loss: share(0.3), duplicate: share(0.3), corrupt: share(0.05), reorder: share(0.3) });
    const property = fc.asyncProperty(
      fc.nat({ max: 2 ** 31 }),
      shares,
      fc.integer({ min: 0, max: 400 }),
      async (networkSeed, impairments, delayMs) => {
        const run = () => seen(networkSeed, { ...impairments, delayMs: [0, delayMs] });
        expect(await run()).toEqual(await run());
      },
    );
    await fc.assert(property, { seed, numRuns });
  },
  TEST_TIMEOUT_MS,
);

test(
  `messages arrive intact and at most once, and all that nothing befell, seed ${seed}`,
  async () => {
    const property = fc.asyncProperty(scripts(fc.oneof(harmless, harmful), 12), async (events) => {
      for (const { sent, heard, untouched } of await talkUnder(events)) {
        expect(new Set(heard).size).toBe(heard.length);
        expect(sent).toEqual(expect.arrayContaining(heard));
        expect(heard).toEqual(expect.arrayContaining(untouched));
      }
    });
    await fc.assert(property, { seed, numRuns });
  },
  TEST_TIMEOUT_MS,
);

function share(max: number): fc.Arbitrary<number> {
  return fc.double({ min: 0, max, noNaN: true });
}

/** When and how large each datagram was, and how it ended. */
async function seen(networkSeed: number, impairments: Parameters<Network['toServer']['impair']>[0]): Promise<unknown> {
  const kind = kinds['a pre-shared key'];
  const network = new Network({ seed: networkSeed });
  const log: string[] = [];
  const startedMs = performance.now();
  const note = (text: string) => log.push(`${performance.now() - startedMs}: ${text}`);
  for (const lane of LANES) {
    network[lane].impair(impairments);
    network[lane].rule = (datagram) => {
      note(`${datagram.length} bytes ${lane}`);
      return [datagram];
    };
  }
  const server = createServer(kind.server);
  server.on('secureConnection', () => note('the server is open'));
  server.on('peerError', (error) => note(`server: ${(error as DtlsError).code}`));
  await server.listen({ transport: network.server });
  const client = new DtlsAssociation({ transport: network.client(), ...kind.client });
  client.on('secureConnect', () => note('the client is open'));
  client.on('error', (error) => note(`client: ${(error as DtlsError).code}`));
  client.startHandshake();
  await runOut();
  const closing = [client.close(), server.close()];
  await runOut();
  await Promise.all(closing);
  return log;
}

interface Heard {
  readonly sent: string[];
  readonly heard: string[];
  /** What nothing befell. */
  readonly untouched: string[];
}

/** Each side of an open association sends its messages while the events befall their datagrams. */
async function talkUnder(events: readonly Event[]): Promise<Heard[]> {
  const kind = kinds['a pre-shared key'];
  const network = new Network({ seed: 1 });
  const server = createServer(kind.server);
  await server.listen({ transport: network.server });
  const client = new DtlsAssociation({ transport: network.client(), ...kind.client }).startHandshake();
  await runOut();
  const [peer] = [...server.associations] as [DtlsAssociation];
  const { toServer, toClient } = caseOf(events) as Required<Case>;
  const talks = [talk(client, peer, network.toServer, toServer), talk(peer, client, network.toClient, toClient)];
  await runOut();
  network.toServer.rule = network.toClient.rule = deliverAll;
  const closing = [client.close(), server.close()];
  await runOut();
  await Promise.all(closing);
  return talks;
}

function talk(from: DtlsAssociation, to: DtlsAssociation, lane: Network['toServer'], rule: Rule): Heard {
  const first = lane.sent.length;
  const result: Heard = { sent: [], heard: [], untouched: [] };
  to.on('message', (message) => result.heard.push(message.toString()));
  lane.rule = (datagram, n, client) => {
    const arriving = rule(datagram, n - first, client);
    const text = `message ${n - first}`;
    if (arriving.length > 0 && arriving.every((one) => one === datagram)) result.untouched.push(text);
    return arriving;
  };
  for (let i = 0; i < MESSAGES; i++) {
    result.sent.push(`message ${i}`);
    from.send(`message ${i}`);
  }
  return result;
}
