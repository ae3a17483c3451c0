import { X509Certificate } from 'node:crypto';
import { duplexPair } from 'node:stream';
import tls from 'node:tls';
import { beforeAll, describe, expect, jest, test } from '@jest/globals';
import { type ConnectOptions, createSecureContext, type DtlsErrorCode, type ServerOptions } from '../../lib';
import { failing, openCertified } from '../support/certified';
import { talk } from '../support/pair';
import { type Authority, authority, type Certified, EXPIRED, NOT_YET_VALID, selfSigned } from '../support/pki';

let ca: Authority;
let otherCa: Authority;
let intermediate: Authority;
let leaf: Certified;
let viaIntermediate: Certified;
let expired: Certified;
let notYetValid: Certified;
let selfMade: Certified;
let forClients: Certified;
let expiredCa: Authority;
let leafOfExpiredCa: Certified;
let clientIdentity: { cert: string; key: string };

beforeAll(async () => {
  [ca, otherCa, expiredCa] = await Promise.all([
    authority(),
    authority({ name: 'Another root CA' }),
    authority({ name: 'An old root CA', ...EXPIRED }),
  ]);
  intermediate = await ca.intermediate();
  [leaf, viaIntermediate, expired, notYetValid, selfMade, forClients, leafOfExpiredCa] = await Promise.all([
    ca.issue(),
    intermediate.issue(),
    ca.issue(EXPIRED),
    ca.issue(NOT_YET_VALID),
    selfSigned(),
    ca.issue({ hosts: ['localhost'], purpose: 'client' }),
    expiredCa.issue(),
  ]);
  const mine = await ca.issue({ name: 'me', purpose: 'client' });
  clientIdentity = { cert: mine.chain, key: mine.key };
});

function identity({ chain, key }: Certified): { cert: string; key: string } {
  return { cert: chain, key };
}

/** A server of this certificate that wants to see one, too. Own certificates must be valid when options are parsed. */
function serverOf({ chain, key, der }: Certified): Partial<ServerOptions> {
  const now = jest.spyOn(Date, 'now').mockReturnValue(Date.parse(new X509Certificate(der).validTo));
  try {
    return { secureContext: createSecureContext({ cert: chain, key, ca: ca.cert }), requestCert: true };
  } finally {
    now.mockRestore();
  }
}

describe('a client opens an association with a server', () => {
  test('whose certificate a trusted CA has signed', async () => {
    const { client, peer } = await openCertified({ client: { ca: ca.cert }, server: identity(leaf) });
    expect(client.authorized).toBe(true);
    expect(client.authorizationError).toBeUndefined();
    expect(client.getCipher()?.name).toMatch(/^ECDHE-ECDSA-/);
    await talk(client, peer);
  });

  test('whose chain leads to a trusted root', async () => {
    const { client } = await openCertified({ client: { ca: ca.cert }, server: identity(viaIntermediate) });
    expect(client.authorized).toBe(true);
  });

  test('whose incomplete chain it can complete itself', async () => {
    const { client } = await openCertified({
      client: { ca: [ca.cert, intermediate.cert] },
      server: { cert: viaIntermediate.cert, key: viaIntermediate.key },
    });
    expect(client.authorized).toBe(true);
  });

  test('whose self-signed certificate it trusts', async () => {
    const { client } = await openCertified({ client: { ca: selfMade.cert }, server: identity(selfMade) });
    expect(client.authorized).toBe(true);
  });

  test('that is not on the revocation lists', async () => {
    const crl = [await ca.crl([leaf]), await intermediate.crl()];
    const { client } = await openCertified({ client: { ca: ca.cert, crl }, server: identity(viaIntermediate) });
    expect(client.authorized).toBe(true);
  });

  test('at an address that its certificate names', async () => {
    const { client } = await openCertified({ client: { ca: ca.cert, host: '127.0.0.1' }, server: identity(leaf) });
    expect(client.authorized).toBe(true);
  });

  test('whose certificate has the servername instead of the host', async () => {
    const named = await ca.issue({ hosts: ['coap.example'] });
    const { client, peer } = await openCertified({
      client: { ca: ca.cert, host: '192.0.2.1', servername: 'coap.example' },
      server: identity(named),
    });
    expect(client.authorized).toBe(true);
    expect(peer.servername).toBe('coap.example');
  });

  test('that checkServerIdentity accepts', async () => {
    const checkServerIdentity = jest.fn<NonNullable<ConnectOptions['checkServerIdentity']>>(() => undefined);
    const { client } = await openCertified({
      client: { ca: ca.cert, host: 'somewhere.example', checkServerIdentity },
      server: identity(viaIntermediate),
    });
    expect(client.authorized).toBe(true);
    const [[name, certificate]] = checkServerIdentity.mock.calls as [[string, tls.DetailedPeerCertificate]];
    expect(checkServerIdentity).toHaveBeenCalledTimes(1);
    expect(name).toBe('somewhere.example');
    expect(certificate.subjectaltname).toContain('DNS:localhost');
    expect(certificate.issuerCertificate.subject.CN).toBe('Test intermediate CA');
  });
});

