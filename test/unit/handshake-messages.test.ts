import { beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { HandshakeMessages } from '../../lib/handshake/messages';
import { fragmentations, type WholeMessage } from '../support/fragments';
import { changeCipherSpec, handshake, record, Type } from '../support/wire';

const [serverHello, certificate, keyExchange, helloDone] = [2, 11, 12, 14];
const body = Buffer.from('abcdefghijklmnopqrst');

/** A fragment of a ServerHello with `body`, number 1. */
const part = (at: number, to: number, from = body): Buffer =>
  handshake(serverHello, 1, { body: from.subarray(at, to), total: body.length, at });

let messages: HandshakeMessages;

beforeEach(() => {
  messages = new HandshakeMessages([serverHello, keyExchange]);
});

const add = (...datagrams: Uint8Array[]): void => {
  for (const datagram of datagrams) messages.add(datagram);
};
const text = (type: number): string | undefined => {
  const message = messages.message(type);
  return message && Buffer.from(message.body).toString();
};

describe('a message', () => {
  test('in one record is there at once, with type and number', () => {
    add(handshake(serverHello, 1, { body }));
    expect(messages.message(serverHello)).toMatchObject({ type: serverHello, sequence: 1 });
    expect(text(serverHello)).toBe(body.toString());
    expect(messages.at(1)).toBe(messages.message(serverHello));
  });

  test('is there when its last fragment is', () => {
    add(part(0, 8), part(8, 15));
    expect(messages.message(serverHello)).toBeUndefined();
    expect(messages.at(1)).toBeUndefined();
    add(part(15, 20));
    expect(text(serverHello)).toBe(body.toString());
  });

  test('is made of fragments in any order, that repeat and overlap', () => {
    add(part(12, 20), part(3, 9), part(12, 20), part(0, 5), part(7, 11));
    expect(text(serverHello)).toBeUndefined();
    add(part(2, 13));
    expect(text(serverHello)).toBe(body.toString());
  });

  test('is a copy', () => {
    const datagram = handshake(serverHello, 1, { body });
    add(datagram);
    datagram.fill(0xee);
    expect(text(serverHello)).toBe(body.toString());
  });

  test('does not change any more once it is complete', () => {
    add(part(0, 20), part(0, 20, Buffer.alloc(20, 'X')));
    expect(text(serverHello)).toBe(body.toString());
  });

  test('without a body is complete with its header', () => {
    add(handshake(helloDone, 2));
    expect(messages.at(2)?.type).toBe(helloDone);
  });

  test('of a type that is not wanted is known to be complete, and has no body', () => {
    add(handshake(certificate, 2, { body: Buffer.alloc(10), total: 30_000 }));
    expect(messages.at(2)).toBeUndefined();
    add(handshake(certificate, 2, { body: Buffer.alloc(29_990), total: 30_000, at: 10 }));
    expect(messages.at(2)?.type).toBe(certificate);
    expect(messages.at(2)?.body).toEqual(new Uint8Array());
  });

  test('that began to arrive last counts, of several of a type', () => {
    add(handshake(serverHello, 1, { body }), handshake(serverHello, 0, { body: Buffer.from('newer') }));
    add(handshake(serverHello, 1, { body }));
    expect(text(serverHello)).toBe('newer');
  });
});

describe('one datagram', () => {
  test('carries several records, and a record several messages', () => {
    const [first, second] = [handshake(serverHello, 0, { body }), handshake(certificate, 1, { body })];
    const oneRecord = record(Type.handshake, Buffer.concat([first.subarray(13), second.subarray(13)]));
    add(Buffer.concat([oneRecord, handshake(keyExchange, 2, { body }), handshake(helloDone, 3)]));
    expect([0, 1, 2, 3].map((sequence) => messages.at(sequence)?.type)).toEqual([
      serverHello,
      certificate,
      keyExchange,
      helloDone,
    ]);
  });

  test('may carry records of other kinds between them', () => {
    const foreign = Buffer.concat([changeCipherSpec(), record(Type.alert, Buffer.of(1, 0))]);
    const encrypted = record(Type.handshake, handshake(certificate, 0, { body }).subarray(13), { epoch: 1 });
    const otherVersion = Buffer.from(handshake(certificate, 0, { body })).fill(3, 1, 3);
    add(Buffer.concat([foreign, encrypted, otherVersion, handshake(serverHello, 0, { body })]));
    expect(text(serverHello)).toBe(body.toString());
  });

  test('that ends within a record gives what came before', () => {
    add(Buffer.concat([part(0, 10), part(10, 20).subarray(0, -1)]));
    expect(text(serverHello)).toBeUndefined();
    add(part(10, 20));
    expect(text(serverHello)).toBe(body.toString());
  });
});

describe('ignored is', () => {
  test.each([
    ['of another type', handshake(certificate, 1, { body: Buffer.alloc(10, 'X'), total: 20 })],
    ['of another length', handshake(serverHello, 1, { body: Buffer.alloc(10, 'X'), total: 21 })],
  ])('a fragment with a known number %s', (_, contradicting) => {
    add(part(0, 10), contradicting, part(10, 20));
    expect(text(serverHello)).toBe(body.toString());
  });

  test('a fragment that reaches over the end of its message', () => {
    add(handshake(serverHello, 1, { body, total: 20, at: 1 }), handshake(serverHello, 2, { body, total: 19 }));
    expect(messages.message(serverHello)).toBeUndefined();
  });

  test.each([
    ['a fragment that is longer than its record', handshake(helloDone, 0, { body, total: 0 }).subarray(13, -1)],
    ['a header that is cut off', handshake(helloDone, 0).subarray(13, -1)],
  ])('%s', (_, bytes) => {
    add(record(Type.handshake, bytes));
    expect(messages.at(0)).toBeUndefined();
  });

  test.each([
    ['HelloRequest', 0],
    ['HelloVerifyRequest', 3],
  ])('a %s, whose number another message may have too', (_, type) => {
    add(handshake(type, 1, { body }));
    expect(messages.at(1)).toBeUndefined();
    add(handshake(serverHello, 1, { body }));
    expect(text(serverHello)).toBe(body.toString());
  });

  test('a wanted message over the limit, which is 4096 bytes or as given', () => {
    add(
      handshake(serverHello, 1, { body: Buffer.alloc(4097) }),
      handshake(keyExchange, 2, { body: Buffer.alloc(4096) }),
    );
    expect(messages.at(1)).toBeUndefined();
    expect(messages.at(2)?.body).toHaveLength(4096);
    messages = new HandshakeMessages([serverHello], 19);
    add(handshake(serverHello, 1, { body }), handshake(serverHello, 2, { body: body.subarray(1) }));
    expect(text(serverHello)).toBe(body.subarray(1).toString());
  });

  test('the 17th message and those that follow', () => {
    for (let sequence = 0; sequence < 20; sequence++) add(handshake(serverHello, sequence, { body }));
    expect(messages.at(15)).toBeDefined();
    for (let sequence = 16; sequence < 20; sequence++) expect(messages.at(sequence)).toBeUndefined();
  });

  test('a fragment that would be the 65th separate piece, until there is room again', () => {
    const bytes = Buffer.alloc(140, 'x');
    const single = (at: number): Buffer =>
      handshake(serverHello, 1, { body: bytes.subarray(at, at + 1), total: 140, at });
    for (let at = 0; at < 140; at += 2) add(single(at));
    for (let at = 1; at < 140; at += 2) add(single(at));
    // The even ones from the 64th on were lost.
    expect(text(serverHello)).toBeUndefined();
    for (let at = 128; at < 140; at += 2) add(single(at));
    expect(text(serverHello)).toBe(bytes.toString());
  });
});

test('whoever begins 65,536 long messages makes no memory grow', () => {
  const datagram = handshake(serverHello, 0, { body: Buffer.alloc(1), total: 4096 });
  const before = process.memoryUsage().arrayBuffers;
  for (let sequence = 0; sequence <= 0xffff; sequence++) {
    datagram.writeUInt16BE(sequence, 13 + 4);
    add(datagram);
  }
  // Kept, they would be 256 MiB.
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * 1024 * 1024);
});

