import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parseClientHello } from '../../lib/handshake/client-hello';
import { Link } from '../support/link';
import { openPair } from '../support/pair';
import { handshake, record, Type } from '../support/wire';

/** `bytes` behind their length, of one byte or two. */
function vector(lengthSize: number, ...bytes: Uint8Array[]): Buffer {
  const body = Buffer.concat(bytes);
  const length = Buffer.alloc(lengthSize);
  length.writeUIntBE(body.length, 0, lengthSize);
  return Buffer.concat([length, body]);
}

function uint16(...numbers: number[]): Buffer {
  return Buffer.from(numbers.flatMap((number) => [number >> 8, number & 0xff]));
}

function extension(type: number, data: Uint8Array): Buffer {
  return Buffer.concat([uint16(type), vector(2, data)]);
}

const hostNames = (...names: string[]): Buffer =>
  vector(2, ...names.map((name) => Buffer.concat([Buffer.of(0), vector(2, Buffer.from(name, 'latin1'))])));
const serverName = (...names: string[]): Buffer => extension(0, hostNames(...names));
const alpn = (...names: string[]): Buffer =>
  extension(16, vector(2, ...names.map((name) => vector(1, Buffer.from(name, 'latin1')))));

interface Parts {
  sessionId?: Uint8Array;
  cookie?: Uint8Array;
  suites?: Uint8Array;
  compression?: Uint8Array;
  /** Without: a hello that ends before them. */
  extensions?: Uint8Array[];
  /** Behind everything. */
  more?: Uint8Array;
}

function helloBody(parts: Parts): Buffer {
  return Buffer.concat([
    uint16(0xfefd),
    Buffer.alloc(32, 0xaa),
    vector(1, parts.sessionId ?? Buffer.alloc(0)),
    vector(1, parts.cookie ?? Buffer.alloc(0)),
    vector(2, parts.suites ?? uint16(0xc02b)),
    vector(1, parts.compression ?? Buffer.of(0)),
    parts.extensions === undefined ? Buffer.alloc(0) : vector(2, ...parts.extensions),
    parts.more ?? Buffer.alloc(0),
  ]);
}

const hello = (parts: Parts = {}): Buffer => handshake(1, 0, { body: helloBody(parts) });

describe('a ClientHello', () => {
  test('tells the server name, the protocols and the suites', () => {
    const datagram = hello({
      sessionId: Buffer.alloc(32, 1),
      cookie: Buffer.alloc(20, 2),
      suites: uint16(0xc02b, 0x00a8, 0x00ff),
      extensions: [extension(0x0a0a, Buffer.alloc(0)), alpn('coap', 'h\xe9'), serverName('Gate.Example.ORG')],
    });
    expect(parseClientHello(datagram)).toEqual({
      serverName: 'gate.example.org',
      alpnProtocols: ['coap', 'h\xe9'],
      cipherSuites: [0xc02b, 0x00a8, 0x00ff],
    });
  });

  test.each([
    ['without extensions', hello()],
    ['with an empty list of extensions', hello({ extensions: [] })],
    ['with extensions of other kinds', hello({ extensions: [extension(0xff01, Buffer.of(0))] })],
    ['of DTLS 1.0 in its record header', Buffer.from(hello()).fill(0xff, 2, 3)],
    ['with a second record behind it', Buffer.concat([hello(), record(Type.alert, Buffer.of(1, 0))])],
  ])('%s tells the suites alone', (_, datagram) => {
    expect(parseClientHello(datagram)).toEqual({ serverName: undefined, alpnProtocols: [], cipherSuites: [0xc02b] });
  });

  test.each(['localhost', 'a.b', 'xn--mnchen-3ya.example', '_sip.example', '4.example', `${'a'.repeat(63)}.example`])(
    'names the host %s',
    (name) => {
      expect(parseClientHello(hello({ extensions: [serverName(name)] }))?.serverName).toBe(name);
    },
  );

  test.each([
    'gate\0.example',
    'gate.example.',
    '.example',
    'gate..example',
    'gate example',
    'm\xfcnchen.example',
    '::1',
    `${'a'.repeat(64)}.example`,
    Array(128).fill('a').join('.').concat('b'),
  ])('has an empty server name when it is the implausible %j: there was one, but no host has it', (name) => {
    const parsed = parseClientHello(hello({ extensions: [serverName(name), alpn('coap')] }));
    expect(parsed).toMatchObject({ serverName: '', alpnProtocols: ['coap'] });
  });
});

