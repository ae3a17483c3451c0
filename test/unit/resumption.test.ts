import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { ConnectOptions, DtlsAssociation, ServerOptions } from '../../lib';
import { certifiedClient, openCertified, recordNames, sentFromNow, serveCertified } from '../support/certified';
import { deliverAll, drop, Link } from '../support/link';
import { key, psk, quick, talk } from '../support/pair';
import { type Authority, authority, type Certified } from '../support/pki';
import { connectTo, isResumed, sessionOf } from '../support/resumption';

let ca: Authority;
let ofServer: Certified;
let ofClient: Certified;

beforeAll(async () => {
  ca = await authority();
  [ofServer, ofClient] = await Promise.all([ca.issue(), ca.issue({ name: 'sensor-7', purpose: 'client' })]);
});

const ticketKeys = randomBytes(48);

interface Kind {
  kind: string;
  client: () => Partial<ConnectOptions>;
  server: () => Partial<ServerOptions>;
  byTicket: boolean;
}

const server = () => ({ cert: ofServer.chain, key: ofServer.key });
const asking = () => ({ ...server(), ca: ca.cert, requestCert: true });
const proving = () => ({ cert: ofClient.chain, key: ofClient.key, ca: ca.cert });

const kinds: Kind[] = [
  {
    kind: 'a pre-shared key, by ticket',
    client: () => ({ psk }),
    server: () => ({ psk: { alice: key } }),
    byTicket: true,
  },
  { kind: "a server's certificate, by ticket", client: () => ({ ca: ca.cert }), server, byTicket: true },
  { kind: 'certificates of both sides, by session ID', client: proving, server: asking, byTicket: false },
  {
    kind: 'certificates of both sides, by ticket',
    client: proving,
    server: () => ({ ...asking(), ticketKeys }),
    byTicket: true,
  },
];

describe.each(kinds)('a session made with $kind,', (kind) => {
  test('is resumed', async () => {
    const first = await openCertified({ client: kind.client(), server: kind.server() });
    expect(isResumed(first)).toBe(false);
    expect(recordNames(first.link.toClient).includes('NewSessionTicket')).toBe(kind.byTicket);
    const again = await connectTo(first.link, first.server, { ...kind.client(), session: sessionOf(first) });
    expect(isResumed(again)).toBe(true);
    await talk(again.client, again.peer);
  });

  test('is resumed one round trip sooner', async () => {
    const first = await openCertified({ client: kind.client(), server: kind.server() });
    const session = sessionOf(first);
    const flights = async (options: Partial<ConnectOptions>): Promise<string[]> => {
      const { link } = first;
      const log = flightsOf(link);
      const ends = await connectTo(link, first.server, { ...kind.client(), ...options });
      await link.quiet();
      await talk(ends.client, ends.peer);
      return log;
    };
    // Up to the client's first message, which it sends as soon as it is open.
    expect(untilMessage(await flights({}))).toEqual(['>', '<', '>', '<', '>', '<', '>']);
    expect(untilMessage(await flights({ session }))).toEqual(['>', '<', '>', '<', '>']);
  });

  test('takes neither certificates nor keys to be resumed', async () => {
    const first = await openCertified({ client: kind.client(), server: kind.server() });
    const [fromClient, fromServer] = [sentFromNow(first.link.toServer), sentFromNow(first.link.toClient)];
    await connectTo(first.link, first.server, { ...kind.client(), session: sessionOf(first) });
    expect(recordNames(fromClient)).toEqual(['ClientHello', 'ClientHello', 'ChangeCipherSpec', 'Finished']);
    const names = recordNames(fromServer).filter((name) => name !== 'NewSessionTicket');
    expect(names).toEqual(['HelloVerifyRequest', 'ServerHello', 'ChangeCipherSpec', 'Finished']);
  });

  test('is the session of whoever was verified then', async () => {
    const first = await openCertified({ client: kind.client(), server: kind.server() });
    const again = await connectTo(first.link, first.server, { ...kind.client(), session: sessionOf(first) });
    for (const [now, then] of [
      [again.client, first.client],
      [again.peer, first.peer],
    ] as const) {
      expect(now.authorized).toBe(then.authorized);
      expect(now.authorizationError).toBe(then.authorizationError);
      expect(now.pskIdentity).toBe(then.pskIdentity);
      expect(now.servername).toBe(then.servername);
      expect(now.getPeerCertificate()).toEqual(then.getPeerCertificate());
      expect(now.getPeerX509Certificate()?.raw).toEqual(then.getPeerX509Certificate()?.raw);
      expect(now.extendedMasterSecret).toBe(true);
    }
    expect(again.client.exportKeyingMaterial(32, 'EXPERIMENTAL')).toEqual(
      again.peer.exportKeyingMaterial(32, 'EXPERIMENTAL'),
    );
    expect(again.client.getFinished()).toEqual(again.peer.getPeerFinished());
    expect(again.peer.getFinished()).toEqual(again.client.getPeerFinished());
  });

  test('is resumed again and again', async () => {
    const first = await openCertified({ client: kind.client(), server: kind.server() });
    let ends: { client: DtlsAssociation; peer: DtlsAssociation } = first;
    for (let i = 0; i < 3; i++) {
      ends = await connectTo(first.link, first.server, { ...kind.client(), session: sessionOf(ends) });
      expect(isResumed(ends)).toBe(true);
    }
    await talk(ends.client, ends.peer);
  });

  test('is told by the event session, too', async () => {
    const link = new Link();
    await serveCertified(link, kind.server());
    const events: string[] = [];
    const association = certifiedClient(link, kind.client());
    association.on('secureConnect', () => events.push('secureConnect'));
    const told = once(association, 'session') as Promise<[Buffer]>;
    association.on('session', () => events.push('session'));
    association.startHandshake();
    const [session] = await told;
    expect(session).toEqual(association.getSession());
    expect(events).toEqual(['secureConnect', 'session']);
  });

  const losses = [
    ...[0, 1, 2].map((n) => ({ lane: 'toServer', n }) as const),
    ...[0, 1].map((n) => ({ lane: 'toClient', n }) as const),
  ];

  test.each(losses)('is resumed when datagram $n $lane is lost', async ({ lane, n }) => {
    const first = await openCertified({
      client: { ...kind.client(), ...quick },
      server: { ...kind.server(), ...quick },
    });
    const { link } = first;
    const session = sessionOf(first);
    await Promise.all([first.client.close(), first.peer.closed]);
    await link.quiet();
    link[lane].rule = drop(link[lane].sent.length + n);
    const again = await connectTo(link, first.server, { ...kind.client(), ...quick, session });
    expect(isResumed(again)).toBe(true);
    link[lane].rule = deliverAll;
    await talk(again.client, again.peer);
  });
});

/** Notes who sends, each flight once. */
function flightsOf(link: Link): string[] {
  const log: string[] = [];
  for (const [lane, sign] of [
    [link.toServer, '>'],
    [link.toClient, '<'],
  ] as const) {
    lane.rule = (datagram) => {
      const what = datagram[0] === 23 ? 'message' : sign;
      if (log.at(-1) !== what) log.push(what);
      return [datagram];
    };
  }
  return log;
}

/** The client's message counts as a flight, for which it does not wait. */
function untilMessage(log: readonly string[]): string[] {
  const flights = log.slice(0, log.indexOf('message'));
  return flights.at(-1) === '>' ? flights : [...flights, '>'];
}
