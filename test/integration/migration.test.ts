import { once } from 'node:events';
import { expect, test } from '@jest/globals';
import type { DtlsAssociation, RemoteAddress } from '../../lib';
import { ask, echoServer, open } from '../support/loopback';
import { Relay } from '../support/peers/relay';

const udps = process.platform === 'linux' ? (['native', 'dgram'] as const) : (['dgram'] as const);

test.each(udps)('an association over a socket of the kind "%s" follows its peer to another port', async (udp) => {
  const { server, port } = await echoServer({}, { udp });
  await using relay = await Relay.open(port);
  const association = await open(relay.port, { udp });
  expect(await ask(association, 'before')).toBe('before');
  const [peer] = [...server.associations] as [DtlsAssociation];
  const before = peer.remote;
  await relay.rebind();
  const moved = once(peer, 'addressChange') as Promise<[RemoteAddress, RemoteAddress]>;
  for (let i = 0; i < 20; i++) expect(await ask(association, `after ${i}`)).toBe(`after ${i}`);
  const [from, to] = await moved;
  expect(from).toEqual(before);
  expect(to).toEqual(peer.remote);
  expect(to).not.toEqual(before);
  expect(server.stats).toMatchObject({ migrated: 1, handshakesStarted: 1 });
  await association.close();
  expect(await peer.closed).toEqual({ reason: 'peer' });
});
