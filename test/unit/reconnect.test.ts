import { once } from 'node:events';
import { describe, expect, jest, test } from '@jest/globals';
import type { ConnectOptions, DtlsAssociation } from '../../lib';
import { fakeClock } from '../support/clock';
import { rejected } from '../support/errors';
import { deliverAll, Link } from '../support/link';
import { endpointClient } from '../support/link-endpoint';
import { messages, patient, psk, serve, talk } from '../support/pair';
import { comeBack, FIRST_DELAY_MS, failAttempt, lastDelay, lose, loseAll, openComing } from '../support/reconnect';

/** The default maxDelay: whoever was open so long begins to count anew. */
const STABLE_MS = 60_000;

fakeClock();

describe('a client that is lost and may come back', () => {
  test('waits for about a second, and is the same object, open again with the same session', async () => {
    const all = await openComing();
    const { client, told, link } = all;
    const { opened } = client;
    expect(client.isSessionReused()).toBe(false);
    await lose(all);
    expect(client.state).toBe('reconnecting');
    expect(told).toEqual([{ reason: 'peer' }, { attempt: 1, delayMs: expect.any(Number) }]);
    expect(Math.abs(lastDelay(all) - 1000)).toBeLessThanOrEqual(250);
    const sent = link.toServer.sent.length;
    jest.advanceTimersByTime(lastDelay(all) - 1);
    await link.quiet();
    expect(link.toServer.sent.length).toBe(sent);
    const peer = await comeBack(all);
    expect(client.state).toBe('open');
    expect(client.isSessionReused()).toBe(true);
    expect(peer.isSessionReused()).toBe(true);
    expect(client.stats.reconnects).toBe(1);
    expect(client.opened).toBe(opened);
    await talk(client, peer);
    expect(told).toHaveLength(2);
  });

  test('goes over reconnecting, connecting and handshaking', async () => {
    const all = await openComing();
    const states: string[] = [];
    const note = (): void => {
      states.push(all.client.state);
    };
    all.client.on('disconnect', note).on('reconnecting', note).on('lookup', note).on('secureConnect', note);
    await lose(all);
    const back = once(all.client, 'secureConnect');
    jest.advanceTimersByTime(FIRST_DELAY_MS);
    await new Promise(setImmediate);
    note();
    await back;
    expect(states).toEqual(['reconnecting', 'reconnecting', 'connecting', 'handshaking', 'open']);
  });

  test('tells of its new session as of the first: secureConnect, session, and what the getters say', async () => {
    const all = await openComing();
    const { client } = all;
    const { handshake } = client;
    const events: string[] = [];
    client.on('secureConnect', () => events.push('secureConnect'));
    client.on('session', (session) => events.push(`session ${session.equals(client.getSession() as Buffer)}`));
    const finished = client.getFinished();
    await lose(all);
    expect(client.getFinished()).toBeUndefined();
    await comeBack(all);
    expect(events).toEqual(['secureConnect', 'session true']);
    expect(client.handshake).not.toBe(handshake);
    expect(client.getFinished()).not.toEqual(finished);
    expect(client.remote).toEqual({ address: '192.0.2.1', port: 22334, family: 'IPv4' });
  });

  test('comes back again and again, each time at the first attempt', async () => {
    const all = await openComing();
    const { told, client } = all;
    let { peer } = all;
    for (let i = 0; i < 3; i++) {
      jest.advanceTimersByTime(STABLE_MS);
      await lose({ client, peer });
      peer = await comeBack(all);
      expect(client.isSessionReused()).toBe(true);
    }
    expect(client.stats.reconnects).toBe(3);
    expect(told.filter((info) => 'attempt' in (info as object))).toEqual(
      Array(3).fill({ attempt: 1, delayMs: expect.any(Number) }),
    );
    await talk(client, peer);
  });

  test('does so by reconnect: true as well', async () => {
    const link = new Link();
    const server = await serve(link);
    const { client } = endpointClient(link, { reconnect: true });
    const [[peer]] = await Promise.all([once(server, 'secureConnection'), client.startHandshake().opened]);
    await lose({ client, peer });
    await comeBack({ server, client });
    expect(client.state).toBe('open');
  });

  test('resolves its host anew for each attempt', async () => {
    const hosts: string[] = [];
    const all = await openComing({
      client: {
        host: 'dtls.example',
        lookup: (hostname, _options, callback) => {
          hosts.push(hostname);
          callback(null, [{ address: `192.0.2.${hosts.length}`, family: 4 }]);
        },
      },
    });
    const { client, link } = all;
    await lose(all);
    await comeBack(all);
    await link.quiet();
    expect(hosts).toEqual(['dtls.example', 'dtls.example']);
    expect(client.remote.address).toBe('192.0.2.2');
  });

  test('leaves nothing behind of what it had', async () => {
    const all = await openComing();
    await lose(all);
    expect(all.endpoint.size).toBe(0);
    await comeBack(all);
    expect(all.endpoint.size).toBe(1);
    expect(all.endpoint.transports).toHaveLength(2);
  });
});

