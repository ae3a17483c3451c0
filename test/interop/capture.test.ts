import { expect, test } from '@jest/globals';
import { type ConnectOptions, PacketCapture, type ServerOptions } from '../../lib';
import { IDENTITY, KEY, scratchFile } from '../support/peers/credentials';
import { describePeer, missing, programs } from '../support/peers/debian';
import { connectTo, serve } from '../support/peers/ours';
import { PeerProcess } from '../support/peers/process';
import { talkToEcho } from '../support/peers/talk';
import { dissect, expertise, tsharkProblem } from '../support/peers/tshark';
import { authority } from '../support/pki';

const FINISHED = 20;
/** tshark 4.0 does not decrypt our default for pre-shared keys, ChaCha20-Poly1305, in DTLS. */
const ciphers = 'PSK-AES128-GCM-SHA256';

const root = authority();
const leaf = root.then((ca) => ca.issue());

interface Sides {
  server: ServerOptions;
  client: Partial<ConnectOptions>;
}

/** In another turn of the event loop, and not the next one. */
const later = <T>(value: T) => new Promise<T>((resolve) => setTimeout(resolve, 20, value));

const CASES = {
  'a pre-shared key': async (): Promise<Sides> => ({ server: { ciphers }, client: { ciphers } }),
  'a pskCallback that takes its time': async (): Promise<Sides> => ({
    server: { ciphers, pskCallback: () => later(KEY) },
    client: { ciphers, pskCallback: () => later({ identity: IDENTITY, psk: KEY }) },
  }),
  'a certificate': async (): Promise<Sides> => {
    const { chain: cert, key } = await leaf;
    return { server: { cert, key }, client: { ca: (await root).cert } };
  },
  'a certificate that verifyPeer thinks about': async (): Promise<Sides> => {
    const { chain: cert, key } = await leaf;
    return { server: { cert, key }, client: { ca: (await root).cert, verifyPeer: () => later(true) } };
  },
};
const cases = Object.keys(CASES) as Array<keyof typeof CASES>;

const MESSAGES = ['from our client\n', 'from our client\n'];

describePeer('tshark reads a capture as it is', tsharkProblem, () => {
  test.each(cases)('of a server with %s', async (kind) => {
    const { server: options, client: clientOptions } = await CASES[kind]();
    const file = scratchFile(`server-${cases.indexOf(kind)}.pcapng`);
    {
      await using capture = new PacketCapture(file);
      await using server = await serve({ ...options, capture });
      await using client = await connectTo(server.port, clientOptions);
      await talkToEcho(client);
    }
    await expectDecrypted(file, MESSAGES);
  });

  test.each(cases)('of a client with %s', async (kind) => {
    const { server: options, client: clientOptions } = await CASES[kind]();
    const file = scratchFile(`client-${cases.indexOf(kind)}.pcapng`);
    {
      await using capture = new PacketCapture(file);
      await using server = await serve(options);
      await using client = await connectTo(server.port, { ...clientOptions, capture });
      await talkToEcho(client);
    }
    await expectDecrypted(file, MESSAGES);
  });

  test.each(['server', 'client'] as const)('of a %s that resumes a session', async (role) => {
    const file = scratchFile(`resumed-${role}.pcapng`);
    {
      const { server: options, client: clientOptions } = await CASES['a certificate']();
      await using capture = new PacketCapture(file);
      await using server = await serve(role === 'server' ? { ...options, capture } : options);
      await using first = await connectTo(server.port, clientOptions);
      const recorded = role === 'client' ? { ...clientOptions, capture } : clientOptions;
      await using second = await connectTo(server.port, { ...recorded, session: first.getSession() });
      expect(second.isSessionReused()).toBe(true);
      await talkToEcho(second);
    }
    await expectDecrypted(file, MESSAGES);
  });

  test('of a server with several associations at one time', async () => {
    const file = scratchFile('several.pcapng');
    {
      await using capture = new PacketCapture(file);
      await using server = await serve({ ...(await CASES['a pskCallback that takes its time']()).server, capture });
      const { client: options } = await CASES['a pre-shared key']();
      const clients = await Promise.all(Array.from({ length: 5 }, () => connectTo(server.port, options)));
      for (const client of clients) await talkToEcho(client);
      await Promise.all(clients.map((client) => client.close()));
    }
    await expectDecrypted(file, Array(5).fill(MESSAGES).flat());
  });
});

async function expectDecrypted(file: string, messages: readonly string[]): Promise<void> {
  const { handshakeTypes, texts } = await dissect(file);
  expect(handshakeTypes).toContain(FINISHED);
  expect(texts).toEqual(messages);
  // Of a session that is resumed it takes note.
  expect(await expertise(file)).not.toMatch(/^(Errors|Warns) |Malformed/m);
}

const capinfosProblem = missing(programs('capinfos'), ['wireshark-common']);

describePeer('capinfos', capinfosProblem, () => {
  test('finds packets, secrets and who wrote them', async () => {
    const file = scratchFile('capinfos.pcapng');
    {
      await using capture = new PacketCapture(file);
      await using server = await serve({ capture });
      await using client = await connectTo(server.port);
      await talkToEcho(client);
    }
    await using capinfos = new PeerProcess('capinfos', [file]);
    expect(await capinfos.exited).toEqual({ code: 0, signal: null });
    for (const found of [
      /File type: +Wireshark\/\.\.\. - pcapng/,
      /File encapsulation: +Raw IP/,
      /File timestamp precision: +microseconds/,
      /Number of packets: +[1-9]\d*\n/,
      /Strict time order: +True/,
      /Capture application: dtls-association \d/,
      /Number of decryption secrets in file: 1\n/,
    ]) {
      expect(capinfos.output).toMatch(found);
    }
  });
});
