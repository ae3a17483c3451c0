import { once } from 'node:events';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { createSecureContext, type DtlsAssociation, type DtlsError } from '../../lib';
import { rejected, thrown } from '../support/errors';
import { Link } from '../support/link';
import { client, key, openPair, psk, serve, talk } from '../support/pair';
import { type Authority, authority, type Certified } from '../support/pki';

let ca: Authority;
let old: Certified;
let renewed: Certified;

beforeAll(async () => {
  ca = await authority();
  [old, renewed] = await Promise.all([ca.issue({ hosts: ['localhost'] }), ca.issue({ hosts: ['localhost'] })]);
});

const identity = ({ cert, key }: Certified) => ({ cert, key });

async function certificateOf(association: DtlsAssociation): Promise<string | undefined> {
  const { getPeerX509Certificate } = await association.startHandshake().opened;
  return getPeerX509Certificate.call(association)?.serialNumber;
}

test.each([
  ['options', () => identity(renewed)],
  ['a context', () => createSecureContext(identity(renewed))],
])('setSecureContext with %s gives a renewed certificate to new peers and leaves open ones alone', async (_, given) => {
  const link = new Link();
  const server = await serve(link, { psk: undefined, ...identity(old) });
  const options = { psk: undefined, ca: ca.cert };
  const before = client(link, options);
  const opened = once(server, 'secureConnection') as Promise<[DtlsAssociation]>;
  expect(await certificateOf(before)).toBe(old.serialNumber.toUpperCase());
  server.setSecureContext(given());
  expect(await certificateOf(client(link, options))).toBe(renewed.serialNumber.toUpperCase());
  const [peer] = await opened;
  await talk(before, peer);
});

test('a cookie that was given before setSecureContext is good after it', async () => {
  const link = new Link();
  const server = await serve(link, { psk: { alice: key } });
  link.toServer.rule = (datagram, number) => {
    if (number === 1) server.setSecureContext({ psk: { alice: key } });
    return [datagram];
  };
  await client(link, { psk }).startHandshake().opened;
  expect(server.stats.cookiesSent).toBe(1);
});

test('a session is resumed after setSecureContext when the ticket keys are the same', async () => {
  const ticketKeys = Buffer.alloc(48, 7);
  const psks = { alice: key };
  const { client: first, server, link } = await openPair({ server: { psk: psks, ticketKeys } });
  const session = first.getSession();
  server.setSecureContext({ psk: psks, ticketKeys });
  const second = await client(link, { psk, session }).startHandshake().opened;
  expect(second.isSessionReused()).toBe(true);
  server.setSecureContext({ psk: psks });
  const third = await client(link, { psk, session }).startHandshake().opened;
  expect(third.isSessionReused()).toBe(false);
});

test("setSecureContext refuses what is a client's, and the server keeps what it has", async () => {
  const link = new Link();
  const server = await serve(link);
  expect(thrown(() => server.setSecureContext({ psk }))).toMatchObject({ code: 'ERR_DTLS_OPTION', option: 'psk' });
  expect(thrown(() => server.setSecureContext({ ca: ca.cert }))).toMatchObject({ code: 'ERR_DTLS_OPTION' });
  await client(link).startHandshake().opened;
});

describe('setSecureContext applies to the new credentials what the server asks of clients', () => {
  const asking = () => ({ psk: { alice: key }, ...identity(old), ca: ca.cert, requestCert: true });

  test('and refuses those with which it could not ask', async () => {
    const server = await serve(new Link(), asking());
    expect(thrown(() => server.setSecureContext({ psk: { alice: key } }))).toMatchObject({
      code: 'ERR_DTLS_OPTION',
      option: 'requestCert',
    });
  });

  test('a verifyPeer included', async () => {
    const server = await serve(new Link(), { ...asking(), verifyPeer: () => true });
    expect(thrown(() => server.setSecureContext({ psk: { alice: key } }))).toMatchObject({ code: 'ERR_DTLS_OPTION' });
  });

  test('and goes on asking with those that will do', async () => {
    const link = new Link();
    const server = await serve(link, { ...asking(), psk: undefined });
    server.setSecureContext({ ...identity(renewed), ca: ca.cert });
    const peerErrors = once(server, 'peerError') as Promise<[DtlsError]>;
    await rejected(client(link, { psk: undefined, ca: ca.cert }).startHandshake().opened);
    expect((await peerErrors)[0]).toMatchObject({ code: 'ERR_DTLS_CERT_MISSING' });
  });
});
