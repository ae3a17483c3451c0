import { constants } from 'node:os';
import { describe, expect, test } from '@jest/globals';
import { createEndpoint, DtlsAssociation } from '../../lib';
import { nextTurn } from '../support/endpoint';
import { rejected } from '../support/errors';
import { type FakeUdpSocket, fakeUdpSockets } from '../support/fake-udp-socket';
import { closeLater, psk } from '../support/pair';

const { EADDRINUSE, EADDRNOTAVAIL, EAFNOSUPPORT } = constants.errno;

/** What a system without IPv6 says to the first socket. */
function withoutIpv6(verb: 'open' | 'bind', errno: number): FakeUdpSocket[] {
  let isFirst = true;
  return fakeUdpSockets((socket) => {
    if (isFirst) socket.failures = { [verb]: errno };
    isFirst = false;
  });
}

describe('createEndpoint', () => {
  test('binds a socket that reaches both families and is told of ICMP messages', async () => {
    const sockets = fakeUdpSockets();
    await createEndpoint();
    expect(sockets.map(({ bound }) => bound)).toEqual([['::', 0]]);
    expect(sockets[0]?.options).toMatchObject({ ipv6Only: false, reportIcmp: true });
  });

  test('binds the address and port that are given, with the properties that are given', async () => {
    const sockets = fakeUdpSockets();
    const options = { recvBufferSize: 4096, ttl: 7, ipv6Only: true, reusePort: true };
    await createEndpoint({ localAddress: '2001:db8::1', localPort: 5684, ...options });
    expect(sockets[0]?.bound).toEqual(['2001:db8::1', 5684]);
    expect(sockets[0]?.options).toMatchObject(options);
  });

  test.each([
    ['open', EAFNOSUPPORT],
    ['bind', EADDRNOTAVAIL],
  ] as const)('does with IPv4 where the system has no IPv6 (%s)', async (verb, errno) => {
    const sockets = withoutIpv6(verb, errno);
    await createEndpoint({ localPort: 5684 });
    expect(sockets.map(({ bound, isOpen }) => [bound, isOpen]).at(-1)).toEqual([['0.0.0.0', 5684], true]);
    expect(sockets[0]?.isOpen).toBe(false);
    expect(sockets).toHaveLength(2);
  });

  test.each([
    ['an address that was asked for', '::1', EADDRNOTAVAIL, 'EADDRNOTAVAIL'],
    ['a port that is taken', undefined, EADDRINUSE, 'EADDRINUSE'],
  ])('tells %s by ERR_DTLS_SOCKET with the cause', async (_, localAddress, errno, code) => {
    const sockets = withoutIpv6('bind', errno);
    const options = localAddress === undefined ? {} : { localAddress };
    const error = await rejected(createEndpoint({ localPort: 5684, ...options }));
    expect(error).toMatchObject({ code: 'ERR_DTLS_SOCKET', cause: { code } });
    expect(error.message).toContain(`cannot bind [${localAddress ?? '::'}]:5684/udp: `);
    expect(sockets).toHaveLength(1);
  });

  test('tells when IPv4 cannot be had either', async () => {
    const sockets = fakeUdpSockets((socket) => {
      socket.failures = { open: EAFNOSUPPORT };
    });
    const error = await rejected(createEndpoint());
    expect(error).toMatchObject({ code: 'ERR_DTLS_SOCKET', cause: { code: 'EAFNOSUPPORT' } });
    expect(error.message).toContain('cannot bind 0.0.0.0:0/udp: ');
    expect(sockets).toHaveLength(2);
  });
});

describe('an endpoint', () => {
  test('tells its address, and may be unreferenced and referenced', async () => {
    const sockets = fakeUdpSockets();
    const endpoint = await createEndpoint();
    expect(endpoint.address()).toEqual({ address: '192.0.2.1', port: 22334, family: 'IPv4' });
    expect(endpoint.unref()).toBe(endpoint);
    expect(sockets[0]?.isReferenced).toBe(false);
    expect(endpoint.ref()).toBe(endpoint);
    expect(sockets[0]?.isReferenced).toBe(true);
  });

  test('is closed at the end of its scope', async () => {
    const sockets = fakeUdpSockets();
    const endpoint = await createEndpoint();
    await endpoint[Symbol.asyncDispose]();
    expect(sockets[0]?.isOpen).toBe(false);
  });

  test('may be closed again and again, though datagrams wait for the kernel', async () => {
    const sockets = fakeUdpSockets();
    const endpoint = await createEndpoint();
    const association = closeLater(new DtlsAssociation({ host: '127.0.0.1', port: 5684, psk, endpoint }));
    const [socket] = sockets as [FakeUdpSocket];
    socket.room = 0;
    association.startHandshake();
    await nextTurn();
    await association.close();
    const closed = Promise.all([endpoint.close(), endpoint.close(), endpoint.close()]);
    expect(socket.isOpen).toBe(true);
    socket.room = 10;
    socket.event(false, true);
    await closed;
    expect(socket.isOpen).toBe(false);
    expect(socket.sent).toHaveLength(1);
    await endpoint.close();
  });
});
