import { once } from 'node:events';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { DtlsAssociation } from '../../lib';
import { parseRecords } from '../../lib/handshake/wire';
import { changed, datagrams, runs } from '../support/fuzz';
import { Link } from '../support/link';
import { client, openPair, serve, talk } from '../support/pair';
import { record, Type } from '../support/wire';

const ROUNDS = 25;

/** A seed is printed with what fails. */
const few = runs(12);

function totalDropped(dropped: Readonly<Record<string, number>>): number {
  return Object.values(dropped).reduce((sum, count) => sum + count, 0);
}

test('an open association survives any datagrams in the name of its peer, and counts them', async () => {
  const { link, client, peer, transport } = await openPair();
  const sent = [...link.toServer.sent, ...link.toClient.sent];
  const likely = fc.oneof(
    datagrams(),
    fc.constantFrom(...sent).chain((one) => changed(fc.constant(Buffer.from(one)))),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(likely, { minLength: ROUNDS, maxLength: ROUNDS }), async (noise) => {
      const before = totalDropped(client.stats.dropped) + totalDropped(peer.stats.dropped);
      const received = client.stats.messagesReceived + peer.stats.messagesReceived;
      for (const datagram of noise) {
        link.inject(datagram, transport.address);
        link.injectToClient(datagram, transport.address);
      }
      await link.quiet();
      expect([client.state, peer.state]).toEqual(['open', 'open']);
      expect(client.stats.messagesReceived + peer.stats.messagesReceived).toBe(received);
      // Records that only a handshake has use for may have been the peer's repeated flight, and count nowhere.
      const countable = noise.filter((datagram) => parseRecords(datagram).every(({ type }) => type !== 22));
      const after = totalDropped(client.stats.dropped) + totalDropped(peer.stats.dropped);
      expect(after - before).toBeGreaterThanOrEqual(countable.length);
    }),
    few,
  );
  await talk(client, peer);
});

// Of a record of another version OpenSSL passes over the header only; the fuzzer of native/ found it.
test('a record in the body of a forged one is not read', async () => {
  const { link, client, peer, transport } = await openPair();
  const tooShort = record(Type.applicationData, Buffer.alloc(10), { epoch: 1, sequence: 9 });
  for (const type of [Type.changeCipherSpec, Type.handshake, Type.applicationData]) {
    const forged = record(type, tooShort, { epoch: 1, sequence: 9 });
    forged[2] = 0xff;
    link.inject(forged, transport.address);
    link.injectToClient(forged, transport.address);
  }
  await link.quiet();
  await talk(client, peer);
});

test('a server survives any datagrams of anybody, counts them, answers with nothing larger, and serves on', async () => {
  const hello = Buffer.from((await openPair()).link.toServer.sent[0] as Uint8Array);
  const link = new Link();
  const server = await serve(link);
  const likely = fc.oneof(datagrams(), changed(fc.constant(hello)));
  const senders = fc.tuple(likely, fc.integer({ min: 1, max: 65_535 }));
  await fc.assert(
    fc.asyncProperty(fc.array(senders, { minLength: ROUNDS, maxLength: ROUNDS }), async (noise) => {
      const before = server.stats.cookiesSent + totalDropped(server.stats.dropped);
      for (const [datagram, port] of noise) {
        const answers = link.toClient.sent.length;
        link.inject(datagram, { address: '198.51.100.7', port, family: 'IPv4' });
        await link.quiet();
        for (const answer of link.toClient.sent.slice(answers)) {
          expect(answer.length).toBeLessThanOrEqual(datagram.length);
        }
      }
      expect(server.associations.size).toBe(0);
      // A hello is answered with a cookie; whatever else they are, they come to nothing.
      const after = server.stats.cookiesSent + totalDropped(server.stats.dropped);
      expect(after - before).toBe(noise.length);
    }),
    few,
  );
  const opening = once(server, 'secureConnection') as Promise<[DtlsAssociation]>;
  const guest = client(link);
  await guest.startHandshake().opened;
  await talk(guest, (await opening)[0]);
});
