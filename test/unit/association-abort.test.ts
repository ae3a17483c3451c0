import { describe, expect, test } from '@jest/globals';
import { connect } from '../../lib';
import { rejected } from '../support/errors';
import { Link } from '../support/link';
import { client, openPair, psk, serve } from '../support/pair';

const why = new Error('the user left');

describe('an AbortSignal', () => {
  test('that is aborted already: nothing is sent', async () => {
    const link = new Link();
    const association = client(link, { signal: AbortSignal.abort(why) }).startHandshake();
    const error = await rejected(association.opened);
    expect(error).toMatchObject({ code: 'ABORT_ERR', name: 'AbortError', cause: why });
    expect(await association.closed).toEqual({ reason: 'error', error });
    await link.quiet();
    expect(link.toServer.sent).toEqual([]);
  });

  test('rejects connect() as any aborted call', async () => {
    const transport = new Link().client();
    const error = await rejected(connect({ transport, psk, signal: AbortSignal.abort() }));
    expect(error).toMatchObject({ code: 'ABORT_ERR', name: 'AbortError' });
  });

  test('that is aborted before the start: the start ends it', async () => {
    const controller = new AbortController();
    const association = client(new Link(), { signal: controller.signal });
    controller.abort(why);
    expect(association.state).toBe('idle');
    expect(await rejected(association.startHandshake().opened)).toMatchObject({ code: 'ABORT_ERR' });
  });

  test('during the handshake: opened rejects', async () => {
    const controller = new AbortController();
    const association = client(new Link(), { signal: controller.signal }).startHandshake();
    await new Promise(setImmediate);
    expect(association.state).toBe('handshaking');
    controller.abort(why);
    expect(await rejected(association.opened)).toMatchObject({ code: 'ABORT_ERR', cause: why });
    expect(await association.closed).toMatchObject({ reason: 'error' });
  });

  test('later: the association ends, and tells its peer', async () => {
    const controller = new AbortController();
    const { client, peer } = await openPair({ client: { signal: controller.signal } });
    const errors: unknown[] = [];
    client.on('error', (error) => errors.push(error));
    controller.abort(why);
    expect(await client.closed).toMatchObject({ reason: 'error', error: { code: 'ABORT_ERR', cause: why } });
    expect(errors).toEqual([(await client.closed).error]);
    expect(await peer.closed).toEqual({ reason: 'peer' });
  });

  test('after the end: nothing happens', async () => {
    const controller = new AbortController();
    const { client } = await openPair({ client: { signal: controller.signal } });
    await client.close();
    controller.abort(why);
    expect(await client.closed).toEqual({ reason: 'local' });
  });

  test.each(['close', 'failure'])('is not listened to any more after %s', async (end) => {
    const link = new Link();
    if (end === 'close') await serve(link);
    const listening = new Set<unknown>();
    const { signal } = new AbortController();
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
      listening.add(args[1]);
      addEventListener.apply(signal, args);
    };
    signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
      listening.delete(args[1]);
      removeEventListener.apply(signal, args);
    };
    const association = client(link, { signal, handshakeTimeout: end === 'close' ? 60_000 : 5 }).startHandshake();
    expect(listening.size).toBe(1);
    await association.opened.catch(() => {});
    await association.close();
    expect(listening.size).toBe(0);
  });
});