describe('lost is a client', () => {
  test('whose transport fails', async () => {
    const all = await openComing();
    const cause = new Error('the cable is out');
    all.endpoint.fail(cause);
    expect(all.told[0]).toEqual({
      reason: 'error',
      error: expect.objectContaining({ code: 'ERR_DTLS_SOCKET', cause }),
    });
    await comeBack(all);
  });

  test('whose peer is dead; it keeps alive again when it is back', async () => {
    const all = await openComing({ client: { keepAlive: { interval: 1000, message: 'ping', maxUnanswered: 1 } } });
    const { client, link, told } = all;
    link.toServer.rule = loseAll;
    jest.advanceTimersByTime(2000);
    expect(told[0]).toMatchObject({ reason: 'error', error: { code: 'ERR_DTLS_PEER_DEAD' } });
    const { keepAlivesSent } = client.stats;
    expect(jest.getTimerCount()).toBe(1);
    link.toServer.rule = deliverAll;
    const peer = await comeBack(all);
    expect(client.stats.keepAlivesSent).toBe(keepAlivesSent);
    const asked = messages(peer, 1);
    jest.advanceTimersByTime(1000);
    expect(await asked).toEqual(['ping']);
  });

  test('not by ICMP messages, which anybody can forge', async () => {
    const { client, endpoint, told } = await openComing();
    endpoint.fail(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }), false);
    expect(client.state).toBe('open');
    expect(told).toEqual([]);
  });

  test.each<[string, (client: DtlsAssociation, controller: AbortController) => unknown, string]>([
    ['close()', (client) => client.close(), 'local'],
    ['destroy()', (client) => client.destroy(), 'local'],
    ['destroy(error)', (client) => client.destroy(new Error('enough')), 'error'],
    ['its signal', (_, controller) => controller.abort(), 'error'],
  ])('not by %s', async (_, end, reason) => {
    const controller = new AbortController();
    const { client, server, told } = await openComing({ client: { signal: controller.signal } });
    client.on('error', () => {});
    end(client, controller);
    expect(await client.closed).toMatchObject({ reason });
    await server.close();
    expect(told).toEqual([`closed: ${reason}`]);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('not when its endpoint is closed, which does not open again', async () => {
    const { client, endpoint, told } = await openComing();
    client.on('error', () => {});
    await endpoint.close();
    expect(await client.closed).toMatchObject({ reason: 'error', error: { code: 'ERR_DTLS_SOCKET' } });
    expect(told).toEqual(['closed: error']);
  });

  test('for good when its endpoint is closed while it waits', async () => {
    const all = await openComing();
    all.client.on('error', () => {});
    await lose(all);
    await all.endpoint.close();
    jest.advanceTimersByTime(FIRST_DELAY_MS);
    expect(await all.client.closed).toMatchObject({ reason: 'error', error: { code: 'ERR_DTLS_SOCKET' } });
    expect(all.told.slice(2)).toEqual(['closed: error']);
  });
});

test('without the option the same loss is the end', async () => {
  const { client, peer, told } = await openComing({ reconnect: false });
  await peer.close();
  expect(await client.closed).toEqual({ reason: 'peer' });
  expect(told).toEqual(['closed: peer']);
});

test('a first handshake that fails is the end as ever', async () => {
  const link = new Link();
  const { client } = endpointClient(link, { reconnect: true, handshakeTimeout: 1000 });
  const told: string[] = [];
  client.on('disconnect', () => told.push('disconnect')).on('reconnecting', () => told.push('reconnecting'));
  client.startHandshake();
  await link.quiet();
  jest.advanceTimersByTime(1000);
  const error = await rejected(client.opened);
  expect(error.code).toBe('ERR_DTLS_HANDSHAKE_TIMEOUT');
  expect(await client.closed).toEqual({ reason: 'error', error });
  expect(told).toEqual([]);
  expect(jest.getTimerCount()).toBe(0);
});