const flight: fc.Arbitrary<WholeMessage[]> = fc
  .array(
    fc.tuple(fc.constantFrom(serverHello, certificate, keyExchange, helloDone), fc.uint8Array({ maxLength: 60 })),
    {
      minLength: 1,
      maxLength: 5,
    },
  )
  .map((list) => list.map(([type, bytes], sequence) => ({ type, sequence, body: bytes })));

test('however a flight is cut, mixed and repeated, its messages are the same', () => {
  const sent = flight.chain((whole) => fc.tuple(fc.constant(whole), fragmentations(whole)));
  fc.assert(
    fc.property(sent, ([whole, datagrams]) => {
      const arrived = new HandshakeMessages([serverHello, keyExchange]);
      for (const datagram of datagrams) arrived.add(datagram);
      for (const { type, sequence, body } of whole) {
        const isWanted = type === serverHello || type === keyExchange;
        expect(arrived.at(sequence)).toMatchObject({ type, sequence });
        expect(arrived.at(sequence)?.body).toEqual(isWanted ? body : new Uint8Array());
      }
    }),
  );
});

test('arbitrary bytes and arbitrary fragments throw nothing and stay within the bounds', () => {
  const fragment = fc
    .record({
      type: fc.nat(24),
      sequence: fc.nat(20),
      total: fc.nat(200),
      at: fc.nat(200),
      body: fc.uint8Array({ maxLength: 200 }),
    })
    .map(({ type, sequence, ...rest }) => handshake(type, sequence, rest));
  const noise = fc.uint8Array({ maxLength: 100 });
  const noiseInRecord = noise.map((bytes) => record(Type.handshake, bytes));
  const datagram = fc.array(fc.oneof({ weight: 4, arbitrary: fragment }, noise, noiseInRecord)).map((parts) => {
    return Buffer.concat(parts);
  });
  fc.assert(
    fc.property(fc.array(datagram), (datagrams) => {
      const arrived = new HandshakeMessages(Array(25).keys(), 100);
      for (const bytes of datagrams) arrived.add(bytes);
      for (let sequence = 0; sequence <= 20; sequence++) {
        const message = arrived.at(sequence);
        if (message === undefined) continue;
        expect(sequence).toBeLessThan(16);
        expect(message.body.length).toBeLessThanOrEqual(100);
      }
    }),
  );
});
