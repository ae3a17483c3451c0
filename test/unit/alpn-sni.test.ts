import { beforeAll, describe, expect, jest, test } from '@jest/globals';
import { type AlpnCallback, createSecureContext, type SecureContext, type SniCallback } from '../../lib';
import { certifiedClient, failing, openCertified, recordNames, serveCertified } from '../support/certified';
import { rejected } from '../support/errors';
import { Link } from '../support/link';
import { key, openPair, psk, talk } from '../support/pair';
import { type Authority, authority, type Certified } from '../support/pki';

let ca: Authority;
let byDefault: Certified;
let ofExample: Certified;
let example: SecureContext;
let server: { cert: string; key: string };

beforeAll(async () => {
  ca = await authority();
  [byDefault, ofExample] = await Promise.all([ca.issue(), ca.issue({ hosts: ['a.example'] })]);
  example = createSecureContext({ cert: ofExample.chain, key: ofExample.key });
  server = { cert: byDefault.chain, key: byDefault.key };
});

const asking = () => ({ ca: ca.cert, host: 'a.example' });

describe('an SNICallback', () => {
  const answers: Array<[string, () => SniCallback]> = [
    ['by done, as in node:tls', () => (_name, done) => done(null, example)],
    ['by done, later', () => (_name, done) => void setImmediate(done, null, example)],
    ['by what it returns', () => (_name) => example],
    ['by a promise', () => async (_name) => example],
  ];

  test.each(answers)('chooses the certificate %s', async (_, sniCallback) => {
    const { client, peer } = await openCertified({
      client: asking(),
      server: { ...server, SNICallback: sniCallback() },
    });
    expect(client.authorized).toBe(true);
    expect(client.getPeerX509Certificate()?.raw).toEqual(ofExample.der);
    expect(peer.getX509Certificate()?.raw).toEqual(ofExample.der);
    expect(peer.servername).toBe('a.example');
    expect(client.servername).toBe('a.example');
    await talk(client, peer);
  });

  test('is asked once, with the name', async () => {
    const asked: string[] = [];
    const SNICallback: SniCallback = (name) => {
      asked.push(name);
      return example;
    };
    await openCertified({ client: asking(), server: { ...server, SNICallback } });
    expect(asked).toEqual(['a.example']);
  });

  test.each([
    ['undefined', (_name: string) => undefined],
    ['null', (_name: string) => null],
    ['a promise of nothing', async (_name: string) => undefined],
    ['nothing by done', (_name: string, done: (error: Error | null) => void) => done(null)],
  ])("that answers %s leaves the server's own certificate", async (_, SNICallback) => {
    const { client } = await openCertified({
      client: { ca: ca.cert, host: 'localhost' },
      server: { ...server, SNICallback },
    });
    expect(client.getPeerX509Certificate()?.raw).toEqual(byDefault.der);
  });

  test('is not asked when the client names nobody', async () => {
    const SNICallback = jest.fn<(name: string) => SecureContext>(() => example);
    const { peer } = await openCertified({
      client: { ca: ca.cert, host: '127.0.0.1' },
      server: { ...server, SNICallback },
    });
    expect(SNICallback).not.toHaveBeenCalled();
    expect(peer.servername).toBe(false);
  });

  test('may choose suites and keys, too', async () => {
    const context = createSecureContext({ psk: { alice: key }, ciphers: 'PSK-AES256-GCM-SHA384' });
    const { peer } = await openPair({
      client: { servername: 'a.example' },
      server: { psk: { alice: Buffer.alloc(16) }, SNICallback: (_name) => context },
    });
    expect(peer.getCipher()?.name).toBe('PSK-AES256-GCM-SHA384');
    expect(peer.pskIdentity).toBe('alice');
  });

  const failures: Array<[string, SniCallback, RegExp]> = [
    ['an error by done', (_name, done) => done(new Error('no such name')), /no such name/],
    ['a rejection', (_name) => Promise.reject(new Error('no such name')), /no such name/],
    [
      'an exception',
      (_name) => {
        throw new Error('no such name');
      },
      /no such name/,
    ],
    ['something else', ((_name: string) => ({})) as never, /createSecureContext/],
    ['a promise of something else', (async (_name: string) => 7) as never, /createSecureContext/],
    [
      'something else by done',
      ((_name: string, done: (e: null, c: unknown) => void) => done(null, 'x')) as never,
      /create/,
    ],
  ];

  test.each(failures)('that answers %s ends the handshake', async (_, SNICallback, says) => {
    const { error, peerError, fromServer } = await failing({ client: asking(), server: { ...server, SNICallback } });
    expect(peerError).toMatchObject({ code: 'ERR_DTLS_CALLBACK', alert: 'internal_error' });
    expect(peerError.message).toMatch(says);
    expect(peerError.cause).toBeInstanceOf(Error);
    expect(error).toMatchObject({ code: 'ERR_DTLS_HANDSHAKE', alert: 'internal_error' });
    expect(fromServer).toEqual(['HelloVerifyRequest', 'Alert']);
  });
});

