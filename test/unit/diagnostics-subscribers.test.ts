import { afterEach, describe, expect, test } from '@jest/globals';
import type { DtlsAssociation } from '../../lib';
import { heard, listen, type Messages, unsubscribeAll } from '../support/channels';
import { clientAddress, drop, Link } from '../support/link';
import { client, openPair, quick, serve } from '../support/pair';
import { handshake, record, Type } from '../support/wire';

const forged = record(Type.applicationData, Buffer.alloc(60, 7), { epoch: 1, sequence: 40 });
const newAddress = clientAddress(61_000);

afterEach(() => {
  process.setUncaughtExceptionCaptureCallback(null);
});

/** What makes each channel tell something of an association, on both sides where it can. */
const occasions: Record<keyof Messages, () => Promise<Link>> = {
  handshake: async () => {
    const link = new Link();
    await serve(link);
    client(link)
      .startHandshake()
      .on('error', () => {});
    await link.quiet();
    return link;
  },
  retransmission: async () => {
    const link = new Link();
    await serve(link, quick);
    link.toServer.rule = drop(0);
    const association = client(link, quick);
    association.on('error', () => {});
    await association.startHandshake().opened.catch(() => {});
    return link;
  },
  drop: async () => {
    const { link, transport } = await openPair({ server: { limits: { maxForgedRecords: 1 } } });
    link.inject(forged, transport.address);
    link.injectToClient(forged, transport.address);
    await link.quiet();
    return link;
  },
  alert: async () => {
    const { link, client } = await openPair();
    await client.close();
    await link.quiet();
    return link;
  },
  migration: async () => {
    const { link, client, transport } = await openPair();
    transport.address = newAddress;
    client.send('here I am');
    await link.quiet();
    return link;
  },
};

describe.each(Object.keys(occasions) as Array<keyof Messages>)('a subscriber of %s', (channel) => {
  test('that throws stops nothing', async () => {
    const uncaught: unknown[] = [];
    process.setUncaughtExceptionCaptureCallback((error) => uncaught.push(error));
    const error = new Error('a bug of the user');
    listen(channel, () => {
      throw error;
    });
    const messages = heard(channel);
    await occasions[channel]();
    await new Promise(setImmediate);
    expect(messages.length).toBeGreaterThan(0);
    expect(uncaught).toEqual(messages.map(() => error));
  });

  test.each([
    ['closes', (association: DtlsAssociation) => void association.close()],
    ['destroys', (association: DtlsAssociation) => association.destroy()],
  ])('may be one that %s the association', async (_, end) => {
    const told: DtlsAssociation[] = [];
    listen(channel, (message) => {
      if (!('association' in message)) return;
      told.push(message.association);
      end(message.association);
    });
    const link = await occasions[channel]();
    await link.quiet();
    expect(told.length).toBeGreaterThan(0);
    for (const association of told) expect((await association.closed).reason).toMatch(/local|error/);
    // Whoever comes next is served as ever.
    unsubscribeAll();
    await client(link).startHandshake().opened;
  });
});

test('a subscriber of drop may close the server', async () => {
  const { link, server, client } = await openPair();
  listen('drop', (message) => {
    if ('server' in message) message.server.close();
  });
  for (const datagram of [handshake(1, 0, { body: Buffer.alloc(80, 0xff) }), forged, Buffer.of(1)]) {
    link.inject(datagram, newAddress);
  }
  expect(await client.closed).toEqual({ reason: 'peer' });
  await server.close();
  expect(link.serverIsOpen).toBe(false);
});
