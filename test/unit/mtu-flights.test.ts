import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { ConnectOptions, DtlsAssociation, DtlsError, ServerOptions } from '../../lib';
import { HandshakeType, parseRecords } from '../../lib/handshake/wire';
import { deliverAll, Network, type Rule } from '../../lib/testing';
import { certifiedClient, openCertified, type Sides, serveCertified } from '../support/certified';
import { rejected } from '../support/errors';
import type { Pair } from '../support/pair';
import { type Authority, authority, type Certified } from '../support/pki';

/** Four keys of 4096 bits are to be found. */
const MS_TO_MAKE_KEYS = 120_000;
const HANDSHAKE_TIMEOUT_MS = 60_000;
const NEW_SESSION_TICKET = 4;
const CERTIFICATE = 11;

let root: Authority;
let ofServer: Certified;
let ofClient: Certified;

beforeAll(async () => {
  root = await authority({ keyType: 'rsa-4096' });
  const intermediate = await root.intermediate({ keyType: 'rsa-4096' });
  [ofServer, ofClient] = await Promise.all([
    intermediate.issue({ keyType: 'rsa-4096' }),
    intermediate.issue({ keyType: 'rsa-4096', purpose: 'client' }),
  ]);
}, MS_TO_MAKE_KEYS);

// Nothing depends on how long RSA takes here.
beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] });
});

afterEach(() => {
  jest.useRealTimers();
});

/** As by default. */
const prompt = { retransmit: { initial: 1000 } };
/** For the side whose timer is not to disturb. */
const silent = { retransmit: { initial: 60_000 } };
const proving = (): Partial<ConnectOptions> => ({ ca: root.cert, cert: ofClient.chain, key: ofClient.key, ...prompt });
const asking = (): Partial<ServerOptions> => ({
  ...prompt,
  ca: root.cert,
  cert: ofServer.chain,
  key: ofServer.key,
  requestCert: true,
  // The ticket has the client's certificate in it, which makes the last flight a large one.
  ticketKeys: randomBytes(48),
});
const isFirstOf = (datagram: Buffer, type: number): boolean =>
  parseRecords(datagram)[0]?.handshakeType === type && datagram.readUIntBE(19, 3) === 0;

/** The largest datagram of each flight that begins with this message, in the order in which they were sent. */
function largestOfFlights(sent: readonly Buffer[], firstMessage: number): number[] {
  const largest: number[] = [];
  for (const datagram of sent) {
    if (isFirstOf(datagram, firstMessage)) largest.push(0);
    if (largest.length > 0) largest.push(Math.max(largest.pop() as number, datagram.length));
  }
  return largest;
}

/** Loses the first so many flights that begin with this message. */
function loseFlights(firstMessage: number, count: number): Rule {
  let seen = 0;
  return (datagram) => {
    if (isFirstOf(datagram, firstMessage)) seen++;
    return seen > 0 && seen <= count ? [] : [datagram];
  };
}

/** What comes of a promise within the time of a handshake. */
async function awaited<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  await jest.advanceTimersByTimeAsync(HANDSHAKE_TIMEOUT_MS + 1000);
  return promise;
}

const open = (sides: Sides): Promise<Pair> => awaited(openCertified(sides));

/** Messages of both sides arrive. */
async function talk(one: DtlsAssociation, other: DtlsAssociation): Promise<void> {
  const arrived = [once(one, 'message'), once(other, 'message')];
  one.send('are you there?');
  other.send('I am');
  await jest.advanceTimersByTimeAsync(0);
  await Promise.all(arrived);
}

describe('a flight that is lost again and again shrinks after each two losses:', () => {
  const sizes = [1200, 1200, 548, 548, 256, 256];

  test("a server's", async () => {
    const link = new Network({ seed: 1 });
    link.toClient.rule = loseFlights(HandshakeType.ServerHello, 6);
    const server = await serveCertified(link, asking());
    const failed = once(server, 'peerError') as Promise<[DtlsError]>;
    const association = certifiedClient(link, { ...proving(), ...silent }).startHandshake();
    const [[error]] = await awaited(Promise.all([failed, rejected(association.opened)]));
    expect(largestOfFlights(link.toClient.sent, HandshakeType.ServerHello)).toEqual(sizes);
    expect(error.handshake?.mtu).toBe(256);
  });

  test("a client's", async () => {
    const link = new Network({ seed: 1 });
    link.toServer.rule = loseFlights(CERTIFICATE, 6);
    await serveCertified(link, { ...asking(), ...silent });
    const { handshake } = await awaited(rejected(certifiedClient(link, proving()).startHandshake().opened));
    expect(largestOfFlights(link.toServer.sent, CERTIFICATE)).toEqual(sizes);
    expect(handshake?.mtu).toBe(256);
  });
});

test.each([
  [1, 1200, 1],
  [2, 548, 3],
  [3, 548, 7],
  [4, 256, 15],
])(
  'after %i losses of a flight it passes with datagrams of at most %i bytes, after %i seconds',
  async (count, size, s) => {
    const link = new Network({ seed: 1 });
    link.toClient.rule = loseFlights(HandshakeType.ServerHello, count);
    const { peer } = await open({ link, client: { ...proving(), ...silent }, server: asking() });
    expect(largestOfFlights(link.toClient.sent, HandshakeType.ServerHello)).toHaveLength(count + 1);
    expect(largestOfFlights(link.toClient.sent, HandshakeType.ServerHello).at(-1)).toBe(size);
    expect(peer.handshake).toMatchObject({ mtu: size, retransmits: count });
    expect(Math.floor((peer.handshake?.durationMs ?? 0) / 1000)).toBe(s);
  },
);

