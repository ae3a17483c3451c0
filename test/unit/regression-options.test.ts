import { describe, expect, test } from '@jest/globals';
import { type ConnectOptions, createServer, type ServerOptions } from '../../lib';
import { parseConnectOptions } from '../../lib/options/client';
import { thrown } from '../support/errors';
import { key, openPair } from '../support/pair';

/** As node:tls writes credentials. */
const tlsForm = { identity: 'alice', psk: key };

describe('psk in the form of node:tls, { identity, psk },', () => {
  test('is taken from a client', async () => {
    const { client, peer } = await openPair({ client: { psk: tlsForm } as unknown as Partial<ConnectOptions> });
    expect([client.pskIdentity, peer.pskIdentity]).toEqual(['alice', 'alice']);
  });

  test('is refused from a server, which is told to give a table', () => {
    const error = thrown(() => createServer({ psk: tlsForm } as unknown as ServerOptions));
    expect(error).toMatchObject({ code: 'ERR_DTLS_OPTION', option: 'psk' });
    expect(error.message).toMatch(/^psk: a server has a table of keys.*Map.*\{ identity, key \} is for clients/);
  });

  test('with a hexadecimal string for the key is told what to write', () => {
    const psk = { identity: 'alice', psk: '1a2b' };
    const error = thrown(() => parseConnectOptions({ port: 1, psk } as unknown as ConnectOptions));
    expect(error).toMatchObject({ code: 'ERR_DTLS_OPTION', option: 'psk.key' });
    expect(error.message).toContain("Buffer.from(text, 'hex')");
  });
});

test('a server may know clients by the names "identity" and "key"', async () => {
  const { peer } = await openPair({
    server: { psk: { identity: key, key } },
    client: { psk: { identity: 'key', key } },
  });
  expect(peer.pskIdentity).toBe('key');
});
