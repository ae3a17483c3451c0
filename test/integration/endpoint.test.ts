import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { type ConnectOptions, DtlsAssociation } from '../../lib';
import { reported, runScript } from '../support/child';
import { rejected } from '../support/errors';
import { ask, echoServer, open, sharedEndpoint } from '../support/loopback';
import { closeLater, patient, psk, quick } from '../support/pair';
import { both, hasIpv6, lookupOf, refusingPort, secondAddress, udpSocket } from '../support/udp';

const native = process.platform === 'linux';
if (!native) console.log('The tests of ICMP messages are skipped: there are no native sockets here.');
if (!hasIpv6) console.log('The tests over IPv6 are skipped: this machine has no ::1.');

function start(port: number, options: Partial<ConnectOptions>): DtlsAssociation {
  return closeLater(new DtlsAssociation({ host: '127.0.0.1', port, psk, ...options })).startHandshake();
}

describe.each(native ? (['native', 'dgram'] as const) : (['dgram'] as const))('one endpoint, udp: "%s"', (udp) => {
  test('serves associations with many servers at once, from one port', async () => {
    const endpoint = await sharedEndpoint({ udp });
    const servers = await Promise.all(Array.from({ length: 10 }, () => echoServer()));
    const associations = await Promise.all(servers.map(({ port }) => open(port, { endpoint })));
    for (const round of ['first', 'second']) {
      const texts = associations.map((_, i) => `${round} message to server ${i}`);
      expect(await Promise.all(associations.map((association, i) => ask(association, texts[i] as string)))).toEqual(
        texts,
      );
    }
    const peers = servers.flatMap(({ server }) => [...server.associations].map(({ remote }) => remote));
    expect(peers).toEqual(servers.map(() => endpoint.address()));
  });

  test('refuses a second association with a server, in words that help, and leaves the first alone', async () => {
    const endpoint = await sharedEndpoint({ udp });
    const { port } = await echoServer();
    const first = await open(port, { endpoint });
    const error = await rejected(open(port, { endpoint }));
    expect(error).toMatchObject({ code: 'ERR_DTLS_SOCKET', peer: { port }, cause: { code: 'EISCONN' } });
    expect(error.message).toContain(
      `the endpoint has an association with 127.0.0.1:${port} already; close it, or use another endpoint`,
    );
    expect(await ask(first, 'still here')).toBe('still here');
  });

  test('may have another association with a server after the first is closed, and no hello of it is lost', async () => {
    const endpoint = await sharedEndpoint({ udp });
    const { server, port } = await echoServer();
    for (let i = 0; i < 3; i++) {
      // The close_notify and the hello that follows arrive together.
      const association = await open(port, { endpoint, ...patient });
      expect(await ask(association, `${i}`)).toBe(`${i}`);
      await association.close();
    }
    expect(server.stats.handshakesCompleted).toBe(3);
  });

  test('is not closed with its associations, which tell their peers', async () => {
    const endpoint = await sharedEndpoint({ udp });
    const servers = [await echoServer(), await echoServer()] as const;
    const [one, other] = [await open(servers[0].port, { endpoint }), await open(servers[1].port, { endpoint })];
    await ask(one, 'are you there?');
    const [peer] = servers[0].server.associations;
    await one.close();
    expect(await peer?.closed).toEqual({ reason: 'peer' });
    expect(await ask(other, 'still here')).toBe('still here');
  });

  test('that is closed ends its associations, and is refused for new ones', async () => {
    const endpoint = await sharedEndpoint({ udp });
    const servers = [await echoServer(), await echoServer()] as const;
    const association = await open(servers[0].port, { endpoint });
    const [{ error }] = await Promise.all([association.closed, endpoint.close(), endpoint.close()]);
    expect(error).toMatchObject({ code: 'ERR_DTLS_SOCKET' });
    expect(error?.message).toContain('its endpoint was closed');
    expect(await rejected(open(servers[1].port, { endpoint }))).toMatchObject({ code: 'ERR_DTLS_SOCKET' });
    await endpoint.close();
  });

  test('does not disturb its associations when one of them finds nobody', async () => {
    const endpoint = await sharedEndpoint({ udp });
    const { port } = await echoServer();
    const association = await open(port, { endpoint });
    const refusing = await refusingPort();
    const failed = start(refusing, { endpoint, ...quick, handshakeTimeout: 100 });
    expect(await rejected(failed.opened)).toMatchObject({ peer: { port: refusing } });
    expect(await ask(association, 'still here')).toBe('still here');
    expect(association.stats.transportErrors).toBe(0);
  });

  test('ignores strangers', async () => {
    const endpoint = await sharedEndpoint({ udp });
    const { port } = await echoServer();
    const association = await open(port, { endpoint });
    const stranger = await udpSocket();
    const { datagramsReceived } = association.stats;
    for (const bytes of [Buffer.alloc(0), Buffer.from('garbage'), Buffer.alloc(60, 0x17)]) {
      await new Promise((resolve) => stranger.send(bytes, endpoint.address().port, '127.0.0.1', resolve));
    }
    expect(await ask(association, 'still here')).toBe('still here');
    expect(association.stats.datagramsReceived).toBe(datagramsReceived + 1);
  });

  test('bound to an IPv4 address leads a host to the address that it can reach', async () => {
    const endpoint = await sharedEndpoint({ udp });
    const { port } = await echoServer();
    const association = start(port, { endpoint, host: 'dtls.example', lookup: lookupOf('::1', '127.0.0.1') });
    expect(await ask(await association.opened, 'hello')).toBe('hello');
    const error = await rejected(open(port, { endpoint, host: '::1' }));
    expect(error).toMatchObject({ code: 'ERR_DTLS_SOCKET', cause: { code: 'EAFNOSUPPORT' } });
    expect(error.message).toContain('an IPv4 socket cannot reach ::1');
  });

  (hasIpv6 ? describe : describe.skip)('of both families', () => {
    test('reaches servers of both, under the names that they were given', async () => {
      const endpoint = await sharedEndpoint({ udp, localAddress: '::' });
      const [four, six] = [await echoServer(), await echoServer({}, { address: '::1' })];
      const associations = [
        await open(four.port, { endpoint }),
        await open(six.port, { endpoint, host: '::1' }),
      ] as const;
      expect(await Promise.all(associations.map((each, i) => ask(each, `${i}`)))).toEqual(['0', '1']);
      expect(associations.map(({ remote }) => remote)).toEqual([
        { address: '127.0.0.1', port: four.port, family: 'IPv4' },
        { address: '::1', port: six.port, family: 'IPv6' },
      ]);
    });

    test('reaches an IPv6 server by any spelling of its address, and takes it for the same', async () => {
      const endpoint = await sharedEndpoint({ udp, localAddress: '::' });
      const { port } = await echoServer({}, { address: '::1' });
      const association = await open(port, { endpoint, host: '0:0:0:0:0:0:0:1' });
      expect(await ask(association, 'hello')).toBe('hello');
      expect(await rejected(open(port, { endpoint, host: '0::1' }))).toMatchObject({ cause: { code: 'EISCONN' } });
    });
  });
});