test('losses of one flight do not count for the next one', async () => {
  const link = new Network({ seed: 1 });
  link.toClient.rule = loseFlights(HandshakeType.HelloVerifyRequest, 1);
  link.toServer.rule = loseFlights(CERTIFICATE, 1);
  const { client } = await open({ link, client: proving(), server: { ...asking(), ...silent } });
  expect(client.handshake).toMatchObject({ mtu: 1200, retransmits: 2 });
  expect(largestOfFlights(link.toServer.sent, CERTIFICATE)).toEqual([1200, 1200]);
});

test('the next flight has the size with which the former passed', async () => {
  const link = new Network({ seed: 1 });
  link.toClient.rule = loseFlights(HandshakeType.ServerHello, 2);
  const { peer } = await open({ link, client: { ...proving(), ...silent }, server: asking() });
  expect(largestOfFlights(link.toClient.sent, NEW_SESSION_TICKET)).toEqual([548]);
  expect(peer.handshake).toMatchObject({ mtu: 548, retransmits: 2 });
});

describe.each(['both ways', 'to the server', 'to the client'] as const)(
  'chains of RSA-4096 pass a path that is narrow %s',
  (way) => {
    test.each([256, 300, 400, 548, 800, 1200, 1500])('and loses what has more than %i bytes', async (mtu) => {
      const link = new Network({ seed: 1 });
      if (way !== 'to the client') link.toServer.impair({ mtu });
      if (way !== 'to the server') link.toClient.impair({ mtu });
      const { client, peer } = await open({
        link,
        client: { ...proving(), mtu: 1500 },
        server: { ...asking(), mtu: 1500 },
      });
      expect([client.authorized, peer.authorized]).toEqual([true, true]);
      const size = mtu < 548 ? 256 : mtu < 1500 ? 548 : 1500;
      if (way !== 'to the client') expect(client.handshake?.mtu).toBe(size);
      if (way !== 'to the server') expect(peer.handshake?.mtu).toBe(size);
      // What was lost need not have been too large: messages have the room that the option gives them.
      expect([client.maxPayload, peer.maxPayload]).toEqual([1463, 1463]);
      await talk(client, peer);
    });
  },
);

test("a server's last flight shrinks when the client asks for it again and again", async () => {
  const link = new Network({ seed: 1 });
  link.toClient.rule = (datagram) => {
    const isLast = parseRecords(datagram).some(({ handshakeType }) => handshakeType === NEW_SESSION_TICKET);
    return isLast && datagram.length > 600 ? [] : [datagram];
  };
  const { client, peer } = await open({ link, client: proving(), server: { ...asking(), ...silent } });
  expect(largestOfFlights(link.toClient.sent, NEW_SESSION_TICKET)).toEqual([1200, 1200, 1200, 548]);
  expect(peer.handshake?.mtu).toBe(1200);
  expect(peer.maxPayload).toBe(1163);
  link.toClient.rule = deliverAll;
  await talk(client, peer);
});

describe('a ClientHello', () => {
  /** Names of protocols, of so many bytes in all. */
  const protocols = (bytes: number) => Array.from({ length: bytes / 100 }, (_, i) => String(i).padEnd(99, 'x'));
  // Without ALPN, and the callbacks of a name: those it can decide only by a whole hello.
  const server = (): Partial<ServerOptions> => ({ cert: ofServer.chain, key: ofServer.key, ...prompt });
  const client = (): Partial<ConnectOptions> => ({ ca: root.cert, ...prompt });
  const helloSizes = ({ toServer }: Network): number[] =>
    toServer.sent
      .filter((datagram) => parseRecords(datagram)[0]?.handshakeType === HandshakeType.ClientHello)
      .map(({ length }) => length);

  test('of up to 548 bytes stays in one datagram, however often it is lost', async () => {
    const link = new Network({ seed: 1 });
    link.toServer.rule = () => [];
    const options = { ...client(), ALPNProtocols: protocols(300) };
    const { handshake } = await awaited(rejected(certifiedClient(link, options).startHandshake().opened));
    const [size] = helloSizes(link);
    expect(size).toBeGreaterThan(256);
    expect(helloSizes(link)).toEqual(new Array(6).fill(size));
    expect(handshake?.mtu).toBe(548);
  });

  test('that is larger is cut after four losses, to 548 bytes', async () => {
    const link = new Network({ seed: 1 });
    link.toServer.impair({ mtu: 600 });
    const { client: ours, peer } = await open({
      link,
      client: { ...client(), ALPNProtocols: protocols(700) },
      server: server(),
    });
    const [size] = helloSizes(link);
    expect(size).toBeGreaterThan(600);
    expect(helloSizes(link).slice(0, 6)).toEqual([size, size, size, size, 548, expect.any(Number)]);
    expect(ours.handshake?.mtu).toBe(548);
    await talk(ours, peer);
  });

  test('that does not fit the path stays without an answer, and passes in fragments with a smaller mtu', async () => {
    const link = new Network({ seed: 1 });
    link.toServer.impair({ mtu: 300 });
    const options = { ...client(), ALPNProtocols: protocols(300) };
    const listening = await serveCertified(link, server());
    const error = await awaited(rejected(certifiedClient(link, options).startHandshake().opened));
    expect(error).toMatchObject({ code: 'ERR_DTLS_HANDSHAKE_TIMEOUT' });
    const accepted = once(listening, 'secureConnection') as Promise<[DtlsAssociation]>;
    const small = certifiedClient(link, { ...options, mtu: 300 }).startHandshake();
    const [[peer]] = await awaited(Promise.all([accepted, small.opened]));
    expect(helloSizes(link).at(-1)).toBeLessThanOrEqual(300);
    await talk(small, peer);
  });
});
