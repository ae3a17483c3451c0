import { once } from 'node:events';
import { expect, test } from '@jest/globals';
import { DtlsAssociation } from '../../lib';
import { describePeer } from '../support/peers/debian';
import { gnutlsProblem, gnutlsServer } from '../support/peers/gnutls';
import { coapGet, coapServer, libcoapProblem } from '../support/peers/libcoap';
import { opensslProblem, opensslServer } from '../support/peers/openssl';
import { connectTo, next, serve } from '../support/peers/ours';
import { qtProblem, qtServer } from '../support/peers/qt';
import { Relay } from '../support/peers/relay';
import { talkTo, talkToEcho } from '../support/peers/talk';

const keepAlive = { interval: 20 };

describePeer('openssl s_server drops keep-alives', opensslProblem, () => {
  test.concurrent('and messages pass both ways', async () => {
    await using server = await opensslServer();
    await using relay = await Relay.open(server.port);
    await using client = await connectTo(relay.port, { keepAlive });
    await relay.carries('ApplicationData', 3);
    await talkTo(server, client);
  });
});

describePeer('gnutls-serv drops keep-alives', gnutlsProblem, () => {
  test.concurrent('and echoes messages', async () => {
    await using server = await gnutlsServer();
    await using relay = await Relay.open(server.port);
    await using client = await connectTo(relay.port, { keepAlive });
    await relay.carries('ApplicationData', 3);
    await talkToEcho(client);
  });
});

describePeer("Qt's server drops keep-alives", qtProblem, () => {
  test.concurrent('and acknowledges messages', async () => {
    await using server = await qtServer();
    await using relay = await Relay.open(server.port);
    await using client = new DtlsAssociation('127.0.0.1', relay.port, 'Alice', { ping: false, keepAlive });
    await client.startHandshake().opened;
    await relay.carries('ApplicationData', 3);
    const answer = next<[Buffer]>(client, 'message');
    client.send('from our client');
    expect(String(await answer)).toMatch(/ACK$/);
    expect(server.output).not.toMatch(/^ERROR/m);
  });
});

test('our server drops keep-alives, and echoes messages', async () => {
  await using server = await serve();
  const accepted = once(server, 'secureConnection') as Promise<[DtlsAssociation]>;
  await using relay = await Relay.open(server.port);
  await using client = await connectTo(relay.port, { keepAlive });
  await relay.carries('ApplicationData', 3);
  await talkToEcho(client);
  const [peer] = await accepted;
  expect(peer.stats.messagesReceived).toBe(1);
});

describePeer('coap-server drops keep-alives', libcoapProblem, () => {
  test.concurrent.each(['openssl', 'gnutls'] as const)('over %s, and answers requests', async (library) => {
    await using server = await coapServer(library);
    await using relay = await Relay.open(server.port);
    await using client = await connectTo(relay.port, { ciphers: 'PSK-AES128-CCM8:@SECLEVEL=0', keepAlive });
    await relay.carries('ApplicationData', 3);
    client.send(coapGet(7, 'time'));
    const [answer] = await next<[Buffer]>(client, 'message');
    expect(answer.subarray(0, 4)).toEqual(Buffer.from('60450007', 'hex'));
  });
});
