import { X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, jest, test } from '@jest/globals';
import {
  type AlpnCallback,
  createSecureContext,
  type DtlsError,
  type SecureContext,
  type ServerOptions,
  type SniCallback,
} from '../../lib';
import { parseRecords } from '../../lib/handshake/wire';
import { certifiedClient, failing, openCertified, recordNames, serveCertified } from '../support/certified';
import { expectNoTrace, thrown } from '../support/errors';
import { Link, type Rule } from '../support/link';
import { talk } from '../support/pair';
import { type Authority, authority, type Certified } from '../support/pki';
import { record, splitRecords } from '../support/wire';

let ca: Authority;
let byDefault: Certified;
let ofExample: Certified;
let server: { cert: string; key: string };

beforeAll(async () => {
  ca = await authority();
  [byDefault, ofExample] = await Promise.all([ca.issue(), ca.issue({ hosts: ['a.example'] })]);
  server = { cert: byDefault.chain, key: byDefault.key };
});

describe('a server whose answer depends on the hello', () => {
  const policies: Array<[string, () => Partial<ServerOptions>]> = [
    ['an SNICallback', () => ({ SNICallback: jest.fn<SniCallback>() })],
    ['ALPNProtocols', () => ({ ALPNProtocols: ['coap'] })],
    ['an ALPNCallback', () => ({ ALPNCallback: jest.fn<AlpnCallback>(() => 'coap') })],
  ];

  /** What the server sends, and why it refuses, when the client's hellos come as this rule changes them. */
  async function answered(options: Partial<ServerOptions>, rule: (hello: Buffer) => Buffer) {
    const link = new Link();
    const asRule: Rule = (datagram) => [parseRecords(datagram)[0]?.handshakeType === 1 ? rule(datagram) : datagram];
    link.toServer.rule = asRule;
    const listening = await serveCertified(link, { ...server, ...options });
    const refusals: DtlsError[] = [];
    listening.on('peerError', (error) => refusals.push(error as DtlsError));
    const association = certifiedClient(link, { ca: ca.cert, servername: 'a.example', ALPNProtocols: ['coap'] });
    association.on('error', () => {});
    association.startHandshake();
    await link.quiet();
    return { fromServer: recordNames(link.toClient), refusals };
  }

  test.each(policies)('through %s does not answer one behind a record of no known type', async (_, policy) => {
    const options = policy();
    const junk = record(99, Buffer.of(0));
    const { fromServer, refusals } = await answered(options, (hello) => Buffer.concat([junk, hello]));
    expect(fromServer).toEqual([]);
    expect(refusals).toEqual([]);
    for (const callback of [options.SNICallback, options.ALPNCallback].filter(Boolean)) {
      expect(callback).not.toHaveBeenCalled();
    }
  });

  test('through an SNICallback refuses a name that no host has, and asks nobody', async () => {
    const SNICallback = jest.fn<SniCallback>();
    const spoilt = (hello: Buffer): Buffer => {
      const copy = Buffer.from(hello);
      copy.write('a..xample', copy.indexOf('a.example'));
      return copy;
    };
    const { fromServer, refusals } = await answered({ SNICallback }, spoilt);
    expect(fromServer).toEqual(['HelloVerifyRequest', 'Alert']);
    expect(refusals).toMatchObject([{ code: 'ERR_DTLS_HANDSHAKE', alert: 'unrecognized_name' }]);
    expect(SNICallback).not.toHaveBeenCalled();
  });
});

describe("of a name's context", () => {
  let clients: Authority;
  let ofClients: Certified;
  let ofCa: Certified;

  beforeAll(async () => {
    clients = await authority({ name: 'CA of the clients' });
    [ofClients, ofCa] = await Promise.all([clients.issue({ purpose: 'client' }), ca.issue({ purpose: 'client' })]);
  });

  /** The server trusts `clients`; the client asks for a.example. */
  const sides = ({ chain, key }: Certified, context: SecureContext) => ({
    client: { ca: ca.cert, cert: chain, key, servername: 'a.example' },
    server: { ...server, ca: clients.cert, requestCert: true, SNICallback: ((_name) => context) as SniCallback },
  });

  const nameOf = ({ cert }: Authority): string => new X509Certificate(cert).subject.replace('CN=', '');

  function certificateRequest(link: Link): Buffer {
    const records = link.toClient.sent.flatMap(splitRecords);
    return records.find((bytes) => parseRecords(bytes)[0]?.handshakeType === 13) as Buffer;
  }

  test.each([
    ["without ca, the server's trust is kept", false],
    ['with ca, that one is trusted', true],
  ])('%s', async (_, hasCa) => {
    const [trusted, other] = hasCa ? [ca, clients] : [clients, ca];
    const [welcome, unwelcome] = hasCa ? [ofCa, ofClients] : [ofClients, ofCa];
    const { chain, key } = ofExample;
    const context = createSecureContext({ cert: chain, key, ...(hasCa && { ca: ca.cert }) });
    const { client, peer, link } = await openCertified(sides(welcome, context));
    expect(client.getPeerX509Certificate()?.raw).toEqual(ofExample.der);
    expect(peer.authorized).toBe(true);
    await talk(client, peer);
    const request = certificateRequest(link);
    expect(request.includes(nameOf(trusted))).toBe(true);
    expect(request.includes(nameOf(other))).toBe(false);
    const { peerError } = await failing(sides(unwelcome, context));
    expect(peerError).toMatchObject({ code: 'ERR_DTLS_CERT_UNTRUSTED' });
  });
});

describe('an SNICallback', () => {
  test.each([
    [
      'of two parameters that rejects without done',
      async (_name: string, _done: unknown) => Promise.reject(new Error('no such name')),
    ],
    ['of one parameter that fails by done', (...args: Parameters<SniCallback>) => args[1](new Error('no such name'))],
  ])('%s refuses the client', async (_, SNICallback) => {
    const { error, peerError } = await failing({
      client: { ca: ca.cert, servername: 'a.example' },
      server: { ...server, SNICallback },
    });
    expect(peerError).toMatchObject({ code: 'ERR_DTLS_CALLBACK', message: expect.stringContaining('no such name') });
    expect(error).toMatchObject({ alert: 'internal_error' });
  });

  test('of an unknown number of parameters may answer by done', async () => {
    const { chain, key } = ofExample;
    const context = createSecureContext({ cert: chain, key });
    const SNICallback: SniCallback = (...args) => args[1](null, context);
    const pair = await openCertified({
      client: { ca: ca.cert, servername: 'a.example' },
      server: { ...server, SNICallback },
    });
    expect(pair.client.getPeerX509Certificate()?.raw).toEqual(ofExample.der);
  });
});

test('a private key in place of the options of createSecureContext is not shown', () => {
  const error = thrown(() => createSecureContext(byDefault.key as never));
  expect(error.code).toBe('ERR_DTLS_OPTION');
  expect(error).not.toHaveProperty('value');
  const body = byDefault.key.split('\n')[1] as string;
  for (const text of [byDefault.key, body]) expectNoTrace(error, Buffer.from(text));
});
