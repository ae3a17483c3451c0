import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { thrown } from '../support/errors';
import { Link } from '../support/link';
import { client, messages, openPair, serve, talk } from '../support/pair';

describe('send is refused with ERR_DTLS_STATE', () => {
  test('before the start, and says what to wait for', () => {
    const error = thrown(() => client(new Link()).send('too early'));
    expect(error).toMatchObject({ code: 'ERR_DTLS_STATE' });
    expect(error.message).toMatch(/idle.*await opened/);
  });

  test('while connecting and handshaking', async () => {
    const link = new Link();
    const server = await serve(link);
    const association = client(link).startHandshake();
    expect(thrown(() => association.send('too early')).message).toContain('connecting');
    await once(server, 'infoMessage');
    expect(thrown(() => association.send('too early')).message).toContain('handshaking');
    await association.opened;
  });

  test('while closing and afterwards, and says what to do instead', async () => {
    const { client, peer } = await openPair();
    const closed = client.close();
    expect(thrown(() => client.send('too late'))).toMatchObject({ code: 'ERR_DTLS_STATE' });
    await closed;
    expect(thrown(() => client.send('too late')).message).toMatch(/closed.*make a new one/);
    await peer.closed;
    expect(thrown(() => peer.send('too late')).code).toBe('ERR_DTLS_STATE');
  });
});

describe('a message', () => {
  test.each([
    ['a string, as UTF-8', 'Grüße 🐈', Buffer.from('Grüße 🐈')],
    ['a Buffer', Buffer.from([0, 1, 255]), Buffer.from([0, 1, 255])],
    ['a Uint8Array', Uint8Array.of(9, 8, 7), Buffer.from([9, 8, 7])],
    ['a view into a larger buffer', new Uint8Array(Uint8Array.of(1, 2, 3, 4).buffer, 1, 2), Buffer.from([2, 3])],
    ['a single byte', Uint8Array.of(0), Buffer.from([0])],
  ])('may be %s', async (_, data, expected) => {
    const { client, peer } = await openPair();
    const arrived = once(peer, 'message');
    expect(client.send(data)).toBe(true);
    expect(await arrived).toEqual([expected]);
  });

  test.each([[5], [null], [undefined], [['a']], [new ArrayBuffer(4)], [{ length: 4 }]])(
    'may not be %p',
    async (data) => {
      const { client, peer } = await openPair();
      expect(thrown(() => client.send(data as unknown as string)).code).toBe('ERR_DTLS_OPTION');
      await talk(client, peer);
    },
  );

  test('may not be empty, on either side', async () => {
    const { client, peer } = await openPair();
    for (const side of [client, peer]) {
      for (const data of ['', new Uint8Array(0)]) {
        const error = thrown(() => side.send(data));
        expect(error).toMatchObject({ code: 'ERR_DTLS_MESSAGE_SIZE', value: 0 });
      }
    }
    await talk(client, peer);
  });

  test('may not be larger than maxPayload, and the message tells the sizes and the option', async () => {
    const { client, peer } = await openPair();
    const error = thrown(() => client.send(Buffer.alloc(client.maxPayload + 1)));
    expect(error).toMatchObject({ code: 'ERR_DTLS_MESSAGE_SIZE', value: client.maxPayload + 1 });
    expect(error.message).toMatch(new RegExp(`1 to ${client.maxPayload} bytes .*${client.maxPayload + 1}.*mtu`));
    await talk(client, peer);
  });

  test('is not changed, and may be changed after send returned', async () => {
    const { client, peer } = await openPair();
    const data = Buffer.from('before');
    const arrived = messages(peer, 1);
    client.send(data);
    data.fill('x');
    expect(await arrived).toEqual(['before']);
  });

  test('that fails its size check is not counted', async () => {
    const { client } = await openPair();
    thrown(() => client.send(''));
    expect(client.stats).toMatchObject({ messagesSent: 0 });
  });
});

