import { describe, expect, test } from '@jest/globals';
import {
  corrupt,
  delay,
  drop,
  dropRecord,
  duplicate,
  inTurn,
  late,
  type RecordName,
  type Rule,
  truncate,
} from '../../lib/testing';
import { thrown } from '../support/errors';
import { clientAddress } from '../support/link';
import { openPair } from '../support/pair';

const client = clientAddress(1);

/** What arrives of the datagrams "a", "b", "c" and "d". */
function through(rule: Rule): string[] {
  return ['a', 'b', 'c', 'd'].flatMap((text, n) =>
    rule(Buffer.from(text), n, client).map((each) =>
      Buffer.isBuffer(each) ? each.toString() : `${each.datagram}+${each.delayMs}`,
    ),
  );
}

test.each<[string, Rule, string[]]>([
  ['drop', drop(0, 2), ['b', 'd']],
  ['duplicate', duplicate(1), ['a', 'b', 'b', 'c', 'd']],
  ['delay', delay(1, 40), ['a', 'b+40', 'c', 'd']],
  ['late', late(0), ['b', 'a', 'c', 'd']],
  ['late behind several', late(0, 2), ['b', 'c', 'a', 'd']],
  ['late with nothing behind it', late(3), ['a', 'b', 'c']],
  ['truncate', truncate(1, 0), ['a', '', 'c', 'd']],
  ['corrupt', corrupt(1, 0, 1), ['a', 'c', 'c', 'd']],
  ['corrupt from the end', corrupt(1, -1, 1), ['a', 'c', 'c', 'd']],
  ['corrupt where nothing is', corrupt(1, 1), ['a', 'b', 'c', 'd']],
  ['inTurn', inTurn(duplicate(1), drop(0), delay(2, 5), delay(2, 6)), ['b', 'b', 'c+11', 'd']],
])('%s', (_, rule, arriving) => {
  expect(through(rule)).toEqual(arriving);
});

test('corrupt leaves what was sent as it is', () => {
  const datagram = Buffer.from('a');
  corrupt(0, 0)(datagram, 0, client);
  expect(datagram.toString()).toBe('a');
});

describe('dropRecord', () => {
  test('loses the first of its kind and no other', async () => {
    const { link } = await openPair();
    const flights = [...link.toClient.sent, ...link.toClient.sent];
    const rule = dropRecord('ServerHelloDone', 1);
    expect(flights.map((datagram, n) => rule(datagram, n, client).length)).toEqual([1, 0, 1, 1, 1, 1]);
  });

  test('knows an encrypted message for the Finished', async () => {
    const { link } = await openPair();
    const finished = link.toServer.sent[2] as Buffer;
    expect(dropRecord('Finished')(finished, 2, client)).toEqual([]);
    expect(dropRecord('ApplicationData')(finished, 2, client)).toEqual([finished]);
  });

  test('refuses what does not exist', () => {
    expect(thrown(() => dropRecord('ServerHullo' as RecordName)).code).toBe('ERR_DTLS_OPTION');
  });
});
