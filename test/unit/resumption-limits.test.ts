import { randomBytes, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { beforeAll, describe, expect, jest, test } from '@jest/globals';
import { type ConnectOptions, createSecureContext, type ServerOptions, type VerifyPeer } from '../../lib';
import {
  certifiedClient,
  failing,
  openCertified,
  recordNames,
  sentFromNow,
  serveCertified,
} from '../support/certified';
import { rejected } from '../support/errors';
import { deliverAll, Link, type Rule } from '../support/link';
import { key, psk, talk } from '../support/pair';
import { type Authority, authority, type Certified } from '../support/pki';
import { claimedFor, connectTo, isResumed, sessionOf } from '../support/resumption';
import { splitRecords } from '../support/wire';

let ca: Authority;
let ofServer: Certified;
let ofClient: Certified;

beforeAll(async () => {
  ca = await authority();
  [ofServer, ofClient] = await Promise.all([ca.issue(), ca.issue({ name: 'sensor-7', purpose: 'client' })]);
});

const ticketKeys = randomBytes(48);
const identityOf = ({ chain, key }: Certified) => ({ cert: chain, key });
const server = () => identityOf(ofServer);
const asking = () => ({ ...server(), ca: ca.cert, requestCert: true });
const proving = () => ({ ...identityOf(ofClient), ca: ca.cert });

describe('a full handshake comes of', () => {
  async function offered(first: Partial<ServerOptions>, second: Partial<ServerOptions>): Promise<boolean> {
    const made = await openCertified({ client: { psk }, server: { psk: { alice: key }, ...first } });
    const link = new Link();
    const server = await serveCertified(link, { psk: { alice: key }, ...second });
    const ends = await connectTo(link, server, { psk, session: sessionOf(made) });
    await talk(ends.client, ends.peer);
    return isResumed(ends);
  }

  test('a session of a server with other ticket keys', async () => {
    expect(await offered({}, {})).toBe(false);
    expect(await offered({ ticketKeys }, { ticketKeys: randomBytes(48) })).toBe(false);
  });

  test('a session of a server that verified otherwise', async () => {
    expect(await offered({ ticketKeys, ...asking() }, { ticketKeys })).toBe(false);
  });

  test('but not of one of another server with the same ticket keys', async () => {
    expect(await offered({ ticketKeys }, { ticketKeys })).toBe(true);
    expect(await offered({ ticketKeys }, { ticketKeys: [randomBytes(48), ticketKeys] })).toBe(true);
  });

  test('a session that the server does not have any more', async () => {
    const made = await openCertified({ client: proving(), server: asking() });
    const link = new Link();
    const ends = await connectTo(link, await serveCertified(link, asking()), {
      ...proving(),
      session: sessionOf(made),
    });
    expect(isResumed(ends)).toBe(false);
    expect(ends.peer.authorized).toBe(true);
    await talk(ends.client, ends.peer);
  });

  test('a ticket that does not fit the datagram of a ClientHello', async () => {
    const large = await ca.issue({ keyType: 'rsa-2048', name: 'sensor-8', purpose: 'client' });
    const options = { ca: ca.cert, cert: large.chain, key: large.key };
    const first = await openCertified({ client: options, server: { ...asking(), ticketKeys } });
    const session = sessionOf(first);
    const tight = await connectTo(first.link, first.server, { ...options, session });
    expect(isResumed(tight)).toBe(false);
    expect(tight.peer.authorized).toBe(true);
    const roomy = await connectTo(first.link, first.server, { ...options, session, mtu: 4096 });
    expect(isResumed(roomy)).toBe(true);
  });
});

test('ticket keys may be rotated: old tickets are read, and replaced by new ones', async () => {
  const [old, fresh] = [randomBytes(48), randomBytes(48)];
  const options = { psk };
  const { link, server, ...first } = await openCertified({
    client: options,
    server: { psk: { alice: key }, ticketKeys: old },
  });
  server.setTicketKeys([fresh, old]);
  const rotated = await connectTo(link, server, { ...options, session: sessionOf(first) });
  expect(isResumed(rotated)).toBe(true);
  server.setTicketKeys(fresh);
  const renewed = await connectTo(link, server, { ...options, session: sessionOf(rotated) });
  expect(isResumed(renewed)).toBe(true);
  const outdated = await connectTo(link, server, { ...options, session: sessionOf(first) });
  expect(isResumed(outdated)).toBe(false);
});

test('servers with one secureContext resume the sessions of each other', async () => {
  const secureContext = createSecureContext({ psk: { alice: key } });
  const first = await openCertified({ client: { psk }, server: { secureContext } });
  const link = new Link();
  const other = await serveCertified(link, { secureContext });
  expect(isResumed(await connectTo(link, other, { psk, session: sessionOf(first) }))).toBe(true);
});

test('a server has no session to tell', async () => {
  const { peer } = await openCertified({ client: { psk }, server: { psk: { alice: key } } });
  expect(peer.getSession()).toBeUndefined();
});

describe('whoever resumes is asked about anew:', () => {
  test('checkServerIdentity', async () => {
    const checkServerIdentity = jest.fn<NonNullable<ConnectOptions['checkServerIdentity']>>(() => undefined);
    const options = { ca: ca.cert, checkServerIdentity };
    const first = await openCertified({ client: options, server: server() });
    const again = { ...options, session: sessionOf(first) };
    expect(isResumed(await connectTo(first.link, first.server, again))).toBe(true);
    expect(checkServerIdentity).toHaveBeenCalledTimes(2);
    checkServerIdentity.mockReturnValue(new Error('not any more'));
    const peerErrors = once(first.server, 'peerError');
    const error = await rejected(certifiedClient(first.link, again).startHandshake().opened);
    expect(error).toMatchObject({ code: 'ERR_DTLS_CERT_HOST', alert: 'bad_certificate' });
    expect((await peerErrors)[0]).toMatchObject({ alert: 'bad_certificate' });
  });

  test.each(['client', 'server'] as const)('verifyPeer of a %s', async (role) => {
    const verifyPeer = jest.fn<VerifyPeer>(async () => true);
    const sides = {
      client: { ...proving(), ...(role === 'client' ? { verifyPeer } : {}) },
      server: { ...asking(), ...(role === 'server' ? { verifyPeer } : {}) },
    };
    const first = await openCertified(sides);
    const again = { ...sides.client, session: sessionOf(first) };
    const ends = await connectTo(first.link, first.server, again);
    expect(isResumed(ends)).toBe(true);
    expect(verifyPeer).toHaveBeenCalledTimes(2);
    const [[certificate], [sameCertificate, details]] = verifyPeer.mock.calls;
    expect(sameCertificate.raw).toEqual(certificate.raw);
    expect(details).toMatchObject({ authorized: true, servername: 'localhost' });
    await talk(ends.client, ends.peer);
    verifyPeer.mockResolvedValue(false);
    const peerErrors = once(first.server, 'peerError');
    const sent = sentFromNow(role === 'client' ? first.link.toServer : first.link.toClient);
    const error = await rejected(certifiedClient(first.link, again).startHandshake().opened);
    const [peerError] = await peerErrors;
    expect(role === 'client' ? error : peerError).toMatchObject({ code: 'ERR_DTLS_CERT_REFUSED' });
    expect(role === 'client' ? peerError : error).toMatchObject({ alert: 'access_denied' });
    expect(recordNames(sent)).toEqual(
      role === 'client' ? ['ClientHello', 'ClientHello', 'Alert'] : ['HelloVerifyRequest', 'Alert'],
    );
  });

  test('verifyFingerprint', async () => {
    const verifyFingerprint = new X509Certificate(ofServer.cert).fingerprint256;
    const options = { verifyFingerprint };
    const first = await openCertified({ client: options, server: server() });
    const ends = await connectTo(first.link, first.server, { ...options, session: sessionOf(first) });
    expect(isResumed(ends)).toBe(true);
    expect(ends.client.authorized).toBe(true);
  });

  test("a pre-shared key that was taken from the server's table", async () => {
    const first = await openCertified({ client: { psk }, server: { psk: { alice: key }, ticketKeys } });
    const link = new Link();
    const other = await serveCertified(link, { psk: { bob: key }, ticketKeys });
    const peerErrors = once(other, 'peerError');
    const error = await rejected(certifiedClient(link, { psk, session: sessionOf(first) }).startHandshake().opened);
    expect(error).toMatchObject({ code: 'ERR_DTLS_PSK_UNKNOWN', alert: 'unknown_psk_identity' });
    expect((await peerErrors)[0]).toMatchObject({ code: 'ERR_DTLS_PSK_UNKNOWN' });
    expect(recordNames(link.toClient)).toEqual(['HelloVerifyRequest', 'Alert']);
  });
});

test('the pskCallback of a server is not asked about a device that resumes, be it removed', async () => {
  const pskCallback = jest.fn<NonNullable<ServerOptions['pskCallback']>>(() => key);
  const first = await openCertified({ client: { psk }, server: { pskCallback } });
  pskCallback.mockReturnValue(undefined);
  const again = await connectTo(first.link, first.server, { psk, session: sessionOf(first) });
  expect(isResumed(again)).toBe(true);
  await talk(again.client, again.peer);
  expect(pskCallback).toHaveBeenCalledTimes(1);
});

describe('a client whose session is not resumed judges whoever answers instead:', () => {
  /** The session is offered to another server than that which made it. */
  async function meetsImpostor(options: Partial<ConnectOptions>, impostor: Certified, rule = deliverAll) {
    const first = await openCertified({ client: options, server: server() });
    const link = new Link();
    link.toClient.rule = rule;
    return failing({ link, client: { ...options, session: sessionOf(first) }, server: identityOf(impostor) });
  }

  const cases: Array<[string, () => Partial<ConnectOptions>, string]> = [
    ['by its name', () => ({ ca: ca.cert }), 'ERR_DTLS_CERT_HOST'],
    [
      'by its fingerprint',
      () => ({ verifyFingerprint: new X509Certificate(ofServer.cert).fingerprint256 }),
      'ERR_DTLS_CERT_FINGERPRINT',
    ],
    [
      'by verifyPeer',
      () => ({
        ca: ca.cert,
        checkServerIdentity: () => undefined,
        verifyPeer: ({ raw }) => raw.equals(ofServer.der),
      }),
      'ERR_DTLS_CERT_REFUSED',
    ],
  ];

  const arrivals: Array<[string, Rule]> = [
    ['in one datagram', deliverAll],
    ['record by record', splitRecords],
  ];

  describe.each(arrivals)('whose flight arrives %s,', (_, rule) => {
    test.each(cases)('%s', async (_, options, code) => {
      const { error, fromClient } = await meetsImpostor(options(), await ca.issue({ hosts: ['other.example'] }), rule);
      expect(error).toMatchObject({ code });
      expect(fromClient).toEqual(['ClientHello', 'ClientHello', 'Alert']);
    });
  });

  test('and only whoever does', async () => {
    const verifyPeer = jest.fn<VerifyPeer>(() => true);
    const options = { ca: ca.cert, verifyPeer };
    const first = await openCertified({ client: options, server: server() });
    const other = await ca.issue();
    const link = new Link();
    const listening = await serveCertified(link, identityOf(other));
    const ends = await connectTo(link, listening, { ...options, session: sessionOf(first) });
    expect(isResumed(ends)).toBe(false);
    expect(verifyPeer.mock.calls.map(([{ raw }]) => raw)).toEqual([ofServer.der, other.der]);
    expect(ends.client.getPeerX509Certificate()?.raw).toEqual(other.der);
  });
});

describe('a server with an SNICallback', () => {
  async function contexts() {
    const otherCa = await authority({ name: 'Another root CA' });
    const of = async (name: string, trusted: Authority) => {
      const { chain, key } = await ca.issue({ hosts: [name] });
      return createSecureContext({ cert: chain, key, ca: trusted.cert });
    };
    return { a: await of('a.example', ca), b: await of('b.example', otherCa), aAnew: await of('a.example', otherCa) };
  }

  test('resumes the sessions of a name', async () => {
    const { a } = await contexts();
    const options = { ...proving(), servername: 'a.example' };
    const first = await openCertified({ client: options, server: { ...asking(), SNICallback: (_name) => a } });
    const ends = await connectTo(first.link, first.server, { ...options, session: sessionOf(first) });
    expect(isResumed(ends)).toBe(true);
    expect(ends.peer.authorized).toBe(true);
  });

  test('does not resume a session for another name, whatever the client claims', async () => {
    const { a, b } = await contexts();
    const options = { ...proving(), checkServerIdentity: () => undefined };
    const first = await openCertified({
      client: { ...options, servername: 'a.example' },
      server: { ...asking(), SNICallback: (name) => (name === 'a.example' ? a : b) },
    });
    const peerErrors = once(first.server, 'peerError');
    const other = { ...options, servername: 'b.example' };
    const session = claimedFor(other, sessionOf(first));
    await rejected(certifiedClient(first.link, { ...other, session }).startHandshake().opened);
    expect((await peerErrors)[0]).toMatchObject({ code: 'ERR_DTLS_CERT_UNTRUSTED' });
  });

  test('does not resume a session of a name whose context trusts others by now', async () => {
    const { a, aAnew } = await contexts();
    let current = a;
    const options = { ...proving(), servername: 'a.example' };
    const first = await openCertified({ client: options, server: { ...asking(), SNICallback: (_name) => current } });
    current = aAnew;
    const peerErrors = once(first.server, 'peerError');
    await rejected(certifiedClient(first.link, { ...options, session: sessionOf(first) }).startHandshake().opened);
    expect((await peerErrors)[0]).toMatchObject({ code: 'ERR_DTLS_CERT_UNTRUSTED' });
  });
});
