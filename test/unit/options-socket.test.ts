import dgram from 'node:dgram';
import { afterEach, describe, expect, test } from '@jest/globals';
import { type ConnectOptions, createEndpoint, type EndpointOptions, type ListenOptions } from '../../lib';
import { binding } from '../../lib/native';
import { parseConnectOptions } from '../../lib/options/client';
import { parseListenOptions } from '../../lib/options/server';
import { parseSendHighWaterMark, parseSocket, parseUserSocket, refuseBeside } from '../../lib/options/socket';
import { rejected, thrown } from '../support/errors';
import { fakeUdpSockets } from '../support/fake-udp-socket';
import { closeLater, psk } from '../support/pair';

const isLinux = process.platform === 'linux';
const { UdpSocket } = binding;

afterEach(() => {
  Object.assign(binding, { UdpSocket });
});

/** As on a system other than Linux. */
function withoutNativeSockets(): void {
  Object.assign(binding, { UdpSocket: undefined });
}

/** A socket of the user; it is not bound. */
function userSocket(): dgram.Socket {
  const socket = dgram.createSocket('udp4');
  closeLater({ close: async () => socket.close() });
  return socket;
}

test('the defaults are those of the documentation', () => {
  expect(parseSocket({})).toEqual({
    udp: isLinux ? 'native' : 'dgram',
    ipv6Only: false,
    reusePort: false,
    recvBufferSize: 0,
    sendBufferSize: 0,
    ttl: 0,
    dscp: -1,
    reportIcmp: false,
  });
  expect(parseSendHighWaterMark(undefined)).toBe(65_536);
});

test('the values that are given are those of the socket', () => {
  const options = {
    udp: 'dgram',
    ipv6Only: true,
    recvBufferSize: 4096,
    sendBufferSize: 8192,
    ttl: 7,
  } as const;
  expect(parseSocket(options)).toMatchObject(options);
});

describe('the bounds are part of what may be given:', () => {
  test.each([
    ['recvBufferSize', 1024, 2 ** 30],
    ['sendBufferSize', 1024, 2 ** 30],
    ['ttl', 1, 255],
    ...(isLinux ? [['dscp', 0, 63] as const] : []),
  ] as const)('%s', (name, min, max) => {
    for (const value of [min, max]) expect(parseSocket({ [name]: value })).toMatchObject({ [name]: value });
  });

  test('sendHighWaterMark', () => {
    for (const value of [0, 2 ** 30]) expect(parseSendHighWaterMark(value)).toBe(value);
  });
});

describe('an option of the wrong type or out of bounds is refused by name:', () => {
  test.each<[string, unknown]>([
    ['udp', 'tcp'],
    ['udp', null],
    ['udp', true],
    ['ipv6Only', 1],
    ['reusePort', 'yes'],
    ['reusePort', null],
    ['recvBufferSize', 0],
    ['recvBufferSize', 1023],
    ['recvBufferSize', 2 ** 30 + 1],
    ['recvBufferSize', 2048.5],
    ['recvBufferSize', '4096'],
    ['sendBufferSize', 1023],
    ['sendBufferSize', 2 ** 30 + 1],
    ['sendBufferSize', Number.NaN],
    ['ttl', 0],
    ['ttl', 256],
    ['ttl', '64'],
    ['dscp', -1],
    ['dscp', 64],
    ['dscp', null],
  ])('%s: %p', (name, value) => {
    const error = thrown(() => parseSocket({ [name]: value } as object));
    expect(error).toMatchObject({ code: 'ERR_DTLS_OPTION', option: name, value });
    expect(error.message).toContain(name);
  });

  test.each([-1, 2 ** 30 + 1, 1.5, '1', null])('sendHighWaterMark: %p', (value) => {
    expect(thrown(() => parseSendHighWaterMark(value)).option).toBe('sendHighWaterMark');
  });
});

test('dscp is refused where node:dgram makes the sockets, which cannot set it', () => {
  const { code, option, message } = thrown(() => parseSocket({ udp: 'dgram', dscp: 46 }));
  expect({ code, option }).toEqual({ code: 'ERR_DTLS_OPTION', option: 'dscp' });
  expect(message).toBe('dscp: node:dgram cannot set it; it needs udp: "native", on Linux.');
  withoutNativeSockets();
  expect(thrown(() => parseSocket({ dscp: 46 })).option).toBe('dscp');
});

test('where there are no native sockets node:dgram makes them, and "native" is refused', () => {
  withoutNativeSockets();
  expect(parseSocket({}).udp).toBe('dgram');
  const { option, message } = thrown(() => parseSocket({ udp: 'native' }));
  expect(option).toBe('udp');
  expect(message).toContain(`on Linux only, this is ${process.platform}`);
});

test('reusePort over node:dgram is refused where Node.js cannot do it', () => {
  const [major, minor] = process.versions.node.split('.').map(Number) as [number, number];
  const can = major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12);
  const parse = () => parseSocket({ udp: 'dgram', reusePort: true });
  if (can) expect(parse().reusePort).toBe(true);
  else expect(thrown(parse)).toMatchObject({ code: 'ERR_DTLS_OPTION', option: 'reusePort' });
});

