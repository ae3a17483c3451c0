import { randomBytes, X509Certificate } from 'node:crypto';
import { afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { ConnectOptions } from '../../lib';
import { certifiedClient, openCertified } from '../support/certified';
import { rejected, thrown } from '../support/errors';
import { key, psk, talk } from '../support/pair';
import { type Authority, authority, type Certified } from '../support/pki';
import { claimedFor, connectTo, DER_AT, isResumed, sessionOf } from '../support/resumption';

let ca: Authority;
let ofServer: Certified;
let ofClient: Certified;

beforeAll(async () => {
  ca = await authority();
  [ofServer, ofClient] = await Promise.all([ca.issue(), ca.issue({ name: 'sensor-7', purpose: 'client' })]);
});

const identityOf = ({ chain, key }: Certified) => ({ cert: chain, key });
const server = () => identityOf(ofServer);
const asking = () => ({ ...server(), ca: ca.cert, requestCert: true });
const proving = () => ({ ...identityOf(ofClient), ca: ca.cert });

describe('a session is foreign to a client', () => {
  const mine = (): Partial<ConnectOptions> => ({ ...proving(), servername: 'localhost' });

  const others: Array<[string, () => Partial<ConnectOptions> | Promise<Partial<ConnectOptions>>]> = [
    ['of another server name', () => ({ servername: 'other.example' })],
    ['with another certificate', async () => identityOf(await ca.issue({ purpose: 'client' }))],
    ['without a certificate', () => ({ cert: undefined, key: undefined })],
    ['with a pre-shared key', () => ({ cert: undefined, key: undefined, psk })],
    ['that trusts others', async () => ({ ca: (await authority()).cert })],
    ['that trusts the public CAs', () => ({ ca: undefined })],
    ['with a revocation list', async () => ({ crl: await ca.crl() })],
    ['that lets everybody pass', () => ({ rejectUnauthorized: false })],
    ['that goes by a fingerprint', () => ({ verifyFingerprint: new X509Certificate(ofServer.cert).fingerprint256 })],
  ];

  test.each(others)('%s', async (_, options) => {
    const first = await openCertified({ client: mine(), server: asking() });
    const other = { ...mine(), ...(await options()), session: sessionOf(first) };
    const error = thrown(() => certifiedClient(first.link, other));
    expect(error).toMatchObject({ code: 'ERR_DTLS_SESSION_FOREIGN', option: 'session' });
    expect(error).not.toHaveProperty('value');
  });

  test('that verifies, when it was made by one that did not', async () => {
    const careless = { ca: (await authority()).cert, rejectUnauthorized: false };
    const first = await openCertified({ client: careless, server: server() });
    expect(first.client.authorized).toBe(false);
    const session = sessionOf(first);
    const careful = { ...careless, rejectUnauthorized: true };
    expect(thrown(() => certifiedClient(first.link, { ...careful, session }))).toMatchObject({
      code: 'ERR_DTLS_SESSION_FOREIGN',
    });
    // Even with a forged label: what was found then is found again.
    const forged = { ...careful, session: claimedFor(careful, session) };
    const error = await rejected(certifiedClient(first.link, forged).startHandshake().opened);
    expect(error).toMatchObject({ code: 'ERR_DTLS_CERT_UNTRUSTED' });
    const again = await connectTo(first.link, first.server, { ...careless, session });
    expect(isResumed(again)).toBe(true);
    expect(again.client).toMatchObject({ authorized: false, authorizationError: first.client.authorizationError });
  });

  test('with the key of another identity', async () => {
    const first = await openCertified({ client: { psk }, server: { psk: { alice: key, bob: key } } });
    const other = { psk: { identity: 'bob', key }, session: sessionOf(first) };
    expect(thrown(() => certifiedClient(first.link, other))).toMatchObject({ code: 'ERR_DTLS_SESSION_FOREIGN' });
  });
});

describe('a session of a server with a sessionTimeout', () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  test('expires so many seconds later', async () => {
    const first = await openCertified({ client: { psk }, server: { psk: { alice: key }, sessionTimeout: 60 } });
    const session = sessionOf(first);
    const now = Date.now();
    const clock = jest.spyOn(Date, 'now').mockReturnValue(now + 58_000);
    expect(isResumed(await connectTo(first.link, first.server, { psk, session }))).toBe(true);
    clock.mockReturnValue(now + 61_000);
    const error = thrown(() => certifiedClient(first.link, { psk, session }));
    expect(error).toMatchObject({ code: 'ERR_DTLS_SESSION_EXPIRED', option: 'session' });
  });

  test('is not resumed by the server itself when it has expired', async () => {
    const first = await openCertified({ client: { psk }, server: { psk: { alice: key }, sessionTimeout: 1 } });
    const session = sessionOf(first);
    const begin = Date.now();
    // OpenSSL counts whole seconds, by a clock of its own.
    await new Promise((resolve) => setTimeout(resolve, 2100));
    jest.spyOn(Date, 'now').mockReturnValue(begin);
    expect(isResumed(await connectTo(first.link, first.server, { psk, session }))).toBe(false);
  });
});

test.each([
  ['damaged', (session: Buffer) => session.subarray(0, -1)],
  ['of something else', () => randomBytes(200)],
])('a session that is %s is refused when the options are parsed', async (_, spoil) => {
  const first = await openCertified({ client: { psk }, server: { psk: { alice: key } } });
  const error = thrown(() => certifiedClient(first.link, { psk, session: spoil(sessionOf(first)) }));
  expect(error).toMatchObject({ code: 'ERR_DTLS_SESSION_INVALID', option: 'session' });
});

test('a ticket that was altered leads to a full handshake', async () => {
  const first = await openCertified({ client: { psk }, server: { psk: { alice: key } } });
  const der = sessionOf(first);
  const { ticket } = ticketOf(der);
  ticket.writeUInt8(ticket.readUInt8(40) ^ 1, 40);
  const again = await connectTo(first.link, first.server, { psk, session: der });
  expect(isResumed(again)).toBe(false);
  await talk(again.client, again.peer);
});

/** OpenSSL has the ticket as [10] OCTET STRING, the last of the long ones. */
function ticketOf(session: Buffer): { ticket: Buffer } {
  const at = session.indexOf(Buffer.from([0xaa, 0x81]), DER_AT);
  return { ticket: session.subarray(at + 3) };
}
