import { constants } from 'node:os';
import { describe, expect, test } from '@jest/globals';
import { createServer, DtlsAssociation } from '../../lib';
import { NativeEndpoint } from '../../lib/endpoints/native-endpoint';
import { ignored, ipv4, nextTurn, openFake, Receiver, udpConfig } from '../support/endpoint';
import { type FakeUdpSocket, fakeUdpSockets } from '../support/fake-udp-socket';
import { closeLater, key, psk } from '../support/pair';

const { EACCES, EADDRINUSE, EAFNOSUPPORT, ENOMEM } = constants.errno;

describe('a native endpoint', () => {
  test('opens its socket with the properties that it is configured with', async () => {
    const sockets = fakeUdpSockets();
    const options = { recvBufferSize: 2048, sendBufferSize: 4096, ttl: 7, dscp: 46, reusePort: true };
    await new NativeEndpoint(udpConfig({ options, port: 5684 })).open(ignored);
    const [socket] = sockets as [FakeUdpSocket];
    expect(socket.options).toMatchObject(options);
    expect(socket.bound).toEqual(['127.0.0.1', 5684]);
  });

  test.each([
    ['socket', 'open', EAFNOSUPPORT, 'EAFNOSUPPORT', '127.0.0.1:5684'],
    ['bind', 'bind', EADDRINUSE, 'EADDRINUSE', '127.0.0.1:5684'],
    ['connect', 'connect', EACCES, 'EACCES', '192.0.2.7:9'],
    ['poll', 'start', ENOMEM, 'ENOMEM', '127.0.0.1:5684'],
  ] as const)('that cannot open (%s) says why and leaves nothing open', async (syscall, verb, errno, code, where) => {
    const sockets = fakeUdpSockets((socket) => {
      socket.failures = { [verb]: errno };
    });
    const endpoint = new NativeEndpoint(udpConfig({ port: 5684 }), ipv4(9));
    await expect(endpoint.open(ignored)).rejects.toMatchObject({
      code,
      syscall,
      message: `${syscall} ${code} ${where}`,
    });
    expect(sockets.map(({ isOpen }) => isOpen)).toEqual([false]);
  });

  test.each([
    ['an address', { address: '127.0.0.1', port: 0 }],
    ['a port', { address: '0.0.0.0', port: 7 }],
  ])('of one peer is bound when it is configured with %s', async (_, config) => {
    const { socket } = await openFake(config, ipv4(5));
    expect(socket.bound).toEqual([config.address, config.port]);
    expect(socket.peers).toEqual(['192.0.2.7|5']);
  });

  test.each([
    ['0.0.0.0', 4],
    ['::', 6],
  ] as const)('of one peer leaves the choice of a local address to the system: %s', async (address, family) => {
    const { socket } = await openFake({ address, family }, ipv4(5));
    expect(socket.bound).toBeUndefined();
  });

  test('of many peers is bound, whatever the address', async () => {
    const { socket } = await openFake({ address: '0.0.0.0' });
    expect(socket.bound).toEqual(['0.0.0.0', 0]);
  });

  test('keeps the process alive unless it is told not to', async () => {
    const { endpoint, socket } = await openFake();
    endpoint.unref();
    expect(socket.isReferenced).toBe(false);
    endpoint.ref();
    expect(socket.isReferenced).toBe(true);
  });

  test('tells where it is bound', async () => {
    const { endpoint } = await openFake();
    expect(endpoint.address()).toEqual({ address: '192.0.2.1', port: 22334, family: 'IPv4' });
  });
});

describe('attaching', () => {
  test('to a peer that somebody is attached to is refused, and possible after the release', async () => {
    const { endpoint } = await openFake();
    const channel = endpoint.attach(ipv4(5684), new Receiver());
    const refusal = expect.objectContaining({
      code: 'EISCONN',
      message: 'the endpoint has an association with 192.0.2.7:5684 already; close it, or use another endpoint',
    });
    expect(() => endpoint.attach(ipv4(5684), new Receiver())).toThrow(refusal as never);
    channel.release();
    endpoint.attach(ipv4(5684), new Receiver());
    expect(() => endpoint.attach(ipv4(5684), new Receiver())).toThrow(refusal as never);
  });

  test('to an IPv4 peer takes its mapped address on an IPv6 socket', async () => {
    const { endpoint, socket } = await openFake({ family: 6, address: '::' });
    endpoint.attach(ipv4(1), new Receiver());
    endpoint.attach({ address: '2001:db8::1', port: 2, family: 'IPv6' }, new Receiver());
    expect(socket.peers).toEqual(['::ffff:192.0.2.7|1', '2001:db8::1|2']);
    endpoint.sendTo(Buffer.from('hello'), ipv4(3));
    expect(socket.sentTo).toEqual(['hello to ::ffff:192.0.2.7|3']);
  });

  test('to an IPv6 peer is refused on an IPv4 socket', async () => {
    const { endpoint } = await openFake();
    const remote = { address: '2001:db8::1', port: 2, family: 'IPv6' } as const;
    const refusal = expect.objectContaining({
      code: 'EAFNOSUPPORT',
      message: 'an IPv4 socket cannot reach 2001:db8::1',
    });
    expect(() => endpoint.attach(remote, new Receiver())).toThrow(refusal as never);
  });

  test('to what is no address is refused', async () => {
    const { endpoint, socket } = await openFake();
    socket.intern = () => -1;
    expect(() => endpoint.attach(ipv4(1, 'nowhere'), new Receiver())).toThrow(
      expect.objectContaining({ code: 'EINVAL' }) as never,
    );
  });
});

describe('the options of a socket arrive there', () => {
  const options = { recvBufferSize: 4096, sendBufferSize: 8192, ttl: 7, dscp: 46 };

  test('from connect', async () => {
    const sockets = fakeUdpSockets();
    const association = closeLater(new DtlsAssociation({ host: '192.0.2.7', port: 5684, psk, ...options }));
    association.startHandshake();
    await nextTurn();
    expect(sockets.map((socket) => socket.options)).toEqual([
      expect.objectContaining({ ...options, reportIcmp: false }),
    ]);
  });

  test('from listen', async () => {
    const sockets = fakeUdpSockets();
    const server = closeLater(createServer({ psk: { alice: key } }));
    await server.listen({ port: 5684, address: '::', ipv6Only: true, reusePort: true, ...options });
    expect(sockets.map((socket) => socket.options)).toEqual([
      expect.objectContaining({ ...options, ipv6Only: true, reusePort: true, reportIcmp: false }),
    ]);
    expect(sockets[0]?.bound).toEqual(['::', 5684]);
  });
});
