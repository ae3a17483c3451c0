import { describe, expect, test } from '@jest/globals';
import { DtlsAssociation, type DtlsServer } from '../../lib';
import { drop, Link } from '../support/link';
import { client, closeLater, key, openPair, patient, quick, serve, wrongKey } from '../support/pair';

const levels = ['infoMessage', 'warningMessage', 'errorMessage'] as const;

/** What Qt's windows would print, with the colour. */
function listen(emitter: DtlsAssociation | DtlsServer): string[] {
  const texts: string[] = [];
  for (const level of levels) {
    emitter.on(level, (text: string) => texts.push(level === 'infoMessage' ? text : `${level}: ${text}`));
  }
  return texts;
}

const ciphers = 'PSK-AES128-GCM-SHA256';
const alice = { name: 'Alice (clone number 0)', ciphers };
const peer = '(192.0.2.99:50000)';

async function narrate(options: { psk?: Record<string, Uint8Array>; serverCiphers?: string; timers?: object } = {}) {
  const link = new Link();
  const server = await serve(link, { psk: options.psk ?? { alice: key }, ciphers: options.serverCiphers ?? ciphers });
  const serverTexts = listen(server);
  const association = client(link, { ...alice, ...options.timers });
  const clientTexts = listen(association);
  await association.startHandshake().opened.catch(() => {});
  await link.quiet();
  return { link, server, association, serverTexts, clientTexts };
}

const say = (text: string): string => `Alice (clone number 0): ${text}`;
const clientHandshake = [
  'starting a handshake',
  'continuing with handshake ...',
  'providing pre-shared key ...',
  'continuing with handshake ...',
  'encrypted connection established!',
].map(say);
const serverHandshake = [
  `${peer}: not verified yet`,
  `${peer}: verified, starting a handshake`,
  `${peer}: handshake is in progress ...`,
  "PSK callback, received a client's identity: 'alice'",
  `Connection with ${peer} encrypted. Session cipher: ${ciphers}; session protocol: DTLS 1.2.`,
];

test('a handshake is told in the words and the order of the two examples', async () => {
  const { clientTexts, serverTexts } = await narrate();
  expect(clientTexts).toEqual(clientHandshake);
  expect(serverTexts).toEqual(serverHandshake);
});

test("a client's close is an error to the server, and silent here", async () => {
  const { association, clientTexts, serverTexts, link } = await narrate();
  await association.close();
  await link.quiet();
  expect(clientTexts).toEqual(clientHandshake);
  expect(serverTexts).toEqual([...serverHandshake, `errorMessage: ${peer}: The DTLS connection has been shutdown`]);
});

test("a server's close is an error to the client", async () => {
  const { server, association, clientTexts } = await narrate();
  await server.close();
  await association.closed;
  expect(clientTexts).toEqual([...clientHandshake, `errorMessage: ${say('shutdown alert received')}`]);
});

test('a retransmission is a warning of the client', async () => {
  const link = new Link();
  await serve(link);
  link.toServer.rule = drop(0);
  const association = client(link, { ...alice, ...quick });
  const texts = listen(association);
  await association.startHandshake().opened;
  const warning = `warningMessage: ${say('handshake timeout, trying to re-transmit')}`;
  expect(texts.slice(0, 2)).toEqual([say('starting a handshake'), warning]);
});

test('an error of the transport is a warning of the client', async () => {
  const { client, transport } = await openPair({ client: alice });
  const texts = listen(client);
  transport.receiver?.failed(new Error('ICMP'), false);
  expect(texts).toEqual([`warningMessage: ${say('spurious read notification?')}`]);
});

test('a failed handshake is an error on both sides, and nothing is said of progress behind it', async () => {
  const { clientTexts, serverTexts } = await narrate({ serverCiphers: 'PSK-AES256-GCM-SHA384' });
  expect(clientTexts).toEqual([
    say('starting a handshake'),
    say('continuing with handshake ...'),
    expect.stringMatching(/^errorMessage: Alice \(clone number 0\): handshake error - .*no cipher suite in common/),
  ]);
  expect(serverTexts).toEqual([
    `${peer}: not verified yet`,
    `${peer}: verified, starting a handshake`,
    expect.stringMatching(/^errorMessage: The handshake with the client .*no cipher suite in common/),
  ]);
});

