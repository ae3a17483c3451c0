import { expect, test } from '@jest/globals';
import { InvalidArgumentError } from 'commander';
import fc from 'fast-check';
import { EchoMessage, FOREIGN, HEADER_SIZE } from '../../lib/cli/bench/echo-message';
import { InFlight } from '../../lib/cli/bench/in-flight';
import { escapeMessage, escapeText } from '../../lib/cli/escape';
import { numberFrom, seconds, wholeNumber } from '../../lib/cli/options';
import { chooseKey } from '../../lib/cli/psk';
import { UsageError } from '../../lib/cli/usage-error';
import { wrap } from '../../lib/cli/wrap';
import { runs } from '../support/fuzz';

const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

/** What `parse` gives; undefined when it refuses the text in the way of the command line. */
function taken<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof InvalidArgumentError || error instanceof UsageError)) throw error;
    return undefined;
  }
}

const texts = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.stringMatching(/^-?[0-9.]*(e[0-9]+)?$/),
  fc.nat().map(String),
);

test('numbers of any text are numbers, within their bounds, or refused', () => {
  fc.assert(
    fc.property(texts, (text) => {
      expect(taken(() => wholeNumber(text)) ?? 0).toBeGreaterThanOrEqual(0);
      expect(taken(() => numberFrom(3, 9)(text)) ?? 3).toBeGreaterThanOrEqual(3);
      expect(taken(() => seconds(text)) ?? 1).toBeGreaterThan(0);
    }),
    runs(1000),
  );
  fc.assert(
    fc.property(fc.nat(), (number) => expect(wholeNumber(String(number))).toBe(number)),
    runs(),
  );
});

test('a key is what its digits say, and any other text is refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1 }), (key) => {
      expect(chooseKey({ psk: Buffer.from(key).toString('hex') }, false)).toEqual(Buffer.from(key));
    }),
    runs(),
  );
  fc.assert(
    fc.property(texts, (psk) => {
      const isHex = /^([0-9a-fA-F]{2})+$/.test(psk);
      expect(taken(() => chooseKey({ psk }, false)) !== undefined).toBe(isHex);
    }),
    runs(1000),
  );
});

test('whatever a peer says is printed on one line that no terminal obeys', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.uint8Array(), (text, bytes) => {
      expect(escapeText(text)).not.toMatch(UNSAFE);
      expect(escapeMessage(bytes)).not.toMatch(UNSAFE);
    }),
    runs(1500),
  );
});

test('no two messages are printed alike', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 6 }), fc.uint8Array({ maxLength: 6 }), (one, other) => {
      fc.pre(Buffer.compare(one, other) !== 0);
      expect(escapeMessage(one)).not.toBe(escapeMessage(other));
    }),
    runs(1500),
  );
});

test('wrapped text loses no word', () => {
  const words = fc.array(fc.stringMatching(/^[a-z]{1,30}$/), { minLength: 1 });
  fc.assert(
    fc.property(words, fc.integer({ min: 1, max: 100 }), (given, width) => {
      expect(wrap(given.join(' '), width).join(' ').split(/\s+/).filter(Boolean)).toEqual(given);
    }),
    runs(),
  );
});

test('an echo is that of its message, or of none, whatever comes back', () => {
  const size = HEADER_SIZE + 12;
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: size + 4 }), fc.nat(9), (echo, association) => {
      const message = new EchoMessage(size, new InFlight(4, 10));
      expect(message.slotOf(Buffer.from(echo), association)).toBe(FOREIGN);
    }),
    runs(),
  );
});
