import { once } from 'node:events';
import { describe, expect, jest, test } from '@jest/globals';
import { DtlsError } from '../../lib';
import { Reconnector } from '../../lib/association/reconnector';
import type { HandshakeInfo } from '../../lib/handshake/info';
import { parseRecords } from '../../lib/handshake/wire';
import { fakeClock } from '../support/clock';
import { deliverAll } from '../support/link';
import { endpointClient } from '../support/link-endpoint';
import { talk } from '../support/pair';
import { comeBack, FIRST_DELAY_MS, failAttempt, lastDelay, lose, loseAll, openComing } from '../support/reconnect';

fakeClock();

const config = { initialDelayMs: 1, maxDelayMs: 1, maxAttempts: 2, queue: 0 };

test('an attempt waits until the former one has released what it had', async () => {
  let release = (): void => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const onDue = jest.fn();
  new Reconnector(config, new Uint8Array(), onDue).wait(1, released, true);
  jest.advanceTimersByTime(1);
  await new Promise(setImmediate);
  expect(onDue).not.toHaveBeenCalled();
  release();
  await new Promise(setImmediate);
  expect(onDue).toHaveBeenCalledTimes(1);
});

describe('the session that is offered', () => {
  const info = (cipher?: string) => ({ handshake: { datagramsReceived: 2, cipher } as HandshakeInfo });
  const session = Buffer.from('session');

  test.each<[string, Error | undefined, boolean]>([
    ['close_notify', undefined, true],
    ['a dead peer', new DtlsError('ERR_DTLS_PEER_DEAD', ''), true],
    ['a transport that failed', new DtlsError('ERR_DTLS_SOCKET', ''), true],
    ['forged records', new DtlsError('ERR_DTLS_FORGED', ''), true],
    ['an attempt that got noise', new DtlsError('ERR_DTLS_HANDSHAKE_TIMEOUT', '', info()), true],
    ['one that got a ServerHello', new DtlsError('ERR_DTLS_HANDSHAKE_TIMEOUT', '', info('PSK-AES128-CCM')), false],
    ['a fatal alert', new DtlsError('ERR_DTLS_ALERT', '', { alert: 'internal_error' }), false],
  ])('after %s', (_, error, isOffered) => {
    const reconnector = new Reconnector(config, new Uint8Array(), () => {});
    reconnector.succeeded(session, Number.POSITIVE_INFINITY);
    reconnector.next(error);
    expect(reconnector.session.length).toBe(isOffered ? session.length : 0);
  });

  test('is none when it has expired', () => {
    const reconnector = new Reconnector(config, new Uint8Array(), () => {});
    reconnector.succeeded(session, Date.now() + 1000);
    expect(reconnector.session).toEqual(session);
    reconnector.succeeded(session, Date.now());
    expect(reconnector.session).toHaveLength(0);
  });

  test('is still that of the last time when the server was away for several attempts', async () => {
    const all = await openComing();
    await lose(all);
    all.link.toServer.rule = loseAll;
    await failAttempt(all, lastDelay(all));
    await failAttempt(all, lastDelay(all));
    all.link.toServer.rule = deliverAll;
    jest.advanceTimersByTime(10_000);
    await comeBack(all);
    expect(all.client.isSessionReused()).toBe(true);
  });

  test('is given up when the server answers and the handshake fails all the same', async () => {
    const all = await openComing();
    const { client, link, server } = all;
    await lose(all);
    // Its ServerHello comes, its Finished never does.
    link.toClient.rule = (datagram) => {
      const copy = Buffer.from(datagram);
      if (parseRecords(copy).at(-1)?.epoch === 1) copy[copy.length - 1] = (copy.at(-1) as number) ^ 1;
      return [copy];
    };
    await failAttempt(all, lastDelay(all));
    link.toClient.rule = deliverAll;
    const [[peer]] = await Promise.all([
      once(server, 'secureConnection'),
      once(client, 'secureConnect'),
      jest.advanceTimersByTime(2 * FIRST_DELAY_MS),
    ]);
    expect(client.isSessionReused()).toBe(false);
    await talk(client, peer);
  });

  test('is not that of the option `session` again', async () => {
    const first = await openComing({ reconnect: false });
    const session = first.client.getSession() as Buffer;
    const { client } = endpointClient(first.link, { reconnect: true, session });
    const [[peer]] = await Promise.all([once(first.server, 'secureConnection'), client.startHandshake().opened]);
    expect(client.isSessionReused()).toBe(true);
    first.server.setTicketKeys(Buffer.alloc(48, 7));
    await lose({ client, peer });
    const second = await comeBack({ server: first.server, client });
    expect(client.isSessionReused()).toBe(false);
    // Long enough to begin with the first delay again.
    jest.advanceTimersByTime(60_000);
    await lose({ client, peer: second });
    await comeBack({ server: first.server, client });
    expect(client.isSessionReused()).toBe(true);
  });
});
