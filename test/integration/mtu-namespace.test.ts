// Real paths: packets that are too large for a link between two routers, which tell so (RFC 1191, RFC 8201), or do not.
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { afterEach, beforeAll, expect, test } from '@jest/globals';
import { NarrowPath, namespaceProblem, SERVER_ADDRESS } from '../support/narrow-path';
import { describePeer } from '../support/peers/debian';
import { type Authority, authority, type Certified } from '../support/pki';

const TEST_TIMEOUT_MS = 60_000;
const CHILDREN = path.join(__dirname, 'children');
/** What a message has less than its datagram with AES-GCM: the record's header, nonce and tag. */
const OVERHEAD = 13 + 8 + 16;

interface Report {
  /** Of the client's flights, and its messages. */
  mtu: number;
  maxPayload: number;
  /** The same of the server. */
  server: { mtu: number; maxPayload: number };
  refusal: { code: string; maxPayload: number };
  /** How many bytes of the first of the client's messages that came, and of the server's. */
  arrived: number;
  fromServer?: number;
}

let ca: Authority;
let ofServer: Certified;
let ofClient: Certified;

beforeAll(async () => {
  ca = await authority();
  const intermediate = await ca.intermediate({ keyType: 'rsa-2048' });
  [ofServer, ofClient] = await Promise.all([
    intermediate.issue({ keyType: 'rsa-2048', hosts: ['server'] }),
    intermediate.issue({ keyType: 'rsa-2048', purpose: 'client' }),
  ]);
});

const toEnd: Array<() => void> = [];

afterEach(() => {
  for (const end of toEnd.splice(0).reverse()) end();
});

function pathOf(mtu: number): NarrowPath {
  const made = new NarrowPath(mtu);
  toEnd.push(() => made.destroy());
  return made;
}

/** The first line that it writes; what it wrote to stderr is the error when there is none. */
async function firstLine(child: ChildProcessWithoutNullStreams): Promise<string> {
  toEnd.push(() => child.kill('SIGKILL'));
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  const ended = once(child, 'close').then(() => Promise.reject(new Error(errors)));
  const [line] = await Promise.race([once(child.stdout, 'data'), ended]);
  ended.catch(() => {});
  return String(line);
}

interface Trial {
  family: 4 | 6;
  /** Of both sides. */
  mtu?: number;
  udp?: 'native' | 'dgram';
  /** Commands that make the path narrow when the association is open. */
  narrowing?: string[];
  /** Of a message that is sent by itself before the one at the end. */
  earlierSize?: number;
  /** Of the message at the end; by default as large as it may be. */
  messageSize?: number;
}

/** What a client finds at the near end, and a server at the far end. */
async function connectOver(on: NarrowPath, { family, mtu = 1400, udp = 'native', ...task }: Trial): Promise<Report> {
  const common = { mtu, udp, ca: ca.cert, ciphers: 'ECDHE-RSA-AES128-GCM-SHA256' };
  const asking = { cert: ofServer.chain, key: ofServer.key, requestCert: true };
  const server = { ...common, ...asking, address: SERVER_ADDRESS[family] };
  await firstLine(on.run('server', path.join(CHILDREN, 'path-server.cjs'), server));
  const proving = { cert: ofClient.chain, key: ofClient.key, servername: 'server' };
  const client = { ...common, ...proving, ...task, host: SERVER_ADDRESS[family] };
  return JSON.parse(await firstLine(on.run('client', path.join(CHILDREN, 'path-client.cjs'), client)));
}

describePeer('a path that is narrow between two routers', namespaceProblem(), () => {
  test.each([
    [1280, 1232],
    [1400, 1352],
  ])(
    'of IPv6 with packets of %i bytes is known to both sides, whose flights and messages keep to it',
    async (mtu, size) => {
      const report = await connectOver(pathOf(mtu), { family: 6 });
      const maxPayload = size - OVERHEAD;
      expect(report).toEqual({
        mtu: size,
        maxPayload,
        server: { mtu: size, maxPayload },
        refusal: { code: 'ERR_DTLS_MESSAGE_SIZE', maxPayload },
        arrived: maxPayload,
      });
    },
    TEST_TIMEOUT_MS,
  );

  // Those of node:dgram know nothing of the path.
  test.each([
    ['native', 6, 1280],
    ['dgram', 6, 1280],
    ['dgram', 4, 1000],
  ] as const)(
    'of which no router tells lets handshakes pass in small datagrams: %s sockets, IPv%i, packets of %i bytes',
    async (udp, family, mtu) => {
      const silent = pathOf(mtu);
      silent.silence();
      const report = await connectOver(silent, { family, udp, messageSize: 500 });
      const maxPayload = 1400 - OVERHEAD;
      expect(report).toMatchObject({ mtu: 548, maxPayload, server: { mtu: 548, maxPayload }, arrived: 500 });
    },
    TEST_TIMEOUT_MS,
  );

  // What leaves as one UDP_SEGMENT message, as flights of several datagrams do, has no DF: routers cut it.
  test(
    'of which no router tells lets handshakes pass in fragments, and no large message: native sockets, IPv4',
    async () => {
      const silent = pathOf(1000);
      silent.silence();
      const report = await connectOver(silent, { family: 4, earlierSize: 1000, messageSize: 500 });
      const maxPayload = 1400 - OVERHEAD;
      expect(report).toMatchObject({ mtu: 1400, maxPayload, server: { mtu: 1400, maxPayload }, arrived: 500 });
    },
    TEST_TIMEOUT_MS,
  );

  test.each([4, 6] as const)(
    'of IPv%i with 1280 bytes, the least that IPv6 has, takes datagrams of the default mtu though no router tells',
    async (family) => {
      const silent = pathOf(1280);
      silent.silence();
      const report = await connectOver(silent, { family, mtu: 1200 });
      const maxPayload = 1200 - OVERHEAD;
      expect(report).toMatchObject({
        mtu: 1200,
        maxPayload,
        server: { mtu: 1200, maxPayload },
        arrived: maxPayload,
      });
    },
    TEST_TIMEOUT_MS,
  );

  test.each([
    [4, 1000, 972],
    [6, 1280, 1232],
  ] as const)(
    'that becomes so for an open association of IPv%i, to %i bytes, makes maxPayload follow; a server sends fragments',
    async (family, mtu, size) => {
      const wide = pathOf(1500);
      const narrowing = [wide.narrowing('near', mtu), wide.narrowing('far', mtu)];
      const report = await connectOver(wide, { family, narrowing });
      expect(report).toMatchObject({
        mtu: 1400,
        maxPayload: size - OVERHEAD,
        fromServer: 1400 - OVERHEAD,
        refusal: { maxPayload: size - OVERHEAD },
        arrived: size - OVERHEAD,
      });
    },
    TEST_TIMEOUT_MS,
  );
});