interface Case {
  what: string;
  client: () => Partial<ConnectOptions> | Promise<Partial<ConnectOptions>>;
  certified: () => Certified;
  code: DtlsErrorCode;
  alert: string;
  says: RegExp;
}

const cases: Case[] = [
  {
    what: 'an unknown CA has signed',
    client: () => ({ ca: otherCa.cert }),
    certified: () => leaf,
    code: 'ERR_DTLS_CERT_UNTRUSTED',
    alert: 'unknown_ca',
    says: /signed by a CA that is not trusted here/,
  },
  {
    what: 'a private CA has signed, when only the public ones are trusted',
    client: () => ({}),
    certified: () => leaf,
    code: 'ERR_DTLS_CERT_UNTRUSTED',
    alert: 'unknown_ca',
    says: /give that CA's certificate as ca/,
  },
  {
    what: 'is self-signed',
    client: () => ({ ca: ca.cert }),
    certified: () => selfMade,
    code: 'ERR_DTLS_CERT_UNTRUSTED',
    alert: 'unknown_ca',
    says: /self-signed/,
  },
  {
    what: 'comes without its intermediate',
    client: () => ({ ca: ca.cert }),
    certified: () => ({ ...viaIntermediate, chain: viaIntermediate.cert }),
    code: 'ERR_DTLS_CERT_UNTRUSTED',
    alert: 'unknown_ca',
    says: /did not send a complete chain/,
  },
  {
    what: 'has expired',
    client: () => ({ ca: ca.cert }),
    certified: () => expired,
    code: 'ERR_DTLS_CERT_EXPIRED',
    alert: 'certificate_expired',
    says: /has expired/,
  },
  {
    what: 'is not valid yet',
    client: () => ({ ca: ca.cert }),
    certified: () => notYetValid,
    code: 'ERR_DTLS_CERT_NOT_YET_VALID',
    alert: 'bad_certificate',
    says: /not valid yet/,
  },
  {
    what: 'is revoked',
    client: async () => ({ ca: ca.cert, crl: await ca.crl([leaf]) }),
    certified: () => leaf,
    code: 'ERR_DTLS_CERT_REVOKED',
    alert: 'certificate_revoked',
    says: /revocation list of the CA/,
  },
  {
    what: 'is below a revoked intermediate',
    client: async () => ({
      ca: ca.cert,
      crl: [await ca.crl([revocable(intermediate)]), await intermediate.crl()],
    }),
    certified: () => viaIntermediate,
    code: 'ERR_DTLS_CERT_REVOKED',
    alert: 'certificate_revoked',
    says: /it, or one of its issuers/,
  },
  {
    what: 'no revocation list covers',
    client: async () => ({ ca: ca.cert, crl: await otherCa.crl() }),
    certified: () => leaf,
    code: 'ERR_DTLS_CERT_UNTRUSTED',
    alert: 'unknown_ca',
    says: /give one for each CA in the chain/,
  },
  {
    what: 'is for another purpose',
    client: () => ({ ca: ca.cert }),
    certified: () => forClients,
    code: 'ERR_DTLS_CERT_UNTRUSTED',
    alert: 'unsupported_certificate',
    says: /extendedKeyUsage/,
  },
  {
    what: 'an expired root has signed',
    client: () => ({ ca: expiredCa.cert }),
    certified: () => leafOfExpiredCa,
    code: 'ERR_DTLS_CERT_EXPIRED',
    alert: 'certificate_expired',
    says: /has expired/,
  },
  {
    what: 'is for another host',
    client: () => ({ ca: ca.cert, host: 'other.example' }),
    certified: () => leaf,
    code: 'ERR_DTLS_CERT_HOST',
    alert: 'bad_certificate',
    says: /other\.example/,
  },
  {
    what: 'is for another address',
    client: () => ({ ca: ca.cert, host: '192.0.2.7' }),
    certified: () => leaf,
    code: 'ERR_DTLS_CERT_HOST',
    alert: 'bad_certificate',
    says: /192\.0\.2\.7/,
  },
  {
    what: 'has the host, but not the servername',
    client: () => ({ ca: ca.cert, host: 'localhost', servername: 'other.example' }),
    certified: () => leaf,
    code: 'ERR_DTLS_CERT_HOST',
    alert: 'bad_certificate',
    says: /other\.example/,
  },
  {
    what: 'checkServerIdentity returns an error for',
    client: () => ({ ca: ca.cert, checkServerIdentity: () => new Error('not this one') }),
    certified: () => leaf,
    code: 'ERR_DTLS_CERT_HOST',
    alert: 'bad_certificate',
    says: /not this one/,
  },
];

