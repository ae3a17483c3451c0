import { expect, test } from '@jest/globals';
import { Link } from '../support/link';
import { client, serve } from '../support/pair';

test('a resumed handshake takes in all of the one flight in which the server ends it', async () => {
  const link = new Link();
  await serve(link);
  const first = await client(link).startHandshake().opened;
  const second = await client(link, { session: first.getSession() }).startHandshake().opened;
  expect(second.isSessionReused()).toBe(true);
  expect(first.handshake).toMatchObject({ flightsReceived: 3, retransmits: 0 });
  expect(second.handshake).toMatchObject({ flightsReceived: 2, retransmits: 0 });
});