describe('a client names the server', () => {
  test.each([
    ['by its host', { host: 'a.example' }, true],
    ['by the servername', { host: '192.0.2.1', servername: 'a.example' }, true],
    ['but not by an IPv4 address', { host: '192.0.2.1' }, false],
    ['but not by an IPv6 address', { host: '::1' }, false],
  ])('%s', async (_, options, isNamed) => {
    const { client, peer, link } = await openCertified({
      client: { ca: ca.cert, checkServerIdentity: () => undefined, ...options },
      server,
    });
    expect(peer.servername).toBe(isNamed ? 'a.example' : false);
    expect(client.servername).toBe(isNamed ? 'a.example' : false);
    expect(link.toServer.sent[1]?.includes('a.example')).toBe(isNamed);
    expect(link.toServer.sent[1]?.includes(options.host)).toBe(isNamed && options.host === 'a.example');
  });

  test.each([
    ['not when it has a pre-shared key only', { host: 'a.example' }, false],
    ['with a pre-shared key when it is told to', { servername: 'a.example' }, 'a.example'],
  ])('%s', async (_, options, servername) => {
    const { peer } = await openPair({ client: options });
    expect(peer.servername).toBe(servername);
  });
});

describe('of application protocols', () => {
  test("the server's first that the client has, too, is agreed on", async () => {
    const { client, peer } = await openPair({
      client: { ALPNProtocols: ['one', 'two', 'three'] },
      server: { ALPNProtocols: ['zero', 'three', 'one'] },
    });
    expect(client.alpnProtocol).toBe('three');
    expect(peer.alpnProtocol).toBe('three');
    await talk(client, peer);
  });

  test('one of other characters is agreed on', async () => {
    const { client, peer } = await openPair({
      client: { ALPNProtocols: ['größe'] },
      server: { ALPNProtocols: ['größe'] },
    });
    expect([client.alpnProtocol, peer.alpnProtocol]).toEqual(['größe', 'größe']);
  });

  test('none is agreed on when the client offers none', async () => {
    const { client, peer } = await openPair({ server: { ALPNProtocols: ['coap'] } });
    expect([client.alpnProtocol, peer.alpnProtocol]).toEqual([false, false]);
  });

  test('none is agreed on when the server has none', async () => {
    const { client, peer } = await openPair({ client: { ALPNProtocols: ['coap'] } });
    expect([client.alpnProtocol, peer.alpnProtocol]).toEqual([false, false]);
  });

  test.each([
    ['ALPNProtocols', { ALPNProtocols: ['webrtc'] }],
    ['an ALPNCallback', { ALPNCallback: () => undefined }],
  ])('none in common with %s ends the handshake', async (_, options) => {
    const { error, peerError, fromServer } = await failing({
      client: { psk, ALPNProtocols: ['coap'] },
      server: { psk: { alice: key }, ...options },
    });
    for (const one of [error, peerError]) {
      expect(one).toMatchObject({ code: 'ERR_DTLS_ALPN', alert: 'no_application_protocol' });
    }
    expect(fromServer).toEqual(['HelloVerifyRequest', 'Alert']);
  });
});

describe('an ALPNCallback', () => {
  test('is asked once with the name and the offer, and chooses', async () => {
    const ALPNCallback = jest.fn<AlpnCallback>(({ protocols }) => protocols.at(-1));
    const { client, peer } = await openCertified({
      client: { ca: ca.cert, ALPNProtocols: ['one', 'two'] },
      server: { ...server, ALPNCallback },
    });
    expect(ALPNCallback.mock.calls).toEqual([[{ servername: 'localhost', protocols: ['one', 'two'] }]]);
    expect([client.alpnProtocol, peer.alpnProtocol]).toEqual(['two', 'two']);
  });

  test('is not asked when the client offers nothing', async () => {
    const ALPNCallback = jest.fn<AlpnCallback>();
    const { client } = await openPair({ server: { ALPNCallback } });
    expect(ALPNCallback).not.toHaveBeenCalled();
    expect(client.alpnProtocol).toBe(false);
  });

  test.each([
    ['what was not offered', () => 'three', /"three", which the client did not offer/],
    ['no text', () => 7, /7, which the client did not offer/],
    ['a promise', async () => 'one', /which the client did not offer/],
    [
      'an exception',
      () => {
        throw new Error('no idea');
      },
      /no idea/,
    ],
  ])('that answers %s ends the handshake', async (_, answer, says) => {
    const { error, peerError } = await failing({
      client: { psk, ALPNProtocols: ['one', 'two'] },
      server: { psk: { alice: key }, ALPNCallback: answer as AlpnCallback },
    });
    expect(peerError).toMatchObject({ code: 'ERR_DTLS_CALLBACK', alert: 'internal_error' });
    expect(peerError.message).toMatch(says);
    expect(error).toMatchObject({ code: 'ERR_DTLS_HANDSHAKE', alert: 'internal_error' });
  });
});

test('a server that is closed while the SNICallback thinks leaves nothing behind', async () => {
  const link = new Link();
  let answer: (context: SecureContext) => void = () => {};
  const asked = new Promise<void>((resolve) => {
    link.toServer.rule = (datagram, n) => {
      if (n === 1) setImmediate(resolve);
      return [datagram];
    };
  });
  const SNICallback: SniCallback = (_name) =>
    new Promise((resolve) => {
      answer = resolve;
    });
  const listening = await serveCertified(link, { ...server, SNICallback });
  const association = certifiedClient(link, asking()).startHandshake();
  const opened = rejected(association.opened);
  await asked;
  await link.quiet();
  await listening.close();
  answer(example);
  await link.quiet();
  expect(recordNames(link.toClient)).toEqual(['HelloVerifyRequest']);
  await association.close();
  expect(await opened).toMatchObject({ code: 'ERR_DTLS_CLOSED' });
});
