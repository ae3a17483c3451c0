import { once } from 'node:events';
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { DtlsAssociation } from '../../lib';
import { deliverAll, inTurn, Network, type Rule } from '../../lib/testing';
import { rejected } from '../support/errors';
import type { LinkClient } from '../support/link';
import { client, openPair, talk } from '../support/pair';
import { ODD_NAMES, type OddName, odd, throwOwn } from './odd-values';
import { catchUncaught, uncaught } from './stage';
import { verdictOf } from './verdict';

beforeEach(catchUncaught);

const bytes = Buffer.from('datagram');
const at = new Network().client().address;

/** What a rule does with an odd value, and what it may be. */
const DEEDS: Readonly<Record<string, [deed: (value: unknown) => unknown, taken: OddName[]]>> = {
  'returns it': [(value) => value, ['an empty array']],
  'returns a list of it': [(value) => [bytes, value], []],
  'lets it arrive later': [(datagram) => [{ datagram, delayMs: 1 }], []],
  'lets bytes arrive so much later': [(delayMs) => [{ datagram: bytes, delayMs }], ['zero', 'one and a half']],
  'returns a promise of it': [async (value) => value, []],
  'returns a promise that rejects with it': [(value) => Promise.reject(value), []],
  'throws it': [
    (value) => {
      throw value;
    },
    [],
  ],
};

const WAYS: Readonly<Record<string, [lane: 'toServer' | 'toClient', send: (network: Network) => unknown]>> = {
  'to the server': ['toServer', (network) => network.client().send(bytes)],
  'to a client': ['toClient', (network) => network.server.send(bytes, at)],
};

describe.each(Object.keys(WAYS))('a rule for what is sent %s', (way) => {
  const [lane, send] = WAYS[way] as (typeof WAYS)[string];

  test.each(Object.keys(DEEDS))('that %s lets send throw', async (name) => {
    const [deed, taken] = DEEDS[name] as (typeof DEEDS)[string];
    const problems: string[] = [];
    const wrong: Array<(rule: Rule) => Rule> = [(rule) => rule, (rule) => inTurn(deliverAll, rule, deliverAll)];
    for (const value of ODD_NAMES) {
      for (const placed of wrong) {
        const network = new Network();
        network[lane].rule = placed(() => deed(odd(value)) as never);
        const verdict = verdictOf(() => send(network));
        await network.quiet();
        if ((verdict === 'taken') !== taken.includes(value)) problems.push(`${value}: ${verdict}`);
        if (typeof verdict === 'string') continue;
        const start = `${lane}.rule failed at datagram 0: `;
        if (verdict.code !== 'ERR_DTLS_CALLBACK' || !verdict.message.startsWith(start)) {
          problems.push(`${value}: ${verdict}`);
        }
      }
    }
    expect(problems).toEqual([]);
    expect(uncaught).toEqual([]);
  });
});

/** Fails at the datagrams of one client, from the n-th of them on. */
function failing({ address }: LinkClient, n = 0): Rule {
  let left = n;
  return (datagram, _n, { port }) => {
    if (port === address.port && left-- <= 0) throwOwn();
    return [datagram];
  };
}

/** What its user is told. */
function failure(lane: string): object {
  const message = expect.stringMatching(
    new RegExp(`^${lane}\\.rule failed at datagram \\d+: thrown by the value itself$`),
  );
  const cause = { code: 'ERR_DTLS_CALLBACK', message, cause: { message: 'thrown by the value itself' } };
  return { code: 'ERR_DTLS_SOCKET', cause };
}

describe.each(['toServer', 'toClient'] as const)('a rule of %s that fails', (lane) => {
  // The first of the server's is its cookie, which has no association yet.
  test.each([0, 1, 2])('at datagram %i of a handshake ends that, and nothing else', async (n) => {
    const { link, client: one, peer } = await openPair();
    const transport = link.client();
    link[lane].rule = failing(transport, n);
    const association = client(link, { transport });
    const error = await rejected(association.startHandshake().opened);
    expect(error).toMatchObject(failure(lane));
    await talk(one, peer);
    expect(uncaught).toEqual([]);
  });

  test('at a message ends its association, and nothing else', async () => {
    const { link, server, client: one, peer } = await openPair();
    const transport = link.client();
    const accepted = once(server, 'secureConnection') as Promise<[DtlsAssociation]>;
    const association = await client(link, { transport }).startHandshake().opened;
    const [its] = await accepted;
    link[lane].rule = failing(transport);
    const ends = lane === 'toServer' ? [association] : [its, association];
    void association.closed;
    ends[0]?.send('in vain');
    for (const end of ends) {
      const { reason, error } = await end.closed;
      expect(reason).toBe('error');
      expect(error).toMatchObject(failure(lane));
    }
    await talk(one, peer);
    expect(uncaught).toEqual([]);
  });
});