describe('refused is a ClientHello', () => {
  test.each<[string, Parts]>([
    ['with a session ID of 33 bytes', { sessionId: Buffer.alloc(33) }],
    ['without suites', { suites: Buffer.alloc(0) }],
    ['with half a suite', { suites: Buffer.of(0xc0, 0x2b, 0xc0) }],
    ['without a compression method', { compression: Buffer.alloc(0) }],
    ['with one byte in place of the extensions', { more: Buffer.of(0) }],
    ['with bytes behind the extensions', { extensions: [], more: Buffer.of(0) }],
    ['with half an extension', { extensions: [Buffer.of(0xff, 1, 0, 1)] }],
    ['with two server_name extensions', { extensions: [serverName('a.example'), serverName('b.example')] }],
    ['with two ALPN extensions', { extensions: [alpn('a'), alpn('b')] }],
    ['with an empty server_name extension', { extensions: [extension(0, Buffer.alloc(0))] }],
    ['with an empty list of names', { extensions: [serverName()] }],
    ['with an empty name', { extensions: [serverName('')] }],
    ['with two names', { extensions: [serverName('a.example', 'b.example')] }],
    ['with a name of another type', { extensions: [extension(0, vector(2, Buffer.of(1, 0, 1, 97)))] }],
    ['with a name that is cut off', { extensions: [extension(0, vector(2, Buffer.of(0, 0, 2, 97)))] }],
    ['with bytes behind its names', { extensions: [extension(0, Buffer.concat([hostNames('a'), Buffer.of(0)]))] }],
    ['with an empty ALPN extension', { extensions: [extension(16, Buffer.alloc(0))] }],
    ['with an empty list of protocols', { extensions: [alpn()] }],
    ['with an empty protocol', { extensions: [alpn('coap', '')] }],
    ['with a protocol that is cut off', { extensions: [extension(16, vector(2, Buffer.of(2, 97)))] }],
    ['with bytes behind its protocols', { extensions: [extension(16, Buffer.of(0, 2, 1, 97, 0))] }],
  ])('%s', (_, parts) => {
    expect(parseClientHello(hello(parts))).toBeUndefined();
  });

  const body = helloBody({});
  test.each([
    ['in a record of another type', record(Type.applicationData, hello().subarray(13))],
    ['of TLS', Buffer.from(hello()).fill(3, 1, 3)],
    ['of an encrypted epoch', record(Type.handshake, hello().subarray(13), { epoch: 1 })],
    ['that is another message', handshake(2, 0, { body })],
    ['of which the end is missing', handshake(1, 0, { body: body.subarray(0, 30), total: body.length })],
    ['of which the beginning is missing', handshake(1, 0, { body, total: body.length + 1, at: 1 })],
    ['at an offset', handshake(1, 0, { body, total: body.length, at: 1 })],
    ['that shares its record', record(Type.handshake, Buffer.concat([hello(), hello()].map((r) => r.subarray(13))))],
  ])('%s', (_, datagram) => {
    expect(parseClientHello(datagram)).toBeUndefined();
  });

  test('that is cut off anywhere', () => {
    const whole = helloBody({ extensions: [serverName('a.example'), alpn('coap')] });
    const withoutExtensions = helloBody({}).length;
    for (let size = 0; size < whole.length; size++) {
      if (size === withoutExtensions) continue;
      expect(parseClientHello(handshake(1, 0, { body: whole.subarray(0, size) }))).toBeUndefined();
    }
    const datagram = handshake(1, 0, { body: whole });
    for (let size = 0; size < datagram.length; size++) {
      expect(parseClientHello(datagram.subarray(0, size))).toBeUndefined();
    }
  });
});

test('both hellos of our own client are understood', async () => {
  const link = new Link();
  await openPair({ link, client: { ciphers: 'PSK-AES128-GCM-SHA256' } });
  for (const datagram of link.toServer.sent.slice(0, 2)) {
    const { alpnProtocols, cipherSuites } = parseClientHello(datagram) ?? {};
    expect(alpnProtocols).toEqual([]);
    // OpenSSL 3.0 adds the number of secure renegotiation (RFC 5746 section 3.3), later ones its extension.
    expect(cipherSuites?.filter((suite) => suite !== 0x00ff)).toEqual([0x00a8]);
  }
});

test('whatever a client asks for comes back as it was', () => {
  const name = fc
    .array(fc.string({ unit: fc.constantFrom(...'abcxyz019-_'), minLength: 1, maxLength: 20 }), { minLength: 1 })
    .map((labels) => labels.join('.'))
    .filter((host) => host.length <= 255);
  const protocol = fc
    .uint8Array({ minLength: 1, maxLength: 255 })
    .map((bytes) => Buffer.from(bytes).toString('latin1'));
  const suites = fc.array(fc.nat(0xffff), { minLength: 1 });
  fc.assert(
    fc.property(name, fc.array(protocol, { minLength: 1 }), suites, (host, alpnProtocols, cipherSuites) => {
      const extensions = [serverName(host), alpn(...alpnProtocols)];
      const parsed = parseClientHello(hello({ suites: uint16(...cipherSuites), extensions }));
      expect(parsed).toEqual({ serverName: host, alpnProtocols, cipherSuites });
    }),
  );
});

test('arbitrary bytes, and damaged hellos, throw nothing', () => {
  const whole = hello({ extensions: [serverName('a.example'), alpn('coap')] });
  const damaged = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1 }).map((changes) => {
    const copy = Buffer.from(whole);
    for (const [at, byte] of changes) copy[at] = byte;
    return copy;
  });
  const inRecord = fc.uint8Array({ maxLength: 300 }).map((body) => handshake(1, 0, { body }));
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), inRecord, damaged), (bytes) => {
      const parsed = parseClientHello(bytes);
      expect(parsed === undefined || parsed.cipherSuites.length > 0).toBe(true);
    }),
  );
});
