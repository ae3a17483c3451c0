import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import type { DtlsAssociation } from '../../lib';
import { ignored } from '../support/counters';
import { ask, echoServer, open } from '../support/loopback';
import { pathTo, udpSocket } from '../support/udp';

test("foreign datagrams to the client's socket never arrive, not even genuine ones", async () => {
  const { server, port } = await echoServer();
  const association = await open(port);
  await ask(association, 'are you there?');
  const [peer] = [...server.associations] as [DtlsAssociation];
  const stranger = await udpSocket();
  const before = association.stats.datagramsReceived;
  for (const bytes of [Buffer.alloc(0), Buffer.from('garbage'), Buffer.alloc(60, 0x16)]) {
    await new Promise((resolve) => stranger.send(bytes, peer.remote.port, '127.0.0.1', resolve));
  }
  await ask(association, 'still there?');
  expect(association.stats.datagramsReceived).toBe(before + 1);
});

describe.each([
  ['an empty UDP datagram', Buffer.alloc(0)],
  ['garbage', Buffer.from('what is this?')],
])('%s', (_, noise) => {
  test('before each datagram of both directions harms neither side', async () => {
    const { server, port } = await echoServer();
    const path = await pathTo(port, noise);
    const association = await open(path.address().port);
    for (let i = 0; i < 3; i++) expect(await ask(association, `${i}`)).toBe(`${i}`);
    expect(server.stats).toMatchObject({ handshakesCompleted: 1, handshakesFailed: 0 });
    const [peer] = [...server.associations] as [DtlsAssociation];
    await association.close();
    expect(await peer.closed).toEqual({ reason: 'peer' });
  });

  test('from a stranger does not keep a server from serving', async () => {
    const { server, port } = await echoServer();
    const stranger = await udpSocket();
    await new Promise((resolve) => stranger.send(noise, port, '127.0.0.1', resolve));
    expect(await ask(await open(port), 'hello')).toBe('hello');
    expect(ignored(server)).toBe(1);
  });
});

test('that nobody listens any more is noise to an open association', async () => {
  const { port } = await echoServer();
  const path = await pathTo(port);
  const association = await open(path.address().port);
  // Its port refuses datagrams of everybody else from now on.
  path.connect(9, '127.0.0.1');
  await once(path, 'connect');
  const warned = once(association, 'warningMessage');
  association.send('are you there?');
  await warned;
  expect(association.state).toBe('open');
  expect(association.stats.transportErrors).toBe(1);
});
