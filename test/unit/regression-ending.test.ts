import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { createServer, type DtlsAssociation, type ServerTransport } from '../../lib';
import { ContentType, HandshakeType } from '../../lib/handshake/wire';
import { dropMessage, type Lane, Link } from '../support/link';
import { client, key, openPair, type Pair, patient, serve } from '../support/pair';

/** What was sent since, in one datagram. */
function joined(lane: Lane, first: number): Buffer {
  return Buffer.concat(lane.sent.slice(first));
}

const dataThenAlert = [ContentType.ApplicationData, ContentType.Alert];

describe('a message and close_notify in one datagram, to a listener that replies,', () => {
  test('end the association of a server as the peer wished, behind the reply', async () => {
    const { link, server, client, peer, transport } = await openPair();
    const errors: unknown[] = [];
    server.on('peerError', (error) => errors.push(error));
    peer.on('message', (data) => peer.send(`${data} too`));
    const [asked, answered] = [link.toServer.sent.length, link.toClient.sent.length];
    link.toServer.rule = () => [];
    client.send('goodbye');
    await client.close();
    link.inject(joined(link.toServer, asked), transport.address);
    expect(await peer.closed).toEqual({ reason: 'peer' });
    expect(errors).toEqual([]);
    expect(link.toClient.sent.slice(answered).map(([type]) => type)).toEqual(dataThenAlert);
  });

  test('end the association of a client as the server wished, behind the reply', async () => {
    const { link, client, peer, transport } = await openPair();
    client.on('message', (data) => client.send(`${data} too`));
    const [asked, answered] = [link.toClient.sent.length, link.toServer.sent.length];
    link.toClient.rule = () => [];
    peer.send('goodbye');
    await peer.close();
    link.injectToClient(joined(link.toClient, asked), transport.address);
    expect(await client.closed).toEqual({ reason: 'peer' });
    expect(link.toServer.sent.slice(answered).map(([type]) => type)).toEqual(dataThenAlert);
  });
});

describe('close while the end of the handshake is narrated', () => {
  test('on a client: no secureConnect, and the peer hears of it', async () => {
    const link = new Link();
    const server = await serve(link);
    const association = client(link);
    const events: string[] = [];
    association.on('secureConnect', () => events.push('secureConnect'));
    association.on('infoMessage', (text) => {
      if (text.endsWith('encrypted connection established!')) void association.close();
    });
    await association.startHandshake().closed;
    await link.quiet();
    expect(events).toEqual([]);
    expect(await association.closed).toEqual({ reason: 'local' });
    expect(server.associations.size).toBe(0);
  });

  test('on a client that pings: no ping is tried', async () => {
    const link = new Link();
    await serve(link);
    const association = client(link, { ping: true });
    const errors: string[] = [];
    association.on('errorMessage', (text) => errors.push(text));
    association.on('infoMessage', (text) => {
      if (text.endsWith('encrypted connection established!')) void association.close();
    });
    await association.startHandshake().closed;
    expect(errors).toEqual([]);
    expect(association.stats.messagesSent).toBe(0);
  });

  test('by closing the server: no secureConnection, and nothing remains', async () => {
    const link = new Link();
    const server = await serve(link);
    const events: string[] = [];
    server.on('secureConnection', () => events.push('secureConnection'));
    server.on('infoMessage', (text) => {
      if (text.includes(' encrypted. Session cipher:')) void server.close();
    });
    const association = await client(link).startHandshake().opened;
    expect(await association.closed).toEqual({ reason: 'peer' });
    await server.close();
    expect(events).toEqual([]);
    expect(server.associations.size).toBe(0);
    expect(link.serverIsOpen).toBe(false);
  });

  /** A server whose associations are closed as soon as they are narrated to be encrypted. */
  async function closing(link: Link) {
    const server = await serve(link, { keylog: true, limits: { maxHandshakes: 1 } });
    let latest: DtlsAssociation | undefined;
    server.on('keylog', (_lines, association) => {
      latest = association;
    });
    const closeIt = (text: string): void => {
      if (text.includes(' encrypted. Session cipher:')) void latest?.close();
    };
    server.on('infoMessage', closeIt);
    return { server, stop: () => server.off('infoMessage', closeIt) };
  }

  test("on a server's association: no secureConnection, and it is forgotten", async () => {
    const link = new Link();
    const { server } = await closing(link);
    const events: string[] = [];
    server.on('secureConnection', () => events.push('secureConnection'));
    const association = await client(link).startHandshake().opened;
    expect(await association.closed).toEqual({ reason: 'peer' });
    expect(events).toEqual([]);
    expect(server.associations.size).toBe(0);
    expect(server.stats).toMatchObject({ handshakesStarted: 1, handshakesCompleted: 0, handshakesFailed: 1 });
  });

  test("on a server's association: its place is free once, not twice", async () => {
    const link = new Link();
    const { server, stop } = await closing(link);
    await (await client(link).startHandshake().opened).closed;
    stop();
    link.toServer.rule = dropMessage(HandshakeType.ClientKeyExchange);
    client(link).startHandshake();
    await link.quiet();
    expect(server.stats).toMatchObject({ handshakesStarted: 2, refused: { maxHandshakes: 0 } });
    client(link).startHandshake();
    await link.quiet();
    expect(server.stats).toMatchObject({ handshakesStarted: 2, refused: { maxHandshakes: 1 } });
  });
});

describe('for await that begins after an association failed', () => {
  async function failed(): Promise<{ client: Pair['client']; error: Error }> {
    const { client } = await openPair();
    const error = new Error('enough');
    client.on('error', () => {});
    client.destroy(error);
    await client.closed;
    return { client, error };
  }

  test('throws what ended it', async () => {
    const { client, error } = await failed();
    await expect(client[Symbol.asyncIterator]().next()).rejects.toBe(error);
  });

  test('throws it to each reader, once', async () => {
    const { client, error } = await failed();
    for (const reader of [client[Symbol.asyncIterator](), client[Symbol.asyncIterator]()]) {
      await expect(reader.next()).rejects.toBe(error);
      expect(await reader.next()).toEqual({ value: undefined, done: true });
    }
  });
});

describe('close of a server', () => {
  /** A server whose transport takes its time to close. */
  async function slow() {
    const link = new Link();
    let release = (): void => {};
    const transport: ServerTransport = {
      ...link.server,
      close: () => {
        link.server.close();
        return new Promise<void>((resolve) => {
          release = resolve;
        });
      },
    };
    const server = createServer({ psk: { alice: key }, ...patient });
    await server.listen({ transport });
    return { link, server, release: () => release() };
  }

  test('called twice resolves both times when all is released, not before', async () => {
    const { link, server, release } = await slow();
    const settled: string[] = [];
    const first = server.close().then(() => settled.push('first'));
    const second = server.close().then(() => settled.push('second'));
    await link.quiet();
    expect(settled).toEqual([]);
    release();
    await Promise.all([first, second]);
    expect(settled).toEqual(['first', 'second']);
  });

  test('called while the socket failed waits for the same end', async () => {
    const { link, server, release } = await slow();
    server.on('error', () => {});
    link.failServer(new Error('the interface is gone'));
    let settled = false;
    const closed = server.close().then(() => {
      settled = true;
    });
    await link.quiet();
    expect(settled).toBe(false);
    const told = once(server, 'close');
    release();
    await Promise.all([closed, told]);
  });
});