(native ? describe : describe.skip)('an ICMP message on a shared endpoint', () => {
  test.each<[localAddress: string, host: string]>([
    ['127.0.0.1', '127.0.0.1'],
    ...(hasIpv6
      ? (
          [
            ['::', '127.0.0.1'],
            ['::', '::1'],
          ] as const
        ).map(([...each]): [string, string] => each)
      : []),
  ])('is told to the association that it concerns, at once: from %s to %s', async (localAddress, host) => {
    const endpoint = await sharedEndpoint({ localAddress });
    const servers = await Promise.all([1, 2, 3].map(() => echoServer({}, { address: host })));
    const associations = await Promise.all(servers.map(({ port }) => open(port, { endpoint, host })));
    const port = await refusingPort(host);
    const error = await rejected(start(port, { endpoint, host }).opened);
    expect(error).toMatchObject({
      code: 'ERR_DTLS_REFUSED',
      peer: { address: host, port },
      cause: { code: 'ECONNREFUSED' },
      handshake: { flightsSent: 1, retransmits: 0 },
    });
    const texts = ['a', 'b', 'c'];
    expect(await Promise.all(associations.map((each, i) => ask(each, texts[i] as string)))).toEqual(texts);
    expect(associations.map(({ stats }) => stats.transportErrors)).toEqual([0, 0, 0]);
  });

  test('is told to each of several that are refused at once', async () => {
    const endpoint = await sharedEndpoint();
    const ports = await Promise.all(Array.from({ length: 5 }, () => refusingPort()));
    const errors = await Promise.all(ports.map((port) => rejected(start(port, { endpoint }).opened)));
    expect(errors.map(({ code, peer }) => [code, peer?.port])).toEqual(ports.map((port) => ['ERR_DTLS_REFUSED', port]));
  });

  test('leads a host with two addresses to the second', async () => {
    const endpoint = await sharedEndpoint();
    const port = await refusingPort();
    await echoServer({}, { address: secondAddress, port });
    const association = await open(port, { endpoint, ...both, ...patient });
    expect(await ask(association, 'hello')).toBe('hello');
    expect(association.remote.address).toBe(secondAddress);
  });

  test('is noise to an association that is open', async () => {
    const endpoint = await sharedEndpoint();
    const { port } = await echoServer();
    const back = await udpSocket();
    const front = await udpSocket();
    front.on('message', (bytes) => back.send(bytes, port, '127.0.0.1'));
    back.on('message', (bytes) => front.send(bytes, endpoint.address().port, '127.0.0.1'));
    const association = await open(front.address().port, { endpoint });
    front.connect(9, '127.0.0.1');
    await once(front, 'connect');
    const warned = once(association, 'warningMessage');
    association.send('are you there?');
    await warned;
    expect(association.state).toBe('open');
    expect(association.stats.transportErrors).toBe(1);
  });
});

describe('a process', () => {
  test('goes on as long as an endpoint is open, though its associations are not referenced', async () => {
    const outcome = await runScript(`
      const server = await echo();
      const endpoint = await createEndpoint({ localAddress: '127.0.0.1' });
      const association = await open(server, { endpoint });
      server.unref();
      association.unref();
      setTimeout(async () => {
        report('alive');
        await association.close();
        await endpoint.close();
      }, 50).unref();`);
    expect(reported(outcome)).toEqual(['alive']);
    expect(outcome.code).toBe(0);
  });

  test('ends with an endpoint that is not referenced', async () => {
    const outcome = await runScript(`
      const server = await echo();
      const endpoint = (await createEndpoint({ localAddress: '127.0.0.1' })).unref();
      const association = await open(server, { endpoint });
      server.unref();
      report(association.state);`);
    expect(reported(outcome)).toEqual(['open']);
    expect(outcome.code).toBe(0);
  });
});
