import type { LookupAddress } from 'node:dns';
import { describe, expect, jest, test } from '@jest/globals';
import type { DtlsError } from '../../lib';
import type { RemoteAddress } from '../../lib/address';
import { resolveTarget, type Target } from '../../lib/association/lookup';
import type { LookupFunction } from '../../lib/options/client';

interface Result {
  error: DtlsError | undefined;
  addresses: RemoteAddress[];
}

function target(lookup: LookupFunction, more: Partial<Target> = {}): Target {
  return { host: 'dtls.example', port: 5684, family: 0, handshakeTimeoutMs: 60_000, lookup, ...more };
}

function resolve(lookup: LookupFunction, more: Partial<Target> = {}): Promise<Result> {
  return new Promise((done) => resolveTarget(target(lookup, more), (error, addresses) => done({ error, addresses })));
}

const answers =
  (...found: LookupAddress[]): LookupFunction =>
  (_host, _options, callback) =>
    callback(null, found);

const unused: LookupFunction = () => {
  throw new Error('nothing has to be looked up');
};

const ipv4 = { address: '192.0.2.1', family: 4 };
const ipv6 = { address: '2001:db8::1', family: 6 };

test('every address comes back with the port, in the order of the resolver', async () => {
  expect(await resolve(answers(ipv6, ipv4))).toEqual({
    error: undefined,
    addresses: [
      { address: ipv6.address, port: 5684, family: 'IPv6' },
      { address: ipv4.address, port: 5684, family: 'IPv4' },
    ],
  });
});

test('the resolver is asked for all addresses of the family', async () => {
  const lookup = jest.fn(answers(ipv4));
  await resolve(lookup, { family: 4 });
  expect(lookup.mock.calls[0]?.slice(0, 2)).toEqual(['dtls.example', { all: true, family: 4 }]);
});

test.each([
  ['192.0.2.7', 'IPv4'],
  ['::1', 'IPv6'],
  ['fe80::1%lo', 'IPv6'],
])('the literal %s needs no resolver', async (host, family) => {
  expect((await resolve(unused, { host })).addresses).toEqual([{ address: host, port: 5684, family }]);
});

test('the answer never comes before the call returns', () => {
  for (const host of ['192.0.2.7', 'dtls.example']) {
    const callback = jest.fn();
    resolveTarget(target(answers(ipv4), { host }), callback).cancel();
    expect(callback).not.toHaveBeenCalled();
  }
});

describe('ERR_DTLS_LOOKUP', () => {
  test("carries the resolver's error", async () => {
    const cause = Object.assign(new Error('getaddrinfo ENOTFOUND dtls.example'), { code: 'ENOTFOUND' });
    const { error, addresses } = await resolve((_host, _options, callback) => callback(cause, []));
    expect(error).toMatchObject({ code: 'ERR_DTLS_LOOKUP', cause });
    expect(error?.message).toMatch(/"dtls\.example" was not found: .*ENOTFOUND/);
    expect(addresses).toEqual([]);
  });

  test('tells of an empty answer', async () => {
    expect((await resolve(answers())).error).toMatchObject({ code: 'ERR_DTLS_LOOKUP' });
  });

  test('tells of an answer that is no address', async () => {
    expect((await resolve(answers({ address: 'dtls.example', family: 4 }))).error?.code).toBe('ERR_DTLS_LOOKUP');
  });

  test('carries what a lookup throws', async () => {
    const cause = new Error('no such plug-in');
    const lookup: LookupFunction = () => {
      throw cause;
    };
    expect((await resolve(lookup)).error).toMatchObject({ code: 'ERR_DTLS_LOOKUP', cause });
  });

  test('comes when the resolver never answers', async () => {
    const { error } = await resolve(() => {}, { handshakeTimeoutMs: 5 });
    expect(error).toMatchObject({ code: 'ERR_DTLS_LOOKUP' });
    expect(error?.message).toContain('does not answer');
  });
});

test('a resolver that answers twice is heard once', async () => {
  const callback = jest.fn();
  resolveTarget(
    target((_host, _options, answer) => {
      answer(null, [ipv4]);
      answer(null, [ipv6]);
    }),
    callback,
  );
  await new Promise(setImmediate);
  expect(callback).toHaveBeenCalledTimes(1);
});

test('a lookup that answers with one address, as dns.lookup without `all`, will do', async () => {
  const single = ((_host, _options, callback) => callback(null, '192.0.2.1' as never)) as LookupFunction;
  expect((await resolve(single)).addresses).toEqual([{ address: '192.0.2.1', port: 5684, family: 'IPv4' }]);
});

test('after a cancel nothing is heard', async () => {
  const callback = jest.fn();
  resolveTarget(target(answers(ipv4)), callback).cancel();
  await new Promise(setImmediate);
  expect(callback).not.toHaveBeenCalled();
});