describe("a user's socket", () => {
  test.each([{}, null, 'socket', 7])('is one of node:dgram, not %p', (socket) => {
    expect(thrown(() => parseUserSocket(socket)).option).toBe('socket');
  });

  test('is not needed', () => {
    expect(parseUserSocket(undefined)).toBeUndefined();
    refuseBeside('socket', { port: 7 }, ['port']);
  });

  test.each<[string, unknown]>([
    ['port', 0],
    ['address', '127.0.0.1'],
    ['ipv6Only', false],
    ['udp', 'dgram'],
    ['reusePort', false],
    ['recvBufferSize', 4096],
    ['sendBufferSize', 4096],
    ['ttl', 7],
    ['dscp', 7],
  ])('for listen comes without %s, which is a property of a socket of its own', (name, value) => {
    const socket = userSocket();
    const error = thrown(() => parseListenOptions({ socket, [name]: value } as ListenOptions));
    expect(error).toMatchObject({ code: 'ERR_DTLS_OPTION', option: name });
    expect(parseListenOptions({ socket, [name]: undefined } as ListenOptions).userSocket).toBe(socket);
  });

  test.each<[string, unknown]>([
    ['localPort', 0],
    ['localAddress', '127.0.0.1'],
    ['ipv6Only', false],
    ['udp', 'dgram'],
    ['ttl', 7],
  ])('for createEndpoint comes without %s', async (name, value) => {
    const socket = userSocket();
    const error = await rejected(createEndpoint({ socket, [name]: value } as EndpointOptions));
    expect(error).toMatchObject({ code: 'ERR_DTLS_OPTION', option: name });
  });

  test('or a port is needed to listen', () => {
    expect(thrown(() => parseListenOptions({} as ListenOptions)).option).toBe('port');
  });
});

describe('createEndpoint refuses', () => {
  test.each<[string, unknown]>([
    ['localAddress', 'localhost'],
    ['localAddress', ''],
    ['localPort', 65_536],
    ['localPort', -1],
    ['socket', {}],
    ['ttl', 0],
    ['sendHighWaterMark', -1],
  ])('%s: %p', async (name, value) => {
    const error = await rejected(createEndpoint({ [name]: value } as EndpointOptions));
    expect(error).toMatchObject({ code: 'ERR_DTLS_OPTION', option: name });
  });

  test('a name that it does not know, with the nearest one', async () => {
    const error = await rejected(createEndpoint({ reuseport: true } as EndpointOptions));
    expect(error.message).toContain('did you mean reusePort?');
    expect(await rejected(createEndpoint(null as never))).toMatchObject({ code: 'ERR_DTLS_OPTION' });
  });
});

describe('connect', () => {
  const base = { host: '127.0.0.1', port: 5684, psk };

  test('takes the options of a socket', () => {
    const options = { udp: 'dgram', recvBufferSize: 4096, sendBufferSize: 8192, ttl: 7 } as const;
    expect(parseConnectOptions({ ...base, ...options }).socket).toMatchObject(options);
  });

  test('does not know reusePort: nobody else could be meant', () => {
    const error = thrown(() => parseConnectOptions({ ...base, reusePort: true } as ConnectOptions));
    expect(error).toMatchObject({ code: 'ERR_DTLS_OPTION', option: 'reusePort' });
  });

  test.each<[string, unknown]>([
    ['localAddress', '127.0.0.1'],
    ['localPort', 7],
    ['udp', 'dgram'],
    ['ttl', 7],
    ['endpoint', {}],
    ['sendHighWaterMark', 7],
  ])('refuses %s beside a transport, which is no socket', (name, value) => {
    const transport = { open() {}, send: () => true, close() {}, ref() {}, unref() {}, remote: undefined };
    const error = thrown(() => parseConnectOptions({ psk: base.psk, transport, [name]: value } as never));
    expect(error).toMatchObject({ code: 'ERR_DTLS_OPTION', option: name });
  });

  test.each([{}, null, 'endpoint'])('takes for endpoint what createEndpoint made, not %p', (endpoint) => {
    const error = thrown(() => parseConnectOptions({ ...base, endpoint } as never));
    expect(error).toMatchObject({ code: 'ERR_DTLS_OPTION', option: 'endpoint' });
  });

  test.each<[string, unknown]>([
    ['localAddress', '127.0.0.1'],
    ['localPort', 7],
    ['udp', 'dgram'],
    ['recvBufferSize', 4096],
    ['sendBufferSize', 4096],
    ['ttl', 7],
    ['dscp', 7],
    ['sendHighWaterMark', 7],
  ])('refuses %s beside an endpoint, which has a socket already', async (name, value) => {
    fakeUdpSockets();
    const options = { ...base, endpoint: await createEndpoint() };
    const error = thrown(() => parseConnectOptions({ ...options, [name]: value } as never));
    expect(error).toMatchObject({ code: 'ERR_DTLS_OPTION', option: name });
    expect(error.message).toContain('when endpoint is given');
    parseConnectOptions({ ...options, [name]: undefined } as never);
  });
});