describe.each(['PSK-AES128-GCM-SHA256', 'PSK-AES128-CCM8', 'ECDHE-PSK-CHACHA20-POLY1305', 'PSK-AES128-CBC-SHA256'])(
  'maxPayload with %s',
  (suite) => {
    // CCM8 needs a lower security level in OpenSSL 3.2 and later.
    const ciphers = `${suite}:@SECLEVEL=0`;

    test.each([256, 576, 1200, 4096, 16_384])('is what fits an mtu of %i, and no byte less', async (mtu) => {
      const { client, peer, link } = await openPair({ client: { ciphers, mtu }, server: { ciphers, mtu } });
      const before = link.toServer.sent.length;
      const arrived = once(peer, 'message');
      client.send(Buffer.alloc(client.maxPayload, 7));
      expect(await arrived).toEqual([Buffer.alloc(client.maxPayload, 7)]);
      const datagram = link.toServer.sent[before] as Buffer;
      expect(datagram.length).toBeLessThanOrEqual(mtu);
      // One more byte would not fit; a CBC suite adds bytes by the block.
      expect(datagram.length).toBeGreaterThan(mtu - (suite.includes('CBC') ? 16 : 1));
      expect(peer.maxPayload).toBe(client.maxPayload);
    });
  },
);

test('messages keep their order and their boundaries, one datagram each', async () => {
  const { client, peer, link } = await openPair();
  const before = link.toServer.sent.length;
  const texts = Array.from({ length: 200 }, (_, i) => 'x'.repeat(1 + (i % 50)));
  const arrived = messages(peer, texts.length);
  for (const text of texts) client.send(text);
  expect(await arrived).toEqual(texts);
  expect(link.toServer.sent.length).toBe(before + texts.length);
});

test('messages that are kept stay as they were', async () => {
  const { client, peer } = await openPair();
  const kept: Buffer[] = [];
  const arrived = messages(peer, 300);
  peer.on('message', (data) => kept.push(data));
  for (let i = 0; i < 300; i++) client.send(Buffer.alloc(1000, i));
  await arrived;
  expect(kept.every((data, i) => data.equals(Buffer.alloc(1000, i)))).toBe(true);
});

test('a full queue of the transport is told by false, and its end by drain', async () => {
  const { client, transport } = await openPair();
  const drains: string[] = [];
  client.on('drain', () => drains.push('drain'));
  transport.taken = false;
  expect(client.send('one too many')).toBe(false);
  transport.drain();
  expect(drains).toEqual(['drain']);
  expect(client.send('room')).toBe(true);
});

test('a late, repeated, damaged or foreign datagram of an open association changes nothing', async () => {
  const { client, peer, link, transport } = await openPair();
  const arrived: string[] = [];
  peer.on('message', (data) => arrived.push(data.toString()));
  client.send('once');
  await link.quiet();
  const genuine = link.toServer.sent.at(-1) as Buffer;
  const damaged = Buffer.from(genuine);
  damaged[20] = ~(damaged[20] as number) & 0xff;
  const others = [genuine, damaged, genuine.subarray(0, 20), Buffer.alloc(0), Buffer.alloc(50, 0xff)];
  for (const datagram of others) link.inject(datagram, transport.address);
  await link.quiet();
  expect(arrived).toEqual(['once']);
  expect(peer.stats).toMatchObject({ messagesReceived: 1 });
  await talk(client, peer);
});

test('the counters count datagrams, bytes and messages of both directions', async () => {
  const { client, peer, link } = await openPair();
  const before = { ...client.stats };
  await talk(client, peer);
  const [out, back] = [link.toServer.sent.at(-1), link.toClient.sent.at(-1)] as [Buffer, Buffer];
  expect(client.stats).toEqual({
    ...before,
    datagramsSent: before.datagramsSent + 1,
    bytesSent: before.bytesSent + out.length,
    messagesSent: 1,
    datagramsReceived: before.datagramsReceived + 1,
    bytesReceived: before.bytesReceived + back.length,
    messagesReceived: 1,
  });
});
