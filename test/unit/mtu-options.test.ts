import { expect, test } from '@jest/globals';
import { Link } from '../support/link';
import { messages, openPair } from '../support/pair';

const identity = 'i'.repeat(128);
const key = Buffer.alloc(16, 7);
/** Large hellos, ServerKeyExchange and ClientKeyExchange. */
const ofClient = { psk: { identity, key }, ciphers: 'PSK:@SECLEVEL=0' };
const ofServer = {
  psk: { [identity]: key },
  pskIdentityHint: 'h'.repeat(128),
  ciphers: 'ECDHE-PSK-CHACHA20-POLY1305',
};

const FIRST = 256;
const LAST = 1500;
const STEP = 100;

test.each(Array.from({ length: Math.ceil((LAST - FIRST) / STEP) }, (_, i) => FIRST + i * STEP))(
  'each mtu from %i bytes to the next hundred serves a handshake, and the largest message fills it',
  async (from) => {
    for (let mtu = from; mtu < Math.min(from + STEP, LAST + 1); mtu++) {
      const link = new Link();
      const { client, peer } = await openPair({ link, client: { mtu, ...ofClient }, server: { mtu, ...ofServer } });
      const largest = 'x'.repeat(client.maxPayload);
      const arrived = messages(peer, 1);
      client.send(largest);
      expect(await arrived).toEqual([largest]);
      const sizes = [...link.toServer.sent, ...link.toClient.sent].map(({ length }) => length);
      expect(Math.max(...sizes)).toBe(mtu);
      await client.close();
    }
  },
);
