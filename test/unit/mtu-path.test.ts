import { randomBytes } from 'node:crypto';
import { PassThrough } from 'node:stream';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { PacketCapture } from '../../lib';
import { captured } from '../../lib/capture/capturing-endpoint';
import { parseCapture } from '../../lib/capture/packet-capture';
import { ClientTransport } from '../../lib/endpoints/client-transport';
import { PeerLink } from '../../lib/server/peer-link';
import { openCertified } from '../support/certified';
import { ipv4, openFake, Receiver } from '../support/endpoint';
import { thrown } from '../support/errors';
import { Link, type LinkClient } from '../support/link';
import { messages, openPair } from '../support/pair';
import { type Authority, authority, type Certified } from '../support/pki';
import { connectTo, isResumed, sessionOf } from '../support/resumption';

let ca: Authority;
let ofServer: Certified;
let ofClient: Certified;

beforeAll(async () => {
  ca = await authority();
  const intermediate = await ca.intermediate({ keyType: 'rsa-2048' });
  [ofServer, ofClient] = await Promise.all([
    ca.issue(),
    intermediate.issue({ keyType: 'rsa-2048', purpose: 'client' }),
  ]);
});

/** More than fits any datagram here. */
const proving = () => ({
  ca: ca.cert,
  cert: ofClient.chain,
  key: ofClient.key,
  ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256',
});
const asking = () => ({ ca: ca.cert, cert: ofServer.chain, key: ofServer.key, requestCert: true });

/** What a message has less than its datagram with AES-GCM: the record's header, nonce and tag. */
const OVERHEAD = 13 + 8 + 16;
const ciphers = 'PSK-AES128-GCM-SHA256';
const tooLarge = Object.assign(new Error('send EMSGSIZE'), { code: 'EMSGSIZE' });

/** A client's end that knows how much its path carries. */
function knowing(
  link: Link,
  maxDatagramSize: number | undefined,
): LinkClient & { maxDatagramSize: number | undefined } {
  return Object.assign(link.client(), { maxDatagramSize });
}

const largestOf = (sent: readonly Buffer[]): number => Math.max(...sent.map(({ length }) => length));

describe('a path whose size the transport knows', () => {
  test.each([
    [1400, 1232, 1232],
    [1200, 1232, 1200],
    [1200, 576, 576],
    [1200, 100, 256],
  ])('bounds the datagrams of a client with an mtu of %i to %i: %i', async (mtu, carried, size) => {
    const link = new Link();
    const { client, peer } = await openCertified({
      link,
      client: { ...proving(), transport: knowing(link, carried), mtu },
      server: { ...asking(), mtu: 256 },
    });
    expect(largestOf(link.toServer.sent)).toBe(size);
    expect(client.handshake?.mtu).toBe(size);
    expect(client.maxPayload).toBe(size - OVERHEAD);
    const largest = 'x'.repeat(client.maxPayload);
    const arrived = messages(peer, 1);
    client.send(largest);
    expect(await arrived).toEqual([largest]);
    expect(largestOf(link.toServer.sent)).toBe(size);
  });

  test('takes no message that does not fit, and the error tells what does', async () => {
    const link = new Link();
    const { client } = await openPair({ link, client: { transport: knowing(link, 1000), ciphers } });
    const error = thrown(() => client.send(Buffer.alloc(1000 - OVERHEAD + 1)));
    expect(error).toMatchObject({
      code: 'ERR_DTLS_MESSAGE_SIZE',
      value: 1000 - OVERHEAD + 1,
      maxPayload: 1000 - OVERHEAD,
    });
    expect(error.message).toContain(`1 to ${1000 - OVERHEAD} bytes`);
  });

  test('is asked again when a datagram was too large, and maxPayload follows', async () => {
    const link = new Link();
    const transport = knowing(link, undefined);
    const { client, peer } = await openPair({ link, client: { transport, ciphers } });
    expect(client.maxPayload).toBe(1200 - OVERHEAD);
    transport.maxDatagramSize = 800;
    expect(client.maxPayload).toBe(1200 - OVERHEAD);
    transport.receiver?.failed(tooLarge, false);
    expect(client.maxPayload).toBe(800 - OVERHEAD);
    expect(client.stats.transportErrors).toBe(1);
    expect(thrown(() => client.send(Buffer.alloc(800)))).toMatchObject({ maxPayload: 800 - OVERHEAD });
    const arrived = messages(peer, 1);
    client.send('y'.repeat(800 - OVERHEAD));
    expect(await arrived).toHaveLength(1);
    transport.maxDatagramSize = 1500;
    transport.receiver?.failed(tooLarge, false);
    expect(client.maxPayload).toBe(1200 - OVERHEAD);
    await client.close();
    expect(client.maxPayload).toBe(1200 - OVERHEAD);
  });

  test('that has no room for a ticket gets a full handshake', async () => {
    const options = { ...proving(), mtu: 4096 };
    const first = await openCertified({ client: options, server: { ...asking(), ticketKeys: randomBytes(48) } });
    const { link, server } = first;
    const again = { ...options, session: sessionOf(first) };
    expect(isResumed(await connectTo(link, server, { ...again, transport: knowing(link, 2500) }))).toBe(true);
    const full = await connectTo(link, server, { ...again, transport: knowing(link, 1232) });
    expect(isResumed(full)).toBe(false);
    expect(full.peer.authorized).toBe(true);
  });
});

describe('a native endpoint', () => {
  test('tells what the kernel knows of the path to each peer', async () => {
    const { endpoint, socket } = await openFake();
    const one = endpoint.attach(ipv4(1), new Receiver());
    const other = endpoint.attach(ipv4(2), new Receiver());
    socket.carried = [1472, 0];
    expect(one.maxDatagramSize).toBe(1472);
    expect(other.maxDatagramSize).toBeUndefined();
    socket.carried[0] = 1000;
    expect(one.maxDatagramSize).toBe(1000);
    await endpoint.close();
    expect(one.maxDatagramSize).toBeUndefined();
  });

  test('is asked through whatever leads to it', async () => {
    const { endpoint, socket } = await openFake();
    socket.carried = [1000];
    const recorder = parseCapture(new PacketCapture(new PassThrough().resume()));
    const capturing = captured(endpoint, recorder);
    const channel = capturing.attach(ipv4(1), new Receiver());
    expect(channel.maxDatagramSize).toBe(1000);
    expect(new PeerLink(ipv4(1), channel, () => {}).maxDatagramSize).toBe(1000);
    channel.release();
    const transport = new ClientTransport(capturing, ipv4(1), true);
    expect(transport.maxDatagramSize).toBeUndefined();
    await new Promise<void>((opened) => {
      transport.open({ opened, datagram: () => {}, drained: () => {}, failed: () => {} });
    });
    expect(transport.maxDatagramSize).toBe(1000);
    await transport.close();
    expect(transport.maxDatagramSize).toBeUndefined();
  });
});
