import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decodeSession, encodeSession } from '../../lib/credentials/session-data';
import { DtlsError } from '../../lib/errors';
import { thrown } from '../support/errors';

const NOW = Date.UTC(2030, 0, 1);
const SECRET = 'a secret that stays one';
/** SEQUENCE { OCTET STRING }, which is enough of a session here. */
const DER = Buffer.from([0x30, SECRET.length + 2, 0x04, SECRET.length, ...Buffer.from(SECRET)]);
const SESSION = encodeSession(DER, NOW + 5000, 'host:example.org');

const decode = (value: unknown, binding = 'host:example.org', nowMs = NOW) =>
  decodeSession('session', value, binding, nowMs);

describe('a session', () => {
  test('comes back as it was', () => {
    expect(decode(SESSION)).toEqual(DER);
    expect(decode(new Uint8Array(SESSION))).toEqual(DER);
  });

  test('has a form that other versions recognise', () => {
    expect(SESSION.subarray(0, 8).toString()).toBe('DTLSSESS');
    expect(SESSION[8]).toBe(1);
    expect(SESSION.readBigUInt64BE(9)).toBe(BigInt(NOW + 5000));
    expect(SESSION.length).toBe(8 + 1 + 8 + 32 + DER.length);
  });

  test('may have an expiry with a fraction', () => {
    expect(encodeSession(DER, 1.75, '').readBigUInt64BE(9)).toBe(1n);
  });

  test('is good until it expires', () => {
    expect(decode(SESSION, undefined, NOW + 4999)).toEqual(DER);
    expect(thrown(() => decode(SESSION, undefined, NOW + 5000)).code).toBe('ERR_DTLS_SESSION_EXPIRED');
    expect(thrown(() => decode(SESSION, undefined, NOW + 7500))).toMatchObject({
      code: 'ERR_DTLS_SESSION_EXPIRED',
      option: 'session',
      message: expect.stringMatching(/expired 3 s ago; connect without it/),
    });
  });

  test('expires by the clock', () => {
    const session = encodeSession(DER, Date.now() - 1, '');
    expect(thrown(() => decodeSession('session', session, '')).code).toBe('ERR_DTLS_SESSION_EXPIRED');
  });

  test('is bound to what it was made for', () => {
    expect(thrown(() => decode(SESSION, 'host:example.com'))).toMatchObject({
      code: 'ERR_DTLS_SESSION_FOREIGN',
      option: 'session',
      message: expect.stringMatching(/another server name, identity or way to verify/),
    });
  });

  test.each<[string, unknown, RegExp]>([
    ['text', SESSION.toString('base64'), /a Uint8Array, is expected, not a string/],
    ['nothing', undefined, /not undefined/],
    ['null', null, /not null/],
    ['an array', [...SESSION], /not an array/],
    ['empty', Buffer.alloc(0), /not what getSession\(\) gave/],
    ['a bare SSL_SESSION, as in node:tls', DER, /node:tls sessions do not fit/],
    ['of another version', Buffer.from(SESSION).fill(2, 8, 9), /another version .*\(2, not 1\)/],
    ['longer than it was', Buffer.concat([SESSION, Buffer.of(0)]), /damaged, or was cut off/],
    ['damaged', Buffer.from(SESSION).fill(0, 49, 50), /damaged, or was cut off/],
  ])('is not %s', (_, value, message) => {
    expect(thrown(() => decode(value))).toMatchObject({
      code: 'ERR_DTLS_SESSION_INVALID',
      option: 'session',
      message: expect.stringMatching(message),
    });
  });

  test('is whole', () => {
    for (let length = 0; length < SESSION.length; length++) {
      expect(thrown(() => decode(SESSION.subarray(0, length))).code).toBe('ERR_DTLS_SESSION_INVALID');
    }
  });

  test('never shows in an error', () => {
    for (const run of [
      () => decode(SESSION.toString('latin1')),
      () => decode(DER),
      () => decode(SESSION, 'other'),
      () => decode(SESSION, undefined, NOW + 9000),
    ]) {
      const error = thrown(run);
      expect(error).not.toHaveProperty('value', expect.anything());
      expect(inspect(error, { depth: 9 })).not.toMatch(new RegExp(`${SECRET}|61 20 73 65 63 72 65 74`));
    }
  });

  test('throws nothing but DtlsError, whatever the bytes', () => {
    const tail = fc.uint8Array().map((bytes) => Buffer.concat([SESSION.subarray(0, 49), bytes]));
    const damaged = fc
      .tuple(fc.nat(SESSION.length - 1), fc.nat(255))
      .map(([at, byte]) => Buffer.from(SESSION).fill(byte, at, at + 1));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), tail, damaged, fc.anything()), (value) => {
        try {
          expect(decode(value)).toBeInstanceOf(Uint8Array);
        } catch (error) {
          expect(error).toBeInstanceOf(DtlsError);
        }
      }),
    );
  });

  test('of any contents, expiry and binding comes back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), fc.nat(), fc.string(), (bytes, leftMs, binding) => {
        const der = Buffer.from([0x30, bytes.length + 2, 0x04, bytes.length, ...bytes]);
        const session = encodeSession(der, NOW + leftMs + 1, binding);
        expect(decodeSession('session', session, binding, NOW)).toEqual(der);
        expect(thrown(() => decodeSession('session', session, `${binding}.`, NOW)).code).toBe(
          'ERR_DTLS_SESSION_FOREIGN',
        );
      }),
    );
  });
});
