import { once } from 'node:events';
import { beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { DtlsAssociation, DtlsError, VerifyPeer } from '../../lib';
import { certifiedClient, failing, openCertified, recordNames, serveCertified } from '../support/certified';
import { fakeClock } from '../support/clock';
import { rejected } from '../support/errors';
import { type Lane, Link } from '../support/link';
import { quick, talk } from '../support/pair';
import { type Authority, authority, type Certified, selfSigned } from '../support/pki';

let ca: Authority;
let ofServer: Certified;
let ofClient: Certified;
let server: { cert: string; key: string; ca: string; requestCert: true };
let client: { cert: string; key: string; ca: string };

beforeAll(async () => {
  ca = await authority();
  const intermediate = await ca.intermediate();
  [ofServer, ofClient] = await Promise.all([intermediate.issue(), ca.issue({ name: 'sensor-7', purpose: 'client' })]);
  server = { cert: ofServer.chain, key: ofServer.key, ca: ca.cert, requestCert: true };
  client = { cert: ofClient.chain, key: ofClient.key, ca: ca.cert };
});

type Role = 'client' | 'server';
const roles: Role[] = ['client', 'server'];

/** The options of both sides; one of them asks. */
function asking(role: Role, verifyPeer: VerifyPeer, more = {}) {
  return {
    client: { ...client, ...(role === 'client' ? { verifyPeer, ...more } : {}) },
    server: { ...server, ...(role === 'server' ? { verifyPeer, ...more } : {}) },
  };
}

/** A verifyPeer that has not answered yet. */
function pending() {
  let answer: (verdict: boolean | Error) => void = () => {};
  let asked: () => void = () => {};
  const called = new Promise<void>((resolve) => {
    asked = resolve;
  });
  const verifyPeer = jest.fn<VerifyPeer>(() => {
    asked();
    return new Promise((resolve) => {
      answer = resolve;
    });
  });
  return { verifyPeer, called, answer: (verdict: boolean | Error) => answer(verdict) };
}

describe.each(roles)('verifyPeer of a %s', (role) => {
  test.each([
    ['true', (): true => true],
    ['a promise of true', async (): Promise<true> => true],
  ])('lets the peer pass with %s', async (_, verifyPeer) => {
    const pair = await openCertified(asking(role, verifyPeer));
    await talk(pair.client, pair.peer);
  });

  const refusals: Array<[string, () => unknown, RegExp]> = [
    ['false', () => false, /verifyPeer says no/],
    ['an Error', () => new Error('not on the list'), /not on the list/],
    ['nothing', () => undefined, /answers true to accept/],
    ['something that is only truthy', () => 'yes', /answers true to accept/],
    ['a promise of false', async () => false, /verifyPeer says no/],
    ['a promise of an Error', async () => new Error('not on the list'), /not on the list/],
    ['a promise of nothing', async () => {}, /answers true to accept/],
    ['a rejection', () => Promise.reject(new Error('the directory is down')), /the directory is down/],
    [
      'an exception',
      () => {
        throw new Error('the directory is down');
      },
      /the directory is down/,
    ],
  ];

  test.each(refusals)('refuses the peer with %s', async (_, answer, says) => {
    const failure = await failing(asking(role, answer as VerifyPeer));
    const [own, others] = role === 'client' ? [failure.error, failure.peerError] : [failure.peerError, failure.error];
    expect(own).toMatchObject({ code: 'ERR_DTLS_CERT_REFUSED', alert: 'access_denied' });
    expect(own.message).toMatch(says);
    expect(others).toMatchObject({ code: 'ERR_DTLS_HANDSHAKE', alert: 'access_denied' });
    if (role === 'client') expect(failure.fromClient).toEqual(['ClientHello', 'ClientHello', 'Alert']);
    expect(role === 'client' ? failure.fromClient : failure.fromServer).not.toContain('Finished');
  });

  test.each([
    ['an Error', (error: Error) => error],
    ['a rejection', (error: Error) => Promise.reject(error)],
  ])('gives %s as the cause', async (_, answer) => {
    const cause = new Error('not on the list');
    const failure = await failing(asking(role, () => answer(cause)));
    expect(role === 'client' ? failure.error : failure.peerError).toHaveProperty('cause', cause);
  });

  test('is asked once, with the certificate, its chain and what was found', async () => {
    const verifyPeer = jest.fn<VerifyPeer>(() => true);
    await openCertified(asking(role, verifyPeer));
    expect(verifyPeer).toHaveBeenCalledTimes(1);
    const [[certificate, details]] = verifyPeer.mock.calls;
    expect(certificate.raw).toEqual(role === 'client' ? ofServer.der : ofClient.der);
    expect(details).toMatchObject({ authorized: true, authorizationError: undefined, servername: 'localhost' });
    expect(details.chain[0]?.raw).toEqual(certificate.raw);
    expect(details.chain.map(({ subject }) => subject)).toEqual(
      role === 'client'
        ? ['CN=localhost', 'CN=Test intermediate CA', 'CN=Test root CA']
        : ['CN=sensor-7', 'CN=Test root CA'],
    );
  });

  test('is not asked about a certificate that is not in order', async () => {
    const verifyPeer = jest.fn<VerifyPeer>(() => true);
    const stranger = await selfSigned({ purpose: role === 'client' ? 'server' : 'client', hosts: ['localhost'] });
    const options = asking(role, verifyPeer);
    Object.assign(role === 'client' ? options.server : options.client, { cert: stranger.cert, key: stranger.key });
    const { error, peerError } = await failing(options);
    expect(role === 'client' ? error : peerError).toMatchObject({ code: 'ERR_DTLS_CERT_UNTRUSTED' });
    expect(verifyPeer).not.toHaveBeenCalled();
  });

  test('decides alone with rejectUnauthorized: false', async () => {
    const verifyPeer = jest.fn<VerifyPeer>(() => true);
    const stranger = await selfSigned({ purpose: role === 'client' ? 'server' : 'client', hosts: ['localhost'] });
    const options = asking(role, verifyPeer, { rejectUnauthorized: false });
    Object.assign(role === 'client' ? options.server : options.client, { cert: stranger.cert, key: stranger.key });
    const pair = await openCertified(options);
    expect(verifyPeer.mock.calls[0]?.[1]).toMatchObject({
      authorized: false,
      authorizationError: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    });
    expect(role === 'client' ? pair.client.authorized : pair.peer.authorized).toBe(false);
    await talk(pair.client, pair.peer);
  });

  test('that takes its time is asked once, whatever the peer repeats, and nothing leaks out meanwhile', async () => {
    const { verifyPeer, called, answer } = pending();
    const link = new Link();
    const options = asking(role, verifyPeer);
    // The other side repeats its flight, this one has no reason to.
    Object.assign(role === 'client' ? options.server : options.client, quick);
    const listening = await serveCertified(link, options.server);
    const accepted = once(listening, 'secureConnection') as Promise<[DtlsAssociation]>;
    const association = certifiedClient(link, options.client).startHandshake();
    await called;
    const [mine, theirs] = role === 'client' ? [link.toServer, link.toClient] : [link.toClient, link.toServer];
    const sentBefore = mine.sent.length;
    await repeated(theirs);
    await link.quiet();
    expect(mine.sent).toHaveLength(sentBefore);
    expect(recordNames(mine)).not.toContain('Finished');
    expect(association.state).toBe('handshaking');
    answer(true);
    const [[peer]] = await Promise.all([accepted, association.opened]);
    expect(verifyPeer).toHaveBeenCalledTimes(1);
    await talk(association, peer);
  });

  test('that takes its time does not hold up other associations', async () => {
    const { verifyPeer, called, answer } = pending();
    let isFirst = true;
    const onlyTheFirst: VerifyPeer = (certificate, details) => {
      const asks = isFirst;
      isFirst = false;
      return asks ? verifyPeer(certificate, details) : true;
    };
    const link = new Link();
    const options = asking(role, onlyTheFirst);
    await serveCertified(link, options.server);
    const first = certifiedClient(link, options.client).startHandshake();
    await called;
    const second = certifiedClient(link, options.client).startHandshake();
    await second.opened;
    expect(first.state).toBe('handshaking');
    answer(true);
    await first.opened;
  });

  test('that refuses late ends the handshake as one that refuses at once', async () => {
    const { verifyPeer, called, answer } = pending();
    called.then(() => setImmediate(answer, false));
    const { error, peerError, fromClient, fromServer } = await failing(asking(role, verifyPeer));
    expect(role === 'client' ? error : peerError).toMatchObject({ code: 'ERR_DTLS_CERT_REFUSED' });
    expect(role === 'client' ? peerError : error).toMatchObject({ alert: 'access_denied' });
    expect(role === 'client' ? fromClient : fromServer).not.toContain('Finished');
  });

  test('may be answered after the association was closed', async () => {
    const { verifyPeer, called, answer } = pending();
    const link = new Link();
    const options = asking(role, verifyPeer);
    const listening = await serveCertified(link, options.server);
    listening.on('peerError', () => {});
    const association = certifiedClient(link, options.client).startHandshake();
    const opened = rejected(association.opened);
    await called;
    await (role === 'client' ? association.close() : listening.close());
    const sent = link.toServer.sent.length + link.toClient.sent.length;
    answer(true);
    await link.quiet();
    expect(link.toServer.sent.length + link.toClient.sent.length).toBe(sent);
    if (role === 'server') await association.close();
    expect(await opened).toMatchObject({ code: 'ERR_DTLS_CLOSED' });
  });
});

describe('with a clock of its own,', () => {
  fakeClock();

  test.each(roles)('a verifyPeer of a %s that never answers ends with the deadline of the handshake', async (role) => {
    const { verifyPeer, called, answer } = pending();
    const link = new Link();
    const options = asking(role, verifyPeer, { handshakeTimeout: 5000 });
    const listening = await serveCertified(link, options.server);
    const peerErrors = once(listening, 'peerError') as Promise<[DtlsError]>;
    const association = certifiedClient(link, options.client).startHandshake();
    const opened = rejected(association.opened);
    await called;
    jest.advanceTimersByTime(5000);
    const own = role === 'client' ? await opened : (await peerErrors)[0];
    expect(own).toMatchObject({ code: 'ERR_DTLS_HANDSHAKE_TIMEOUT' });
    expect(own.message).toContain('waiting for a callback of this side');
    const sent = link.toServer.sent.length + link.toClient.sent.length;
    // Too late for anything.
    answer(true);
    await link.quiet();
    expect(link.toServer.sent.length + link.toClient.sent.length).toBe(sent);
    await association.close();
    await opened;
  });
});

test('a closed association may be the deed of verifyPeer itself', async () => {
  const link = new Link();
  const listening = await serveCertified(link, server);
  listening.on('peerError', () => {});
  const association: DtlsAssociation = certifiedClient(link, {
    ...client,
    verifyPeer: () => {
      association.close();
      return true;
    },
  }).startHandshake();
  expect(await rejected(association.opened)).toMatchObject({ code: 'ERR_DTLS_CLOSED' });
  await link.quiet();
  expect(recordNames(link.toServer)).toEqual(['ClientHello', 'ClientHello']);
});

test('a client that was refused leaves nothing behind, and may try again', async () => {
  let verdict = false;
  const link = new Link();
  const listening = await serveCertified(link, { ...server, verifyPeer: async () => verdict });
  listening.on('peerError', () => {});
  const transport = link.client();
  const { address } = transport;
  await rejected(certifiedClient(link, { ...client, transport }).startHandshake().opened);
  await link.quiet();
  expect(listening.stats).toMatchObject({ handshakesStarted: 1, handshakesFailed: 1, handshakesCompleted: 0 });
  expect(listening.associations.size).toBe(0);
  verdict = true;
  const again = certifiedClient(link, { ...client, transport: link.client(address) }).startHandshake();
  const [peer] = (await once(listening, 'secureConnection')) as [DtlsAssociation];
  await again.opened;
  await talk(again, peer);
});

test('a server without requestCert has nobody to verify', async () => {
  const { cert, key } = server;
  await expect(serveCertified(new Link(), { cert, key, verifyPeer: () => true })).rejects.toMatchObject({
    code: 'ERR_DTLS_OPTION',
    option: 'requestCert',
  });
});

/** Resolves when the last flight was sent again, twice. */
function repeated(lane: Lane): Promise<void> {
  const last = lane.sent.length + 1;
  return new Promise((resolve) => {
    lane.rule = (datagram, n) => {
      if (n === last) resolve();
      return [datagram];
    };
  });
}