test('a wrong key is an error on both sides', async () => {
  const { clientTexts, serverTexts } = await narrate({ psk: { alice: wrongKey }, timers: quick });
  expect(clientTexts.at(-1)).toMatch(/^errorMessage: .*handshake error - The pre-shared keys differ/);
  expect(serverTexts.at(-1)).toMatch(/^errorMessage: The pre-shared keys differ/);
});

test('a transport that never opens is a handshake that failed to start', async () => {
  const transport = new Link().client();
  transport.open = (receiver) => setImmediate(() => receiver.failed(new Error('no such channel'), true));
  const association = client(new Link(), { ...alice, transport });
  const texts = listen(association);
  await association.startHandshake().opened.catch(() => {});
  expect(texts.at(-1)).toMatch(/^errorMessage: .*failed to start a handshake - .*no such channel/);
});

test('an open association that fails tells the bare reason', async () => {
  const { client, transport } = await openPair({ client: alice });
  const texts = listen(client);
  void client.closed;
  transport.receiver?.failed(new Error('the cable is cut'), true);
  expect(texts.at(-1)).toMatch(/^errorMessage: Alice \(clone number 0\): .*the cable is cut/);
});

describe('a message', () => {
  test('comes to the client with its name, the encrypted datagram and the text', async () => {
    const { client, peer: other, link } = await openPair({ client: alice });
    const responses: unknown[] = [];
    client.on('serverResponse', (name, datagram, text) => responses.push(name, Buffer.from(datagram), text.toString()));
    other.send('to you: ACK');
    await link.quiet();
    expect(responses).toEqual([alice.name, link.toClient.sent.at(-1), 'to you: ACK']);
  });

  test('comes to the server with the address of the peer, the encrypted datagram and the text', async () => {
    const { client, server, link } = await openPair();
    const received: unknown[] = [];
    server.on('datagramReceived', (info, datagram, text) =>
      received.push(info, Buffer.from(datagram), text.toString()),
    );
    client.send('hello');
    await link.quiet();
    expect(received).toEqual([peer, link.toServer.sent.at(-1), 'hello']);
  });
});

test('a ping that cannot be sent is an error of the client', async () => {
  const link = new Link();
  await serve(link);
  const name = 'x'.repeat(300);
  const association = client(link, { name, mtu: 256, ping: true });
  const texts = listen(association);
  await association.startHandshake().opened;
  await link.quiet();
  expect(texts.at(-1)).toMatch(
    /^errorMessage: x{300}: failed to send a ping - send: a message has 1 to \d+ bytes here/,
  );
});

describe('the constructor of the seed', () => {
  test('takes host, port, name and options, and pings', async () => {
    const link = new Link();
    const server = await serve(link);
    const pings: string[] = [];
    server.on('secureConnection', (one) => one.on('message', (data) => pings.push(data.toString())));
    const psk = { identity: 'alice', key };
    const association = closeLater(
      new DtlsAssociation('192.0.2.1', 22334, 'Carol', { psk, transport: link.client(), ...patient }),
    );
    expect(association.name).toBe('Carol');
    await association.startHandshake().opened;
    await link.quiet();
    expect(pings).toEqual(['I am Carol, please, accept our ping 0']);
  });

  test("without credentials uses the name and the key of Qt's example, with one warning of the process", async () => {
    const link = new Link();
    const server = await serve(link, { psk: undefined, pskCallback: () => key });
    const warned: unknown[][] = [];
    const { emitWarning } = process;
    process.emitWarning = ((...args: unknown[]) => warned.push(args)) as typeof emitWarning;
    try {
      for (const name of ['Alice (clone number 0)', 'Alice (clone number 1)']) {
        const association = closeLater(
          new DtlsAssociation('192.0.2.1', 22334, name, { transport: link.client(), ping: false, ...patient }),
        );
        await association.startHandshake().opened;
        expect(association.pskIdentity).toBe(name);
      }
    } finally {
      process.emitWarning = emitWarning;
    }
    await link.quiet();
    expect(server.associations.size).toBe(2);
    expect(warned).toEqual([
      [expect.stringContaining('public key'), { type: 'DtlsWarning', code: 'DTLS_EXAMPLE_KEY' }],
    ]);
  });

  test('names itself by host and port when no name is given', () => {
    const options = { psk: { identity: 'alice', key } };
    expect(new DtlsAssociation('192.0.2.1', 22334, undefined, options).name).toBe('192.0.2.1:22334');
  });
});
