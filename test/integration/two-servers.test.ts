import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { type ConnectOptions, DtlsAssociation, type ServerOptions } from '../../lib';
import { ask, open } from '../support/loopback';
import { closeLater, psk } from '../support/pair';
import { Relay } from '../support/peers/relay';
import { authority } from '../support/pki';
import { ServerProcess } from '../support/server-process';

interface Server {
  server: ServerProcess;
  port: number;
}

interface Keys {
  ticketKeys: Buffer;
  cookieSecret: Buffer;
}

const someKeys = (): Keys => ({ ticketKeys: randomBytes(48), cookieSecret: randomBytes(32) });

/** Two processes, as behind a UDP balancer. */
function twoServers(ofA: Partial<ServerOptions>, ofB: Partial<ServerOptions> = ofA): Promise<[Server, Server]> {
  return Promise.all([ServerProcess.start(ofA), ServerProcess.start(ofB)]);
}

/** A device and its way through the balancer, on which it has one address for both servers. */
class Device {
  readonly #relay: Relay;
  readonly #options: Partial<ConnectOptions>;
  #session: Buffer | undefined;

  private constructor(relay: Relay, options: Partial<ConnectOptions>) {
    this.#relay = relay;
    this.#options = options;
  }

  static async at({ port }: Server, options: Partial<ConnectOptions> = {}): Promise<Device> {
    const relay = await Relay.open(port);
    closeLater({ close: () => relay[Symbol.asyncDispose]() });
    return new Device(relay, options);
  }

  moveTo({ port }: Server): void {
    this.#relay.moveTo(port);
  }

  /** Connects, talks and leaves; whether it resumed the session of its last visit. */
  async visit(): Promise<boolean> {
    const association = await open(this.#relay.port, { ...this.#options, session: this.#session });
    const isResumed = association.isSessionReused();
    expect(await ask(association, 'hello')).toBe('hello');
    this.#session = association.getSession();
    await association.close();
    return isResumed;
  }

  /** Visits one server after the other. */
  async visitEach(...servers: Server[]): Promise<boolean[]> {
    const visits: boolean[] = [];
    for (const server of servers) {
      this.moveTo(server);
      visits.push(await this.visit());
    }
    return visits;
  }
}

/** Whether a device that got its cookie from one server is let in with it by the other. */
async function isLetIn(from: Server, to: Server): Promise<boolean> {
  await using relay = await Relay.open(from.port);
  const association = closeLater(new DtlsAssociation({ host: '127.0.0.1', port: relay.port, psk }));
  association.startHandshake();
  await relay.carries('HelloVerifyRequest', 1);
  relay.moveTo(to.port);
  const isOpen = await Promise.race([
    association.opened.then(() => true),
    // The client makes nothing of a second one: it has OpenSSL's message number 0 again.
    relay.carries('HelloVerifyRequest', 2).then(() => false),
  ]);
  await association.close();
  return isOpen;
}

/** How to replace a key that two servers share: it is read everywhere before it is used anywhere. */
const rotation = (current: Buffer, next: Buffer): Buffer[][] => [[current, next], [next, current], [next]];

describe('two server processes with the same ticket keys', () => {
  const root = authority();

  test.each([
    ['a pre-shared key', async () => ({ client: {}, server: {} })],
    [
      'a certificate',
      async () => {
        const ca = await root;
        const { cert, key } = await ca.issue();
        const client = { psk: undefined, ca: ca.cert, servername: 'localhost' };
        return { client, server: { psk: undefined, cert, key } };
      },
    ],
  ])("resume each other's sessions that were made with %s", async (_, credentials) => {
    const { client, server } = await credentials();
    const [a, b] = await twoServers({ ...someKeys(), ...server });
    const device = await Device.at(a, client);
    expect(await device.visitEach(a, b, a)).toEqual([false, true, true]);
    expect(await a.server.stats()).toMatchObject({ handshakesCompleted: 2, handshakesResumed: 1 });
    expect(await b.server.stats()).toMatchObject({ handshakesCompleted: 1, handshakesResumed: 1 });
  });

  test('are needed for it: with other keys the handshake is a full one', async () => {
    const keys = someKeys();
    const [a, b] = await twoServers(keys, { ...keys, ticketKeys: randomBytes(48) });
    const device = await Device.at(a);
    expect(await device.visitEach(a, b)).toEqual([false, false]);
    expect(await b.server.stats()).toMatchObject({ handshakesCompleted: 1, handshakesResumed: 0 });
  });

  test('resume every session while these are rotated and devices come and go', async () => {
    const [keys, next] = [someKeys(), randomBytes(48)];
    const [a, b] = await twoServers(keys);
    const devices = await Promise.all(Array.from({ length: 8 }, () => Device.at(a)));
    const absent = await Device.at(a);
    const visit = async () => (await Promise.all(devices.map((device) => device.visitEach(a, b)))).flat();
    await Promise.all([visit(), absent.visit()]);
    for (const ticketKeys of rotation(keys.ticketKeys, next)) {
      const rotated = Promise.all([a, b].map(({ server }) => server.setTicketKeys(ticketKeys)));
      const visits = await visit();
      await rotated;
      expect([...visits, ...(await visit())]).not.toContain(false);
    }
    expect(await absent.visit()).toBe(false);
  });
});

describe('two server processes with the same cookie secret', () => {
  test("let a device in with the other's cookie", async () => {
    const [a, b] = await twoServers(someKeys());
    expect(await isLetIn(a, b)).toBe(true);
    expect(await a.server.stats()).toMatchObject({ cookiesSent: 1, handshakesStarted: 0 });
    expect(await b.server.stats()).toMatchObject({ cookiesSent: 0, handshakesCompleted: 1 });
  });

  test('are needed for it: with another secret the cookie is not worth anything', async () => {
    const keys = someKeys();
    const [a, b] = await twoServers(keys, { ...keys, cookieSecret: randomBytes(32) });
    expect(await isLetIn(a, b)).toBe(false);
    expect(await b.server.stats()).toMatchObject({ cookiesSent: 1, handshakesStarted: 0 });
  });

  test('let every device in while it is rotated', async () => {
    const [keys, next] = [someKeys(), randomBytes(32)];
    const [a, b] = await twoServers(keys);
    const bothWays = () => Promise.all([isLetIn(a, b), isLetIn(b, a)]);
    for (const secrets of rotation(keys.cookieSecret, next)) {
      // In the middle of each step one server has the new secrets, the other still the old ones.
      for (const { server } of [a, b]) {
        await server.setCookieSecret(secrets);
        expect(await bothWays()).toEqual([true, true]);
      }
    }
    await a.server.setCookieSecret(keys.cookieSecret);
    expect(await bothWays()).toEqual([false, false]);
  });
});