/** In node:tls this is an uncaught exception. */
const throwing: Case = {
  what: 'checkServerIdentity throws over',
  client: () => ({
    ca: ca.cert,
    checkServerIdentity: () => {
      throw new Error('cannot read it');
    },
  }),
  certified: () => leaf,
  code: 'ERR_DTLS_CERT_HOST',
  alert: 'bad_certificate',
  says: /cannot read it/,
};

function revocable({ cert, key, der, chain }: Authority): Certified {
  return { cert, key, der, chain, serialNumber: new X509Certificate(der).serialNumber };
}

describe('a client refuses a certificate', () => {
  test.each([...cases, throwing])('that $what', async ({ client, certified, code, alert, says }) => {
    const { error, peerError, fromClient } = await failing({
      client: { ...clientIdentity, ...(await client()) },
      server: serverOf(certified()),
    });
    expect(error).toMatchObject({ code, alert });
    expect(error.message).toMatch(says);
    expect(peerError).toMatchObject({ code: 'ERR_DTLS_HANDSHAKE', alert });
    expect(peerError.message).toContain('does not accept the certificate of this side');
    // Neither its own certificate, nor a Finished.
    expect(fromClient).toEqual(['ClientHello', 'ClientHello', 'Alert']);
  });
});

describe('with rejectUnauthorized: false a client goes on, and says what node:tls says, of a certificate', () => {
  test.each(cases)('that $what', async (wrong) => {
    const { client, peer, fromTls } = await tolerate(wrong);
    expect(client.authorized).toBe(false);
    expect({ authorized: client.authorized, authorizationError: client.authorizationError }).toEqual(fromTls);
    await talk(client, peer);
  });

  test('that is in order', async () => {
    const fine = { client: () => ({ ca: ca.cert }), certified: () => leaf };
    const { client } = await tolerate(fine);
    expect(client).toMatchObject({ authorized: true, authorizationError: undefined });
  });

  async function tolerate({ client, certified }: Pick<Case, 'client' | 'certified'>) {
    const options = { ...(await client()), rejectUnauthorized: false };
    const pair = await openCertified({ client: options, server: { ...serverOf(certified()), requestCert: false } });
    return { ...pair, fromTls: await overTls(options, certified()) };
  }

  /** The same over TLS. */
  async function overTls(options: Partial<ConnectOptions>, { chain, key }: Certified) {
    const [one, other] = duplexPair();
    const server = new tls.TLSSocket(other, { isServer: true, cert: chain, key });
    const client = tls.connect({ ...(options as tls.ConnectionOptions), socket: one });
    await new Promise((resolve, reject) => client.once('secureConnect', resolve).once('error', reject));
    const { authorized, authorizationError } = client;
    client.destroy();
    server.destroy();
    return { authorized, authorizationError };
  }
});
