import { describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { ClientPskQuestion, ServerPskQuestion } from '../../lib/handshake/psk-question';
import { fragmentations, type WholeMessage } from '../support/fragments';
import { Link } from '../support/link';
import { openPair } from '../support/pair';
import { changeCipherSpec, finished, handshake, record } from '../support/wire';

const [clientHello, serverHello, verifyRequest, certificate, keyExchange, helloDone, clientKeyExchange] = [
  1, 2, 3, 11, 12, 14, 16,
];
const PSK_AES128_GCM_SHA256 = 0x00a8;
const RSA_PSK_AES128_GCM_SHA256 = 0x00ac;
const ECDHE_RSA_AES128_GCM_SHA256 = 0xc02f;
const pskSuites = new Set([PSK_AES128_GCM_SHA256, 0x00aa, RSA_PSK_AES128_GCM_SHA256, 0xc037]);
const isPskSuite = (id: number): boolean => pskSuites.has(id);

/** Of a ServerHello. */
function helloBody(suite: number, sessionId = Buffer.alloc(32, 7)): Buffer {
  const head = Buffer.concat([Buffer.of(0xfe, 0xfd), Buffer.alloc(32, 0xaa), Buffer.of(sessionId.length), sessionId]);
  return Buffer.concat([head, Buffer.of(suite >> 8, suite & 0xff, 0)]);
}

/** What a ServerKeyExchange or ClientKeyExchange begins with, and more. */
function named(name: string | Uint8Array, more: Uint8Array = new Uint8Array()): Buffer {
  const bytes = Buffer.from(name as string);
  return Buffer.concat([Buffer.of(bytes.length >> 8, bytes.length & 0xff), bytes, more]);
}

/** Everything that is asked for while the datagrams arrive. */
function asked(question: ClientPskQuestion | ServerPskQuestion, datagrams: readonly Uint8Array[]): string[] {
  return datagrams.flatMap((datagram) => {
    const bytes = question.read(datagram);
    return bytes === undefined ? [] : [bytes.toString()];
  });
}

describe('a server is about to be asked for the key of', () => {
  const question = (): ServerPskQuestion => new ServerPskQuestion(() => true);

  test.each([
    ['PSK', named('alice')],
    ['ECDHE_PSK', named('alice', Buffer.concat([Buffer.of(32), Buffer.alloc(32, 5)]))],
    ['RSA_PSK', named('alice', named(Buffer.alloc(256, 5)))],
  ])('the identity in a ClientKeyExchange of %s', (_, body) => {
    expect(asked(question(), [handshake(clientKeyExchange, 2, { body })])).toEqual(['alice']);
  });

  test('the bytes as they were sent, be they no text or none at all', () => {
    for (const identity of [Buffer.of(0xff, 0, 0x80), Buffer.alloc(0)]) {
      const datagram = handshake(clientKeyExchange, 2, { body: named(identity) });
      expect(question().read(datagram)).toEqual(identity);
    }
  });

  test('an identity once, whatever is repeated', () => {
    const datagram = handshake(clientKeyExchange, 2, { body: named('alice') });
    const other = handshake(clientKeyExchange, 3, { body: named('bob') });
    expect(asked(question(), [datagram, datagram, other])).toEqual(['alice']);
  });

  test('an identity in two datagrams, with the second', () => {
    const body = named('alice');
    const begin = handshake(clientKeyExchange, 2, { body: body.subarray(0, 4), total: 7 });
    const end = handshake(clientKeyExchange, 2, { body: body.subarray(4), total: 7, at: 4 });
    const asking = question();
    expect(asking.read(begin)).toBeUndefined();
    expect(asking.read(end)).toEqual(Buffer.from('alice'));
  });

  test('nobody, when the suite has no pre-shared key, which is asked with the message complete', () => {
    const isPsk = jest.fn(() => false);
    const asking = new ServerPskQuestion(isPsk);
    const body = named('alice');
    asking.read(handshake(clientKeyExchange, 2, { body: body.subarray(0, 4), total: 7 }));
    expect(isPsk).not.toHaveBeenCalled();
    expect(asking.read(handshake(clientKeyExchange, 2, { body }))).toBeUndefined();
    expect(isPsk).toHaveBeenCalledTimes(1);
  });

  test.each([
    ['a ClientHello', handshake(clientHello, 1, { body: named('alice') })],
    ['what is encrypted', finished()],
    ['an identity that is cut off', handshake(clientKeyExchange, 2, { body: named('alice').subarray(0, 5) })],
    ['a ClientKeyExchange without a length', handshake(clientKeyExchange, 2, { body: Buffer.of(0) })],
    ['a ClientKeyExchange over 4 KiB', handshake(clientKeyExchange, 2, { body: named(Buffer.alloc(4095)) })],
  ])('nobody, by %s', (_, datagram) => {
    expect(asked(question(), [datagram])).toEqual([]);
  });
});

describe('a client is about to be asked', () => {
  const question = (): ClientPskQuestion => new ClientPskQuestion(isPskSuite);
  const hello = (sequence = 1, suite = PSK_AES128_GCM_SHA256): Buffer =>
    handshake(serverHello, sequence, { body: helloBody(suite) });
  const hint = (sequence = 2, body = named('use alice')): Buffer => handshake(keyExchange, sequence, { body });
  const done = (sequence: number): Buffer => handshake(helloDone, sequence);
  const verify = handshake(verifyRequest, 0, { body: Buffer.alloc(23) });

  test('with the hint, when the flight is complete', () => {
    expect(asked(question(), [verify, Buffer.concat([hello(), hint(), done(3)])])).toEqual(['use alice']);
    const asking = question();
    expect([hello(), hint(), done(3)].map((datagram) => asking.read(datagram)?.toString())).toEqual([
      undefined,
      undefined,
      'use alice',
    ]);
  });

  test('with an empty hint, when the server sent none or an empty one', () => {
    expect(question().read(Buffer.concat([hello(), done(2)]))).toEqual(Buffer.alloc(0));
    const exchange = hint(2, named('', Buffer.alloc(65)));
    expect(question().read(Buffer.concat([hello(), exchange, done(3)]))).toEqual(Buffer.alloc(0));
  });

  test('without a session ID in the ServerHello, too', () => {
    const short = handshake(serverHello, 1, { body: helloBody(PSK_AES128_GCM_SHA256, Buffer.alloc(0)) });
    expect(asked(question(), [short, done(2)])).toEqual(['']);
  });

  test('once, whatever is repeated', () => {
    const flight = Buffer.concat([hello(), hint(), done(3)]);
    expect(asked(question(), [flight, flight])).toEqual(['use alice']);
  });

  test('behind a certificate that is longer than what is kept of any message', () => {
    const part = (at: number, size: number): Buffer =>
      handshake(certificate, 2, { body: Buffer.alloc(size), total: 9000, at });
    const flight = [hello(1, RSA_PSK_AES128_GCM_SHA256), part(0, 4000), part(4000, 4000), hint(3), done(4)];
    const asking = question();
    expect(asked(asking, flight)).toEqual([]);
    expect(asked(asking, [part(8000, 1000)])).toEqual(['use alice']);
  });

  test('not before a message that is missing arrives, even if its number is all that is known of it', () => {
    const asking = question();
    expect(asked(asking, [hello(), done(3)])).toEqual([]);
    expect(asked(asking, [hint()])).toEqual(['use alice']);
  });

  test('not before the ServerHello arrives', () => {
    const asking = question();
    expect(asked(asking, [hint(), done(3)])).toEqual([]);
    expect(asked(asking, [hello()])).toEqual(['use alice']);
  });

  test('by a server that numbers its ServerHello like its HelloVerifyRequest', () => {
    expect(asked(question(), [verify, Buffer.concat([hello(0), hint(1), done(2)])])).toEqual(['use alice']);
  });

  test('by the newest ServerHello', () => {
    expect(asked(question(), [hello(3, ECDHE_RSA_AES128_GCM_SHA256), hello(0), hint(1), done(2)])).toEqual([
      'use alice',
    ]);
  });

  test.each([
    ['a suite without a pre-shared key', [hello(1, ECDHE_RSA_AES128_GCM_SHA256), hint(), done(3)]],
    ['a resumed session', [Buffer.concat([hello(), handshake(4, 2, { body: Buffer.alloc(60) }), changeCipherSpec()])]],
    ['a hint that is cut off', [hello(), hint(2, named('use alice').subarray(0, 5)), done(3)]],
    ['what is encrypted', [finished(), record(23, Buffer.alloc(40), { epoch: 1 })]],
  ])('nothing, for %s', (_, datagrams) => {
    expect(asked(question(), datagrams)).toEqual([]);
  });
});

test('a ServerHello that is cut off chooses no suite', () => {
  const body = helloBody(PSK_AES128_GCM_SHA256).subarray(0, -2);
  const asking = new ClientPskQuestion(() => true);
  expect(asked(asking, [handshake(serverHello, 1, { body }), handshake(helloDone, 2)])).toEqual([]);
});

describe('in the bytes of real handshakes', () => {
  test.each([
    ['PSK-AES128-GCM-SHA256', undefined, ''],
    ['PSK-AES128-GCM-SHA256', 'use alice', 'use alice'],
    ['ECDHE-PSK-AES128-CBC-SHA256', undefined, ''],
    ['ECDHE-PSK-AES128-CBC-SHA256', 'use alice', 'use alice'],
  ])('of %s with the hint %s, both questions are found', async (ciphers, pskIdentityHint, hint) => {
    const link = new Link();
    const server = pskIdentityHint === undefined ? { ciphers } : { ciphers, pskIdentityHint };
    await openPair({ link, client: { ciphers }, server });
    expect(asked(new ServerPskQuestion(() => true), link.toServer.sent)).toEqual(['alice']);
    expect(asked(new ClientPskQuestion(isPskSuite), link.toClient.sent)).toEqual([hint]);
  });
});

test('however a flight is cut, mixed and repeated, the questions are the same, and are asked once', () => {
  const flight: WholeMessage[] = [
    { type: serverHello, sequence: 1, body: helloBody(RSA_PSK_AES128_GCM_SHA256) },
    { type: certificate, sequence: 2, body: Buffer.alloc(300, 3) },
    { type: keyExchange, sequence: 3, body: named('use alice') },
    { type: helloDone, sequence: 4, body: Buffer.alloc(0) },
  ];
  const answer: WholeMessage[] = [
    { type: certificate, sequence: 2, body: Buffer.alloc(300, 3) },
    { type: clientKeyExchange, sequence: 3, body: named('alice', named(Buffer.alloc(128, 5))) },
  ];
  fc.assert(
    fc.property(fragmentations(flight), fragmentations(answer), (fromServer, fromClient) => {
      expect(asked(new ClientPskQuestion(isPskSuite), fromServer)).toEqual(['use alice']);
      expect(asked(new ServerPskQuestion(() => true), fromClient)).toEqual(['alice']);
    }),
  );
});

test('arbitrary messages throw nothing, and are asked about at most once', () => {
  const types = [serverHello, certificate, keyExchange, helloDone, clientKeyExchange];
  const message = fc
    .record({ type: fc.constantFrom(...types), sequence: fc.nat(5), body: fc.uint8Array({ maxLength: 80 }) })
    .map(({ type, sequence, body }) => handshake(type, sequence, { body }));
  fc.assert(
    fc.property(fc.array(fc.oneof(message, fc.uint8Array({ maxLength: 80 }))), (datagrams) => {
      for (const question of [new ClientPskQuestion(() => true), new ServerPskQuestion(() => true)]) {
        expect(asked(question, datagrams).length).toBeLessThanOrEqual(1);
      }
    }),
  );
});
