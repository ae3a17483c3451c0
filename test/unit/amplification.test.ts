import { beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { ServerOptions } from '../../lib';
import { clientAddress, Link } from '../support/link';
import { client, key, openPair, serve } from '../support/pair';
import { handshake, record, Type } from '../support/wire';

const stranger = clientAddress(60_000);
const CLIENT_HELLO = 1;
/** Record and message header, the version, and a cookie of 32 bytes with its length (RFC 6347 section 4.2.1). */
const HELLO_VERIFY_REQUEST_SIZE = 13 + 12 + 2 + 1 + 32;

/** A server, and what it answers to a datagram, at once. */
async function listening(options: Partial<ServerOptions> = {}) {
  const link = new Link();
  const server = await serve(link, options);
  const answers = (datagram: Buffer, from = stranger): Buffer[] => {
    const { length } = link.toClient.sent;
    link.arriveAtServer(datagram, from);
    return link.toClient.sent.slice(length);
  };
  return { link, server, answers };
}

type Listening = Awaited<ReturnType<typeof listening>>;

/** Nobody gets more than he has sent, however he has put it, and no memory at all. */
function expectNoGain({ server, answers }: Listening, datagram: Buffer): void {
  const { handshakesStarted } = server.stats;
  const size = answers(datagram).reduce((sum, { length }) => sum + length, 0);
  expect(size).toBeLessThanOrEqual(datagram.length);
  expect(server.stats.handshakesStarted).toBe(handshakesStarted);
}

const bytes = (maxLength: number, minLength = 0): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ minLength, maxLength }).map((array) => Buffer.from(array));

