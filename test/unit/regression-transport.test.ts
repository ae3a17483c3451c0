import type dgram from 'node:dgram';
import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import type { DtlsAssociation } from '../../lib';
import { SendQueue } from '../../lib/endpoints/send-queue';
import { HandshakeType } from '../../lib/handshake/wire';
import { rejected } from '../support/errors';
import { dropMessage, Link, type LinkClient } from '../support/link';
import { client, openPair, patient, quick, serve, talk } from '../support/pair';

const cause = new Error('the channel is gone');

/** From now on, or behind the first `sends`, the transport throws. */
function cut(transport: Pick<LinkClient, 'send'>, sends = 0): void {
  const { send } = transport;
  let n = 0;
  transport.send = (datagram) => {
    if (n++ >= sends) throw cause;
    return send.call(transport, datagram);
  };
}

/** What a failing association says in Qt's words and as an error. */
function complaints(association: DtlsAssociation): unknown[] {
  const all: unknown[] = [];
  association.on('errorMessage', (text) => all.push(text));
  association.on('error', (error) => all.push(error));
  return all;
}

const toldOnce = [expect.stringContaining(cause.message), expect.objectContaining({ code: 'ERR_DTLS_SOCKET', cause })];

describe("a server's transport that throws in send", () => {
  test('costs a reply to a hello and nothing else', async () => {
    const link = new Link();
    const { send } = link.server;
    const server = await serve(link);
    link.server.send = () => {
      throw cause;
    };
    client(link).startHandshake();
    await link.quiet();
    expect(server.stats).toMatchObject({ cookiesSent: 1, handshakesStarted: 0 });
    link.server.send = send;
    const association = await client(link).startHandshake().opened;
    await link.quiet();
    await talk(association, [...server.associations][0] as DtlsAssociation);
  });

  test('lets the server close', async () => {
    const link = new Link();
    link.server.send = () => {
      throw cause;
    };
    const server = await serve(link);
    client(link).startHandshake();
    await link.quiet();
    await server.close();
    expect(link.serverIsOpen).toBe(false);
  });

  test('lets a server with open associations close', async () => {
    const { link, server, peer } = await openPair();
    link.server.send = () => {
      throw cause;
    };
    await server.close();
    expect(await peer.closed).toEqual({ reason: 'local' });
    expect(link.serverIsOpen).toBe(false);
  });

  test('in the middle of a handshake ends that handshake and no other association', async () => {
    const { link, server, client: good, peer } = await openPair();
    const { send } = link.server;
    const victim = link.client();
    const told = once(server, 'peerError');
    let sends = 0;
    link.server.send = (datagram, to) => {
      if (to.port === victim.address.port && sends++ > 0) throw cause;
      return send(datagram, to);
    };
    client(link, { transport: victim }).startHandshake();
    expect(await told).toEqual([expect.objectContaining({ code: 'ERR_DTLS_SOCKET', cause }), victim.address]);
    await link.quiet();
    expect(server.associations).toEqual(new Set([peer]));
    expect(server.stats).toMatchObject({ handshakesStarted: 2, handshakesFailed: 1 });
    await talk(good, peer);
  });
});

describe("a client's transport that throws in send", () => {
  test('while a flight is sent again ends the handshake, told once', async () => {
    const transport = new Link().client();
    cut(transport, 1);
    const association = client(new Link(), { transport, ...quick });
    const said = complaints(association);
    expect(await rejected(association.startHandshake().opened)).toMatchObject({ code: 'ERR_DTLS_SOCKET', cause });
    expect(await association.closed).toMatchObject({ reason: 'error' });
    expect(said).toEqual(toldOnce);
  });

  test('while a flight is repeated because the server repeats its own ends the handshake, told once', async () => {
    const link = new Link();
    await serve(link, quick);
    link.toServer.rule = dropMessage(HandshakeType.ClientKeyExchange);
    const transport = link.client();
    // Two hellos and the flight with the Finished.
    cut(transport, 3);
    const association = client(link, { transport, ...patient });
    const said = complaints(association);
    expect(await rejected(association.startHandshake().opened)).toMatchObject({ code: 'ERR_DTLS_SOCKET', cause });
    expect(await association.closed).toMatchObject({ reason: 'error' });
    expect(association.stats.retransmits).toBe(0);
    expect(said).toEqual(toldOnce);
  });

  test('while close_notify is sent changes nothing about the close', async () => {
    const { client, transport } = await openPair();
    const said = complaints(client);
    cut(transport);
    expect(await client.close()).toEqual({ reason: 'local' });
    expect(said).toEqual([]);
  });
});

test('a transport that tells of anything after the end is not heard', async () => {
  const { client, transport } = await openPair();
  const said = complaints(client);
  for (const event of ['warningMessage', 'drain'] as const) client.on(event, () => said.push(event));
  const { receiver } = transport;
  await client.close();
  receiver?.failed(cause, true);
  receiver?.drained();
  receiver?.datagram(Buffer.from('late'));
  expect(await client.closed).toEqual({ reason: 'local' });
  expect(said).toEqual([]);
  expect(client.stats.transportErrors).toBe(0);
});

test('a send queue does not wait for a datagram that the socket threw at', () => {
  const socket = {
    send: () => {
      throw cause;
    },
    getSendQueueSize: () => 0,
  } as unknown as dgram.Socket;
  const queue = new SendQueue(socket, 100, { drained: () => {}, failed: () => {} });
  expect(() => queue.send(Buffer.alloc(1), 0, '192.0.2.1')).toThrow(cause);
  let empty = false;
  queue.whenEmpty(() => {
    empty = true;
  });
  expect(empty).toBe(true);
});
