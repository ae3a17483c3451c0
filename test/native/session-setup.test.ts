import { describe, expect, test } from '@jest/globals';
import type { Context } from '../../binding';
import { binding, Status } from '../../lib/native';
import { createContext, IDENTITY, KEY, Pair } from './children/pair.cjs';

const UNKNOWN_PSK_IDENTITY = (2 << 8) | 115;
const NO_APPLICATION_PROTOCOL = (2 << 8) | 120;
const NOTHING = Buffer.alloc(0);

/** A pair of which neither context has keys. */
const unprepared = () => new Pair({ client: { psk: undefined }, server: { pskTable: [] } });

describe('setPsk', () => {
  test('gives each side credentials for one handshake', () => {
    const pair = unprepared();
    pair.client.setPsk(IDENTITY, KEY);
    pair.onServer = (session) => session.setPsk(IDENTITY, KEY);
    expect(pair.handshake().established).toBe(true);
    expect(pair.client.pskIdentity()).toBe(IDENTITY.toString());
    expect(pair.accepted.pskIdentity()).toBe(IDENTITY.toString());
  });

  test('copies the identity and the key', () => {
    const pair = unprepared();
    const [identity, key] = [Buffer.from(IDENTITY), Buffer.from(KEY)];
    pair.client.setPsk(identity, key);
    identity.fill(0);
    key.fill(0);
    pair.onServer = (session) => session.setPsk(IDENTITY, KEY);
    expect(pair.handshake().established).toBe(true);
  });

  test('takes views of a larger memory', () => {
    const memory = Buffer.concat([Buffer.alloc(7, 1), KEY, Buffer.alloc(9, 2)]);
    const pair = unprepared();
    pair.client.setPsk(IDENTITY, new Uint8Array(memory.buffer, memory.byteOffset + 7, KEY.length));
    pair.onServer = (session) => session.setPsk(IDENTITY, KEY);
    expect(pair.handshake().established).toBe(true);
  });

  test('of a server holds for the identity that it names', () => {
    const pair = unprepared();
    pair.client.setPsk(IDENTITY, KEY);
    pair.onServer = (session) => session.setPsk(Buffer.from('bob'), KEY);
    pair.handshake();
    expect(pair.status.server).toBe(Status.Failed);
    expect(pair.client.alertReceived()).toBe(UNKNOWN_PSK_IDENTITY);
  });

  test('takes an identity of 128 bytes and a key of 256', () => {
    const [identity, key] = [Buffer.alloc(128, 'i'), Buffer.alloc(256, 7)];
    const pair = unprepared();
    pair.client.setPsk(identity, key);
    pair.onServer = (session) => session.setPsk(identity, key);
    expect(pair.handshake().established).toBe(true);
  });

  test.each<[string, unknown, unknown]>([
    ['an empty identity', NOTHING, KEY],
    ['an identity of 129 bytes', Buffer.alloc(129, 'i'), KEY],
    ['an identity that is a string', 'alice', KEY],
    ['an empty key', IDENTITY, NOTHING],
    ['a key of 257 bytes', IDENTITY, Buffer.alloc(257)],
    ['a key that is no Uint8Array', IDENTITY, new Uint16Array(8)],
    ['no key', IDENTITY, undefined],
  ])('refuses %s and keeps what was set before', (_, identity, key) => {
    const pair = unprepared();
    pair.client.setPsk(IDENTITY, KEY);
    expect(() => pair.client.setPsk(identity as Uint8Array, key as Uint8Array)).toThrow('1 to 128 bytes');
    pair.onServer = (session) => session.setPsk(IDENTITY, KEY);
    expect(pair.handshake().established).toBe(true);
  });
});

describe('useContext', () => {
  test('lets a server go on with the credentials of another context', () => {
    const pair = new Pair({ server: { pskTable: [] } });
    const other = createContext({ pskTable: [[IDENTITY, KEY]] });
    pair.onServer = (session) => session.useContext(other, NOTHING, false);
    expect(pair.handshake().established).toBe(true);
  });

  test.each<[string, unknown]>([
    ['undefined', undefined],
    ['an object', {}],
    ['a prototype', Object.create(binding.Context.prototype)],
    ['a trust store', new binding.TrustStore([], [])],
    ['a session', new Pair().client],
  ])('refuses %s and leaves the session as it was', (_, wrong) => {
    const pair = new Pair();
    pair.onServer = (session) => {
      expect(() => session.useContext(wrong as Context, NOTHING, false)).toThrow('no DTLS context');
    };
    expect(pair.handshake().established).toBe(true);
  });

  test('refuses a session id context of more than 32 bytes', () => {
    const pair = new Pair();
    pair.onServer = (session) => {
      expect(() => session.useContext(pair.serverContext, Buffer.alloc(33), false)).toThrow('could not use');
    };
    pair.handshake();
  });
});

describe('selectAlpn', () => {
  const alpnProtocols = Buffer.from('\x02h2\x04coap');

  test('is what both sides then tell', () => {
    const pair = new Pair({ clientSession: { alpnProtocols } });
    pair.onServer = (session) => session.selectAlpn(Buffer.from('coap'));
    expect(pair.handshake().established).toBe(true);
    expect([pair.client.alpnProtocol(), pair.accepted.alpnProtocol()]).toEqual(['coap', 'coap']);
  });

  test('ends the handshake when nothing is selected', () => {
    const pair = new Pair({ clientSession: { alpnProtocols } });
    pair.onServer = (session) => session.selectAlpn(NOTHING);
    pair.handshake();
    expect(pair.client.alertReceived()).toBe(NO_APPLICATION_PROTOCOL);
  });
});

describe('a session to resume', () => {
  const server = { tickets: true };

  test.each([false, true])('comes out of sessionData and abbreviates the next handshake; tickets: %s', (tickets) => {
    const pair = new Pair({ serverSession: { tickets } });
    pair.serverContext.setTicketKeys([Buffer.alloc(48, 1)]);
    expect(pair.handshake().established).toBe(true);
    expect([pair.client.isReused(), pair.accepted.isReused()]).toEqual([false, false]);
    const session = pair.client.sessionData();
    expect(pair.client.sessionExpiryS()).toBeGreaterThan(Date.now() / 1000 + 200);
    const next = new Pair({ clientSession: { session } });
    next.listener = pair.listener;
    pair.accepted.shutdown();
    expect(next.handshake().established).toBe(true);
    expect([next.client.isReused(), next.accepted.isReused()]).toEqual([true, true]);
    expect(next.accepted.pskIdentity()).toBe(IDENTITY.toString());
  });

  test('is empty while there is none', () => {
    const { client } = new Pair({ serverSession: server });
    expect(client.sessionData()).toHaveLength(0);
    expect(client.sessionExpiryS()).toBe(0);
  });

  test('that cannot be read is refused', () => {
    for (const session of [Buffer.from('x'), Buffer.alloc(100, '0')]) {
      expect(() => new Pair({ clientSession: { session } })).toThrow('could not make a session');
    }
  });
});
