import { expect, test } from '@jest/globals';
import type { RemoteAddress } from '../../lib/address';
import { numbers } from '../../lib/testing/random';
import { deliverAll, Link, type Rule } from '../support/link';
import { client, messages, serve } from '../support/pair';

const CLIENTS = 1000;
/** Of the datagrams of each direction so many are lost, so many of the rest doubled, and so many late. */
const SHARE = 0.2;
const LATEST_MS = 100;
const TEST_TIMEOUT_MS = 90_000;

/**
 * A handshake has a minute, as by default. RFC 6347 section 4.2.4.1 begins with a second and doubles it up to a minute,
 * which leaves six attempts; a round trip of which each way loses a fifth fails six times in one of 460 cases. What
 * helps on such a path is a short maximum. Both are a fifth here of what suits it, a second and five.
 */
const quickly = { retransmit: { initial: 200, max: 1000 } };

/** Each client has an address of its own. */
const addressOf = (index: number): RemoteAddress => ({
  address: `10.0.${index >> 8}.${index & 0xff}`,
  port: 5684,
  family: 'IPv4',
});

/** What becomes of a client's datagrams depends on the seed, the client, and how many there were before. */
function unreliable(seed: number, deliver: (datagram: Buffer, client: RemoteAddress) => void): Rule {
  const generators = new Map<string, () => number>();
  return (datagram, _, peer) => {
    const random = generators.get(peer.address) ?? numbers(seed * CLIENTS + generators.size);
    generators.set(peer.address, random);
    if (random() < SHARE) return [];
    const copies = random() < SHARE ? [datagram, datagram] : [datagram];
    if (random() >= SHARE) return copies;
    setTimeout(() => {
      for (const copy of copies) deliver(copy, peer);
    }, random() * LATEST_MS);
    return [];
  };
}

// OpenSSL gives up after 12 repetitions of a flight, which one client in some hundred thousand needs here. With these
// seeds nobody is near it.
test.each([3, 4])(
  '1,000 clients connect within the deadline though a fifth is lost, doubled or late, seed %i',
  async (seed) => {
    const link = new Link();
    const server = await serve(link, quickly);
    link.toServer.rule = unreliable(seed, (datagram, from) => link.inject(datagram, from));
    link.toClient.rule = unreliable(-seed, (datagram, to) => link.injectToClient(datagram, to));
    const fleet = Array.from({ length: CLIENTS }, (_, i) =>
      client(link, { ...quickly, transport: link.client(addressOf(i)) }).startHandshake(),
    );
    await Promise.all(fleet.map(({ opened }) => opened));
    expect(server.stats).toMatchObject({ handshakesCompleted: CLIENTS, handshakesFailed: 0 });

    link.toServer.rule = link.toClient.rule = deliverAll;
    for (const peer of server.associations) peer.on('message', (data) => peer.send(data));
    const answers = fleet.map((association) => messages(association, 1));
    for (const [i, association] of fleet.entries()) association.send(`I am ${i}`);
    expect(await Promise.all(answers)).toEqual(fleet.map((_, i) => [`I am ${i}`]));
  },
  TEST_TIMEOUT_MS,
);
