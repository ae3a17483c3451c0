import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  connect,
  createEndpoint,
  createSecureContext,
  createServer,
  DtlsAssociation,
  DtlsError,
  type DtlsServer,
  PacketCapture,
  type ServerTransportReceiver,
  type TransportReceiver,
} from '../../lib';
import { Link } from '../support/link';
import { client, key, openPair, type Pair, psk } from '../support/pair';
import { ODD_NAMES, type OddName, odd } from './odd-values';
import { expectUnharmed, problemsOf } from './refusals';

const home = process.cwd();
let directory: string;

// Some of the odd values are names of files.
beforeAll(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'misuse-'));
  process.chdir(directory);
});

afterAll(() => {
  process.chdir(home);
  rmSync(directory, { recursive: true });
});

/** Where a secret may be given, in the right place or by mistake. */
const SECRETS = /options|Context\(|onAssociation|Keys|Secret/;

let pair: Pair;
let idle: DtlsServer;

beforeEach(async () => {
  pair = await openPair();
  idle = createServer({ psk: { alice: key } });
});

const from = { address: '192.0.2.99', port: 50_000, family: 'IPv4' as const };
const options = { psk, transport: new Link().client() };
const start = (association: DtlsAssociation): void => {
  void association.closed;
  association.startHandshake().destroy();
};

/** A use of each argument, and what it may be among the odd values. */
const ARGUMENTS: Readonly<Record<string, [use: (value: never) => unknown, taken: OddName[]]>> = {
  'connect(options)': [(options) => connect(options), []],
  'createServer(_, onAssociation)': [
    (listener) => createServer({ psk: { alice: key } }, listener),
    ['undefined', 'a function', 'a class'],
  ],
  'createSecureContext(options)': [(options) => createSecureContext(options), ['undefined', ...records()]],
  'createEndpoint(options)': [async (options) => (await createEndpoint(options)).close(), ['undefined', ...records()]],
  'new DtlsAssociation(host)': [
    (host) => start(new DtlsAssociation(host, 5684, 'name', options)),
    ['x', 'a lone surrogate', 'a secret string'],
  ],
  'new DtlsAssociation(_, port)': [
    (port) => start(new DtlsAssociation('127.0.0.1', port, 'name', options)),
    ['undefined'],
  ],
  'new DtlsAssociation(_, _, name)': [
    (name) => start(new DtlsAssociation('127.0.0.1', 5684, name, options)),
    ['undefined', 'x', 'a lone surrogate', 'a secret string', 'a string with NUL', 'a huge string'],
  ],
  'new DtlsAssociation(_, _, _, options)': [
    (options) => start(new DtlsAssociation('127.0.0.1', 5684, 'name', options)),
    ['undefined', ...records()],
  ],
  // The system repeats the name of a file in full.
  'new PacketCapture(file)': [
    (file: unknown) => new PacketCapture(shorter(file) as string).close(),
    ['x', 'a lone surrogate', 'a secret string'],
  ],
  'DtlsError.is(value)': [(value) => DtlsError.is(value), ODD_NAMES],
  'association.send(data)': [
    (data) => pair.client.send(data),
    ['x', 'a string with NUL', 'a lone surrogate', 'a secret string', 'a secret', 'shared bytes'],
  ],
  'association.destroy(error)': [(error) => freshClient().destroy(error), ['undefined', 'null', 'an Error']],
  'association.getPeerCertificate(detailed)': [(detailed) => pair.client.getPeerCertificate(detailed), ODD_NAMES],
  'association.exportKeyingMaterial(length)': [(length) => pair.client.exportKeyingMaterial(length, 'EXPORTER-x'), []],
  'association.exportKeyingMaterial(_, label)': [
    (label) => pair.client.exportKeyingMaterial(16, label),
    ['x', 'a lone surrogate', 'a secret string', 'a string with NUL'],
  ],
  'association.exportKeyingMaterial(_, _, context)': [
    (context) => pair.client.exportKeyingMaterial(16, 'EXPORTER-x', context),
    ['undefined', 'no bytes', 'a secret', 'shared bytes', 'detached bytes', 'bytes out of bounds'],
  ],
  'server.listen(options)': [(options) => idle.listen(options), []],
  'server.drain(options)': [
    (options) => createServer({ psk: { alice: key } }).drain(options),
    ['undefined', ...records()],
  ],
  'server.inject(datagram)': [
    (datagram) => pair.server.inject(datagram, from),
    ['no bytes', 'a secret', '1 MiB', 'shared bytes', 'detached bytes', 'bytes out of bounds'],
  ],
  'server.inject(_, from)': [(from) => pair.server.inject(Buffer.alloc(60), from), []],
  'server.inject(_, from.address)': [
    (address) => pair.server.inject(Buffer.alloc(60), { ...from, address }),
    ['an empty string', 'x', 'a lone surrogate', 'a secret string', 'a string with NUL', 'a huge string'],
  ],
  'server.inject(_, from.port)': [(port) => pair.server.inject(Buffer.alloc(60), { ...from, port }), ['zero']],
  'server.inject(_, from.family)': [(family) => pair.server.inject(Buffer.alloc(60), { ...from, family }), ODD_NAMES],
  'server.setSecureContext(context)': [(context) => pair.server.setSecureContext(context), []],
  'server.setTicketKeys(keys)': [(keys) => pair.server.setTicketKeys(keys), ['shared bytes']],
  'server.setCookieSecret(secret)': [
    (secret) => pair.server.setCookieSecret(secret),
    ['a secret', '1 MiB', 'shared bytes'],
  ],
  'secureContext.setTicketKeys(keys)': [(keys) => createSecureContext().setTicketKeys(keys), ['shared bytes']],
};

function shorter(file: unknown): unknown {
  return typeof file === 'string' ? file.slice(0, 300) : file;
}

function records(): OddName[] {
  const plain: OddName[] = ['an empty object', 'a frozen object', 'an object without prototype'];
  return [...plain, ...ODD_NAMES.filter((name) => name.startsWith('what only inherits from'))];
}

function freshClient(): DtlsAssociation {
  const association = new DtlsAssociation(options);
  void association.closed;
  return association;
}

describe('an argument is refused when it is odd, and what it was given to goes on:', () => {
  test.each(Object.keys(ARGUMENTS))('%s', async (name) => {
    const [use, taken] = ARGUMENTS[name] as (typeof ARGUMENTS)[string];
    expect(await problemsOf(use, taken, SECRETS.test(name))).toEqual([]);
    await expectUnharmed(pair);
  });
});

const BYTES: OddName[] = ['no bytes', 'a secret', '1 MiB', 'shared bytes', 'detached bytes', 'bytes out of bounds'];
const noise = (): Uint8Array => new Uint8Array(60);
/** Looks as a message, which open associations take another way. */
const ciphertext = (): Uint8Array => Uint8Array.of(23, 254, 253, 0, 1, 0, 0, 0, 0, 0, 9, 0, 30, ...new Uint8Array(30));

/** What a transport of the user's tells, with what else a datagram is like. */
const TOLD: Readonly<Record<string, [tell: (receiver: TransportReceiver, value: never) => unknown, taken: OddName[]]>> =
  {
    'datagram(bytes)': [(receiver, bytes) => receiver.datagram(bytes), BYTES],
    'datagram(_, offset)': [(receiver, offset) => receiver.datagram(noise(), offset, 13), ['undefined', 'zero']],
    'datagram(_, _, length)': [(receiver, length) => receiver.datagram(noise(), 0, length), ['undefined', 'zero']],
    'datagram(_, offset) of a message': [
      (receiver, offset) => receiver.datagram(ciphertext(), offset, 43),
      ['undefined', 'zero'],
    ],
    'datagram(_, _, length) of a message': [
      (receiver, length) => receiver.datagram(ciphertext(), 0, length),
      ['undefined', 'zero'],
    ],
    'failed(error)': [(receiver, error) => receiver.failed(error, false), ODD_NAMES],
  };

describe("what a client's transport tells is refused when it is odd, and the association goes on:", () => {
  test.each(Object.keys(TOLD))('%s, while it is open', async (name) => {
    const [tell, taken] = TOLD[name] as (typeof TOLD)[string];
    const receiver = pair.transport.receiver as TransportReceiver;
    expect(await problemsOf((value) => tell(receiver, value), taken, false)).toEqual([]);
    await expectUnharmed(pair);
  });

  test.each(Object.keys(TOLD))('%s, during the handshake', async (name) => {
    const [tell, taken] = TOLD[name] as (typeof TOLD)[string];
    const transport = pair.link.client();
    const association = client(pair.link, { transport });
    pair.link.toClient.hold();
    association.startHandshake();
    await pair.link.quiet();
    expect(association.state).toBe('handshaking');
    const receiver = transport.receiver as TransportReceiver;
    expect(await problemsOf((value) => tell(receiver, value), taken, false)).toEqual([]);
    pair.link.toClient.release();
    await association.opened;
    await expectUnharmed(pair);
  });

  test('whatever it is fatally told to be wrong with the transport is an Error in the end', async () => {
    for (const name of ODD_NAMES) {
      const one = await openPair();
      void one.client.closed;
      (one.transport.receiver as TransportReceiver).failed(odd(name) as never, true);
      expect(await one.client.closed).toMatchObject({ error: { code: 'ERR_DTLS_SOCKET', cause: expect.any(Error) } });
    }
  });
});

describe("what a server's transport tells is refused when it is odd, and the server goes on:", () => {
  let receiver: ServerTransportReceiver;

  /** A link whose server's receiver is the one above. */
  function newLink(): Link {
    const link = new Link();
    const { open } = link.server;
    link.server.open = (its) => {
      receiver = its;
      return open(its);
    };
    return link;
  }

  beforeEach(async () => {
    pair = await openPair({ link: newLink() });
  });

  const told: Readonly<Record<string, [tell: (value: never) => unknown, taken: OddName[]]>> = {
    'datagram(bytes)': [(bytes) => receiver.datagram(bytes, from), BYTES],
    'datagram(_, from)': [(from) => receiver.datagram(noise(), from), []],
    'datagram(_, from.address)': [
      (address) => receiver.datagram(noise(), { ...from, address }),
      ['an empty string', 'x', 'a lone surrogate', 'a secret string', 'a string with NUL', 'a huge string'],
    ],
    'datagram(_, from.port)': [(port) => receiver.datagram(noise(), { ...from, port }), ['zero']],
  };

  test.each(Object.keys(told))('%s', async (name) => {
    const [tell, taken] = told[name] as (typeof told)[string];
    expect(await problemsOf(tell, taken, false)).toEqual([]);
    await expectUnharmed(pair);
  });

  test('failed(error) closes it, whatever the error is', async () => {
    for (const name of ODD_NAMES) {
      const one = await openPair({ link: newLink() });
      const errors: Error[] = [];
      one.server.on('error', (error) => errors.push(error));
      receiver.failed(odd(name) as never);
      await one.server.close();
      expect(errors).toEqual([expect.objectContaining({ code: 'ERR_DTLS_SOCKET', cause: expect.any(Error) })]);
    }
  });
});

describe('a resolver that is odd is as good as none:', () => {
  const failing = async (lookup: unknown): Promise<string | undefined> => {
    const association = new DtlsAssociation({ host: 'dtls.example', port: 5684, psk, lookup: lookup as never });
    void association.closed;
    const error = await association.startHandshake().opened.catch((reason) => reason);
    return DtlsError.is(error) ? error.code : String(error);
  };
  type Callback = (error: unknown, found?: unknown) => void;

  const lookups: Readonly<Record<string, (value: unknown) => (...args: [unknown, unknown, Callback]) => unknown>> = {
    'one that fails with it': (value) => (_host, _options, callback) => callback(value),
    'one that finds it': (value) => (_host, _options, callback) => callback(null, value),
    'one that finds it later': (value) => (_host, _options, callback) => void setImmediate(callback, null, value),
    'one that finds a list of it': (value) => (_host, _options, callback) => callback(null, [value]),
    'one that finds it as an address': (value) => (_host, _options, callback) => callback(null, [{ address: value }]),
    'one that throws it': (value) => () => {
      throw value;
    },
    'one that rejects with it': (value) => () => Promise.reject(value),
  };

  test.each(Object.keys(lookups))('%s', async (name) => {
    const lookup = lookups[name] as (typeof lookups)[string];
    // What looks into a hostile value has to expect that it throws.
    const values = ODD_NAMES.filter((value) => !(name.endsWith('later') && /proxy/.test(value)));
    const codes = await Promise.all(values.map((value) => failing(lookup(odd(value)))));
    expect(new Set(codes)).toEqual(new Set(['ERR_DTLS_LOOKUP']));
  });
});