/** Behind a length of so many bytes, which may lie. */
const vector = (lengthSize: number, body: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> =>
  fc.tuple(body, fc.option(fc.nat({ max: 2 ** (8 * lengthSize) - 1 }), { freq: 8 })).map(([content, lie]) => {
    const length = Buffer.alloc(lengthSize);
    length.writeUIntBE(lie ?? Math.min(content.length, 2 ** (8 * lengthSize) - 1), 0, lengthSize);
    return Buffer.concat([length, content]);
  });

/** Bodies of hellos that are nearly as they should be (RFC 6347 section 4.3.2), as short as can be more often than not. */
const helloBodies = fc
  .tuple(
    fc.constantFrom(0xfefd, 0xfeff, 0xfefc, 0x0303, 0),
    bytes(32, 32),
    vector(1, fc.oneof(fc.constant(Buffer.alloc(0)), bytes(33))),
    vector(1, fc.oneof(fc.constant(Buffer.alloc(0)), bytes(32, 32), bytes(255))),
    vector(2, fc.oneof(fc.constant(Buffer.of(0x00, 0xa8)), bytes(20))),
    vector(1, fc.oneof(fc.constant(Buffer.of(0)), bytes(3))),
    fc.oneof(fc.constant(Buffer.alloc(0)), vector(2, bytes(60)), bytes(600)),
    fc.option(fc.nat({ max: 90 }), { freq: 2 }),
  )
  .map(([version, random, sessionId, cookie, suites, compression, extensions, end]) => {
    const start = Buffer.from([version >> 8, version & 0xff]);
    return Buffer.concat([start, random, sessionId, cookie, suites, compression, extensions]).subarray(
      0,
      end ?? undefined,
    );
  });

/** As messages: whole, or fragments, whose lengths may lie. */
const hellos = fc
  .tuple(
    helloBodies,
    fc.nat({ max: 3 }),
    fc.option(fc.oneof(fc.nat({ max: 700 }), fc.nat({ max: 2 ** 24 - 1 })), { freq: 2 }),
    fc.oneof(fc.constant(0), fc.nat({ max: 40 })),
    fc.nat({ max: 2 ** 48 - 1 }),
  )
  .map(([body, messageSequence, total, at, sequence]) =>
    handshake(CLIENT_HELLO, messageSequence, { body, sequence, at, ...(total !== null && { total }) }),
  );

const records = fc.oneof(
  hellos,
  bytes(40).map((body) => record(Type.alert, body)),
  bytes(40).map((body) => record(Type.handshake, body)),
  bytes(40),
);

/** A genuine hello without a cookie. */
async function genuineHello(): Promise<Buffer> {
  const { link } = await openPair();
  return link.toServer.sent[0] as Buffer;
}

describe('before a cookie is verified no answer is larger than its question:', () => {
  let hello: Buffer;

  beforeAll(async () => {
    hello = await genuineHello();
  });

  test('a hello of any size and shape', async () => {
    const server = await listening();
    fc.assert(
      fc.property(hellos, (datagram) => expectNoGain(server, datagram)),
      { numRuns: 5000 },
    );
    expect(server.server.stats.cookiesSent).toBeGreaterThan(0);
    expect(server.server.stats.dropped.hello).toBeGreaterThan(0);
  });

  test('hellos and other records in one datagram', async () => {
    const server = await listening();
    fc.assert(
      fc.property(fc.array(records, { maxLength: 4 }), (parts) => expectNoGain(server, Buffer.concat(parts))),
      { numRuns: 2000 },
    );
  });

  test('a genuine hello with any bytes changed, cut off or added', async () => {
    const server = await listening();
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat({ max: hello.length - 1 }), fc.nat({ max: 255 })), { maxLength: 4 }),
        fc.oneof(fc.constant(hello.length), fc.nat({ max: hello.length })),
        bytes(80),
        (changes, end, more) => {
          const datagram = Buffer.from(hello);
          for (const [at, byte] of changes) datagram[at] = byte;
          expectNoGain(server, Buffer.concat([datagram.subarray(0, end), more]));
        },
      ),
      { numRuns: 3000 },
    );
    expect(server.server.stats.cookiesSent).toBeGreaterThan(0);
  });

  test('the first fragment of a genuine hello, of any size', async () => {
    const server = await listening();
    const body = hello.subarray(25);
    let answered = 0;
    for (let size = 0; size <= body.length; size++) {
      const fragment = handshake(CLIENT_HELLO, 0, { body: body.subarray(0, size), total: body.length });
      expectNoGain(server, fragment);
      answered += server.answers(fragment).length;
    }
    expect(answered).toBeGreaterThan(0);
  });

  test('a hello of a single byte a fragment, many in a datagram', async () => {
    const server = await listening();
    const body = hello.subarray(25);
    const fragments = Array.from(body, (_, at) =>
      handshake(CLIENT_HELLO, 0, { body: body.subarray(at, at + 1), total: body.length, at, sequence: at }),
    );
    for (let count = 1; count <= fragments.length; count++) {
      expectNoGain(server, Buffer.concat(fragments.slice(0, count)));
    }
  });

  test('bytes that are no hello', async () => {
    const server = await listening();
    fc.assert(
      fc.property(bytes(1500), (datagram) => expect(server.answers(datagram)).toEqual([])),
      { numRuns: 1000 },
    );
  });

  test.each<[string, Partial<ServerOptions>]>([
    ['decides by the hello', { pskCallback: () => key, ALPNProtocols: ['coap'] }],
    ['has a large mtu and a hint', { mtu: 9000, pskIdentityHint: 'h'.repeat(128) }],
    ['has no room any more', { limits: { maxAssociations: 1, handshakesPerSecond: 1 } }],
  ])('a hello to a server that %s', async (_, options) => {
    const server = await listening(options);
    await client(server.link).startHandshake().opened;
    fc.assert(
      fc.property(hellos, (datagram) => expectNoGain(server, datagram)),
      { numRuns: 500 },
    );
  });

  test('a hello in the name of a client that is there', async () => {
    const server = await listening();
    const transport = server.link.client();
    await client(server.link, { transport }).startHandshake().opened;
    const answers = (datagram: Buffer) => server.answers(datagram, transport.address);
    fc.assert(
      fc.property(hellos, (datagram) => expectNoGain({ ...server, answers }, datagram)),
      { numRuns: 1000 },
    );
    expect(server.server.stats.cookiesSent).toBeGreaterThan(1);
  });

  test('a hello to a server that drains, which gets none at all', async () => {
    const server = await listening();
    await client(server.link).startHandshake().opened;
    server.server.drain();
    expect(server.answers(hello)).toEqual([]);
  });
});

test('a genuine hello has one answer, of always the same size, and a HelloVerifyRequest is never sent again', async () => {
  const server = await listening();
  const hello = await genuineHello();
  for (let i = 0; i < 10; i++) {
    expect(server.answers(hello).map(({ length }) => length)).toEqual([HELLO_VERIFY_REQUEST_SIZE]);
  }
  expect(server.server.stats).toMatchObject({ cookiesSent: 10, handshakesStarted: 0 });
});

test('a repeated hello with a valid cookie is answered as one', async () => {
  const { link, transport } = await openPair();
  const second = link.toServer.sent[1] as Buffer;
  const { length } = link.toClient.sent;
  for (let i = 0; i < 10; i++) link.arriveAtServer(second, transport.address);
  expect(link.toClient.sent).toHaveLength(length);
});
