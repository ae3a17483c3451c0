import { beforeAll, describe, expect, test } from '@jest/globals';
import type { CheckServerIdentity, DtlsAssociation, VerifyPeer } from '../../lib';
import { certifiedClient, failing, openCertified, recordNames, serveCertified } from '../support/certified';
import { rejected } from '../support/errors';
import { Link } from '../support/link';
import { talk } from '../support/pair';
import { type Authority, authority, type Certified } from '../support/pki';

let ca: Authority;
let server: { cert: string; key: string };
let client: { cert: string; key: string };

beforeAll(async () => {
  ca = await authority();
  const [ofServer, ofClient]: Certified[] = await Promise.all([ca.issue(), ca.issue({ purpose: 'client' })]);
  server = { cert: ofServer.chain, key: ofServer.key };
  client = { cert: ofClient.chain, key: ofClient.key };
});

/** Throws when this property is read. */
function unreadable<T>(object: T, property: string): T {
  return Object.defineProperty(object, property, { get: throwing(new Error('not even this')) });
}

const unreadableError = (): Error => unreadable(new Error(), 'message');

/** Throws when it becomes a string. */
const wordless = Object.create(null);

function throwing(value: unknown): () => never {
  return () => {
    throw value;
  };
}

describe('a checkServerIdentity', () => {
  test('that answers null, as functions for node:tls may, has nothing against the server', async () => {
    const checkServerIdentity = (() => null) as never;
    const pair = await openCertified({ client: { ca: ca.cert, checkServerIdentity }, server });
    expect(pair.client.authorized).toBe(true);
    await talk(pair.client, pair.peer);
  });

  const refusals: Array<[string, () => unknown]> = [
    ['throws null', throwing(null)],
    ['throws undefined', throwing(undefined)],
    ['throws what has no words', throwing(wordless)],
    ['throws an error whose message throws', throwing(unreadableError())],
    ['answers with an error whose message throws', () => unreadableError()],
    ['answers with what throws when it is read', () => unreadable({}, 'code')],
    ['answers with a promise', async () => undefined],
  ];

  test.each(refusals)('that %s refuses the server', async (_, answer) => {
    const checkServerIdentity = answer as CheckServerIdentity;
    const { error, fromClient } = await failing({ client: { ca: ca.cert, checkServerIdentity }, server });
    expect(error.code).toMatch(/^ERR_DTLS_CERT_(HOST|REFUSED)$/);
    expect(fromClient).toEqual(['ClientHello', 'ClientHello', 'Alert']);
  });

  test('may close the association', async () => {
    const link = new Link();
    const listening = await serveCertified(link, server);
    listening.on('peerError', () => {});
    const association: DtlsAssociation = certifiedClient(link, {
      ca: ca.cert,
      checkServerIdentity: () => {
        association.close();
        return undefined;
      },
      verifyPeer: () => true,
    }).startHandshake();
    expect(await rejected(association.opened)).toMatchObject({ code: 'ERR_DTLS_CLOSED' });
    await link.quiet();
    expect(recordNames(link.toServer)).toEqual(['ClientHello', 'ClientHello']);
  });
});

describe.each(['client', 'server'] as const)('a verifyPeer of a %s refuses the peer when it', (role) => {
  const refusals: Array<[string, () => unknown]> = [
    ['answers with an error whose message throws', () => unreadableError()],
    ['throws an error whose message throws', throwing(unreadableError())],
    ['throws null', throwing(null)],
    ['throws what has no words', throwing(wordless)],
    ['rejects with an error whose message throws', () => Promise.reject(unreadableError())],
    ['rejects with nothing', () => Promise.reject()],
    ['answers with a thenable that throws', () => Object.fromEntries([['then', throwing(new Error('not yet'))]])],
    ['answers with what throws when it is read', () => unreadable({}, 'then')],
    ['answers with a boxed true', () => Object(true)],
  ];

  test.each(refusals)('%s', async (_, answer) => {
    const verifyPeer = answer as VerifyPeer;
    const asking = { ca: ca.cert, requestCert: true };
    const { error, peerError } = await failing(
      role === 'client'
        ? { client: { ca: ca.cert, verifyPeer }, server }
        : { client: { ca: ca.cert, ...client }, server: { ...server, ...asking, verifyPeer } },
    );
    expect(role === 'client' ? error : peerError).toMatchObject({ code: 'ERR_DTLS_CERT_REFUSED' });
    expect(role === 'client' ? peerError : error).toMatchObject({ alert: 'access_denied' });
  });
});