describe('attempts', () => {
  test('that fail are followed by others after delays that double up to maxDelay', async () => {
    const all = await openComing({ reconnect: { initialDelay: 100, maxDelay: 1000 } });
    await lose(all);
    all.link.toServer.rule = loseAll;
    const delays: number[] = [];
    for (let attempt = 1; attempt <= 6; attempt++) {
      expect(all.told.at(-1)).toMatchObject({ attempt });
      delays.push(lastDelay(all));
      await failAttempt(all, lastDelay(all));
      expect(all.client.state).toBe('reconnecting');
    }
    for (const [i, expected] of [100, 200, 400, 800, 1000, 1000].entries()) {
      expect(Math.abs((delays[i] as number) / expected - 1)).toBeLessThanOrEqual(0.25);
    }
    expect(all.told.filter((info) => 'reason' in (info as object))).toEqual([{ reason: 'peer' }]);
    all.link.toServer.rule = deliverAll;
    await comeBack(all);
    expect(all.client.stats.reconnects).toBe(1);
  });

  test('end with maxAttempts: the association is closed with the error of the last', async () => {
    const all = await openComing({ reconnect: { initialDelay: 100, maxAttempts: 2 } });
    const { client, told, link, server } = all;
    const errors: Error[] = [];
    client.on('error', (error) => errors.push(error));
    await lose(all);
    link.toServer.rule = loseAll;
    await failAttempt(all, lastDelay(all));
    await failAttempt(all, lastDelay(all));
    const { reason, error } = await client.closed;
    expect(reason).toBe('error');
    expect(error).toMatchObject({ code: 'ERR_DTLS_HANDSHAKE_TIMEOUT' });
    expect(errors).toEqual([error]);
    expect(told.at(-1)).toBe('closed: error');
    expect(await client.opened).toBe(client);
    await server.close();
    expect(jest.getTimerCount()).toBe(0);
  });

  test('are counted anew when the association was open for maxDelay', async () => {
    const all = await openComing({ reconnect: { initialDelay: 100, maxAttempts: 2 } });
    await lose(all);
    all.link.toServer.rule = loseAll;
    await failAttempt(all, lastDelay(all));
    all.link.toServer.rule = deliverAll;
    const peer = await comeBack(all);
    jest.advanceTimersByTime(STABLE_MS);
    await lose({ client: all.client, peer });
    expect(all.told.at(-1)).toMatchObject({ attempt: 1 });
    await comeBack(all);
  });

  test('go on when it was lost again before: a server that drops everybody at once is left alone after a while', async () => {
    const all = await openComing({ reconnect: { initialDelay: 100, maxAttempts: 2 } });
    let { peer } = all;
    for (const attempt of [1, 2]) {
      await lose({ client: all.client, peer });
      expect(all.told.at(-1)).toMatchObject({ attempt });
      peer = await comeBack(all);
    }
    await peer.close();
    expect(await all.client.closed).toEqual({ reason: 'peer' });
  });

  test('fail by a host that is not found, too', async () => {
    let isKnown = true;
    const all = await openComing({
      client: {
        host: 'dtls.example',
        lookup: (_hostname, _options, callback) => {
          if (isKnown) callback(null, [{ address: '192.0.2.1', family: 4 }]);
          else callback(new Error('the resolver is down'), []);
        },
      },
    });
    await lose(all);
    isKnown = false;
    jest.advanceTimersByTime(FIRST_DELAY_MS);
    await all.link.quiet();
    expect(all.told.at(-1)).toMatchObject({ attempt: 2 });
    isKnown = true;
    jest.advanceTimersByTime(FIRST_DELAY_MS);
    await comeBack(all);
  });
});

test('pings stop with the loss and begin again, counted from 0', async () => {
  const all = await openComing({ client: { ping: 100, name: 'Alice' } });
  await lose(all);
  const { messagesSent } = all.client.stats;
  jest.advanceTimersByTime(500);
  expect(all.client.stats.messagesSent).toBe(messagesSent);
  const peer = await comeBack(all);
  expect(await messages(peer, 1)).toEqual(['I am Alice, please, accept our ping 0']);
});

test('a server does not come back: its association ends with its peer', async () => {
  const { client, peer } = await openComing();
  await client.close();
  expect(await peer.closed).toEqual({ reason: 'peer' });
});

test('credentials that a callback gives are asked for again when the session cannot be resumed', async () => {
  const asked: string[] = [];
  const pskCallback: ConnectOptions['pskCallback'] = async (hint) => {
    asked.push(hint);
    return { identity: psk.identity, psk: psk.key };
  };
  const all = await openComing({ client: { psk: undefined, pskCallback } as Partial<ConnectOptions>, server: patient });
  await lose(all);
  all.server.setTicketKeys(Buffer.alloc(48, 9));
  await comeBack(all);
  expect(asked).toEqual(['', '']);
});
