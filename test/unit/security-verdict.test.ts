import { once } from 'node:events';
import { beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { ConnectOptions, DtlsAssociation, DtlsError, VerifyPeer } from '../../lib';
import { parseRecords } from '../../lib/handshake/wire';
import { certifiedClient, failing, recordNames, serveCertified } from '../support/certified';
import { CIPHER, ClientCipher } from '../support/client-cipher';
import { rejected } from '../support/errors';
import { deliverAll, Link } from '../support/link';
import { talk } from '../support/pair';
import { type Authority, authority, type Certified } from '../support/pki';
import { record, splitRecords, Type } from '../support/wire';

const FINGERPRINT = `sha-256 ${Array(32).fill('AA').join(':')}`;
const FATAL_ALERT = Buffer.of(2, 40);

let ca: Authority;
let server: { cert: string; key: string; ca: string; requestCert: true };
let client: { cert: string; key: string; ca: string };

beforeAll(async () => {
  ca = await authority();
  const [ofServer, ofClient]: Certified[] = await Promise.all([ca.issue(), ca.issue({ purpose: 'client' })]);
  server = { cert: ofServer.chain, key: ofServer.key, ca: ca.cert, requestCert: true };
  client = { cert: ofClient.chain, key: ofClient.key, ca: ca.cert };
});

describe('what a client sends with its Finished is not delivered when its certificate is refused', () => {
  /** Resolves with the datagram of the client's Finished, which the server does not get, and with the client's keys. */
  async function withheldFinished(link: Link, association: DtlsAssociation) {
    let flight: Buffer | undefined;
    link.toServer.rule = (datagram) => {
      if (parseRecords(datagram).at(-1)?.epoch !== 1) return [datagram];
      flight ??= datagram;
      return [];
    };
    const [[keylog]] = await Promise.all([once(association, 'keylog'), association.startHandshake()]);
    const serverHello = link.toClient.sent.find((datagram) => parseRecords(datagram)[0]?.handshakeType === 2);
    return { flight: flight as Buffer, cipher: new ClientCipher(keylog, serverHello as Buffer) };
  }

  const policies: Array<[string, Partial<Parameters<typeof serveCertified>[1]>, string]> = [
    ['a fingerprint', { verifyFingerprint: FINGERPRINT }, 'ERR_DTLS_CERT_FINGERPRINT'],
    ['verifyPeer', { verifyPeer: () => false }, 'ERR_DTLS_CERT_REFUSED'],
    ['a verifyPeer that takes its time', { verifyPeer: async () => false }, 'ERR_DTLS_CERT_REFUSED'],
  ];
  const data: [number, Buffer] = [Type.applicationData, Buffer.from('delete everything')];
  const alert: [number, Buffer] = [Type.alert, FATAL_ALERT];
  const additions: Array<[string, Array<[number, Buffer]>]> = [
    ['data', [data]],
    ['an alert', [alert]],
    ['data and an alert', [data, alert]],
  ];

  describe.each(policies)('by %s:', (_, policy, code) => {
    test.each(additions)('%s', async (_, records) => {
      const link = new Link();
      const listening = await serveCertified(link, { ...server, ...policy, ciphers: CIPHER });
      const heard: unknown[] = [];
      listening.on('secureConnection', (peer) => {
        heard.push(peer);
        peer.on('message', (message) => heard.push(message.toString()));
      });
      const refusals: string[] = [];
      listening.on('peerError', (error) => refusals.push((error as DtlsError).code));
      const transport = link.client();
      const association = certifiedClient(link, { ...client, transport, keylog: true, ciphers: CIPHER });
      const opened = rejected(association.opened);
      const { flight, cipher } = await withheldFinished(link, association);
      const more = records.map(([type, plaintext]) => cipher.record(type, plaintext));
      link.inject(Buffer.concat([flight, ...more]), transport.address);
      await link.quiet();
      expect(heard).toEqual([]);
      expect(refusals).toEqual([code]);
      expect(recordNames(link.toClient)).not.toContain('Finished');
      expect(await opened).toMatchObject({ code: 'ERR_DTLS_HANDSHAKE' });
    });
  });

  test('and is delivered when it is not', async () => {
    const link = new Link();
    const listening = await serveCertified(link, { ...server, verifyPeer: async () => true, ciphers: CIPHER });
    const messages: string[] = [];
    listening.on('secureConnection', (peer) => peer.on('message', (message) => messages.push(message.toString())));
    const transport = link.client();
    const association = certifiedClient(link, { ...client, transport, keylog: true, ciphers: CIPHER });
    const { flight, cipher } = await withheldFinished(link, association);
    link.inject(Buffer.concat([flight, cipher.record(...data)]), transport.address);
    await association.opened;
    expect(messages).toEqual(['delete everything']);
  });
});

describe('a fatal alert behind the ServerHelloDone lets no certificate of the client out when it refuses the server', () => {
  const policies: Array<[string, Partial<ConnectOptions>, string]> = [
    ['by its name', { servername: 'good.example' }, 'ERR_DTLS_CERT_HOST'],
    ['by its fingerprint', { verifyFingerprint: FINGERPRINT }, 'ERR_DTLS_CERT_FINGERPRINT'],
    ['by verifyPeer', { verifyPeer: () => false }, 'ERR_DTLS_CERT_REFUSED'],
    ['by a verifyPeer that takes its time', { verifyPeer: async () => false }, 'ERR_DTLS_CERT_REFUSED'],
  ];

  test.each(policies)('%s', async (_, policy, code) => {
    const link = new Link();
    link.toClient.rule = (datagram) => {
      const isFlight = parseRecords(datagram).at(-1)?.handshakeType === 14;
      return [isFlight ? Buffer.concat([datagram, record(Type.alert, FATAL_ALERT, { sequence: 99 })]) : datagram];
    };
    const { error, fromClient } = await failing({ link, client: { ...client, ...policy }, server });
    expect(error).toMatchObject({ code });
    expect(fromClient).toEqual(['ClientHello', 'ClientHello', 'Alert']);
  });
});

test('verifyPeer of a server is asked about a certificate only when the client has shown its key', async () => {
  const verifyPeer = jest.fn<VerifyPeer>(() => true);
  const link = new Link();
  const listening = await serveCertified(link, { ...server, verifyPeer });
  const rest: Buffer[] = [];
  link.toServer.rule = (datagram) => {
    const records = splitRecords(datagram);
    if (parseRecords(datagram)[0]?.handshakeType !== 11) return [datagram];
    rest.push(...records.slice(1));
    return records.slice(0, 1);
  };
  const transport = link.client();
  const association = certifiedClient(link, { ...client, transport }).startHandshake();
  await link.quiet();
  expect(rest.length).toBeGreaterThan(0);
  expect(verifyPeer).not.toHaveBeenCalled();
  link.toServer.rule = deliverAll;
  const accepted = once(listening, 'secureConnection') as Promise<[DtlsAssociation]>;
  for (const one of rest) link.inject(one, transport.address);
  const [[peer]] = await Promise.all([accepted, association.opened]);
  expect(verifyPeer).toHaveBeenCalledTimes(1);
  await talk(association, peer);
});

test('a server with verifyPeer refuses a client without a certificate, whatever rejectUnauthorized says', async () => {
  const verifyPeer = jest.fn<VerifyPeer>(() => true);
  const { peerError, fromServer } = await failing({
    client: { ca: ca.cert },
    server: { ...server, rejectUnauthorized: false, verifyPeer },
  });
  expect(peerError).toMatchObject({ code: 'ERR_DTLS_CERT_MISSING' });
  expect(fromServer).not.toContain('Finished');
  expect(verifyPeer).not.toHaveBeenCalled();
});
