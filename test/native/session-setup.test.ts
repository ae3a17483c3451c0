import { describe, expect, test } from '@jest/globals';
import type { ClientPsk, Session } from '../../binding';
import { binding, Stage, Status } from '../../lib/native';
import { feed, IDENTITY, KEY, Pair, send, takeAll } from './children/pair.cjs';

const UNKNOWN_PSK_IDENTITY = (2 << 8) | 115;
const REENTRY = 'a verb of a DTLS session was called from inside its own callback';

type OnPsk = NonNullable<Session['onPsk']>;

/** A pair whose server knows no identity but asks `onPsk`. */
function askingServer(onPsk: OnPsk) {
  const pair = new Pair(binding, { server: { pskTable: [] } });
  pair.onServer = (session) => {
    session.onPsk = onPsk;
  };
  return pair;
}

/** A pair whose client has no fixed credentials but asks `onPsk`. */
function askingClient(onPsk: OnPsk, pskIdentityHint?: Buffer) {
  const pair = new Pair(binding, { client: { psk: undefined }, server: { pskIdentityHint } });
  pair.client.onPsk = onPsk;
  return pair;
}

describe('onPsk of a server', () => {
  test('is asked once, on its session, with the identity as a Buffer', () => {
    const calls: Array<{ self: unknown; asked: unknown[] }> = [];
    const pair = askingServer(function (this: Session, ...asked) {
      calls.push({ self: this, asked });
      return KEY;
    });
    expect(pair.handshake().established).toBe(true);
    expect(calls).toHaveLength(1);
    expect(calls[0].self).toBe(pair.accepted);
    expect(calls[0].asked).toHaveLength(1);
    expect(Buffer.isBuffer(calls[0].asked[0])).toBe(true);
    expect(IDENTITY.equals(calls[0].asked[0] as Buffer)).toBe(true);
  });

  test('is not asked when the table of the context answers', () => {
    const pair = new Pair(binding);
    let asked = 0;
    pair.onServer = (session) => {
      session.onPsk = () => {
        asked += 1;
        return undefined;
      };
    };
    expect(pair.handshake().established).toBe(true);
    expect(asked).toBe(0);
  });

  test('answers with a key that is copied', () => {
    const key = Buffer.from(KEY);
    const pair = askingServer(() => {
      queueMicrotask(() => key.fill(0));
      return key;
    });
    expect(pair.handshake().established).toBe(true);
  });

  test('answers with a view of a larger memory', () => {
    const memory = Buffer.concat([Buffer.alloc(7, 1), KEY, Buffer.alloc(9, 2)]);
    expect(
      askingServer(() => new Uint8Array(memory.buffer, memory.byteOffset + 7, KEY.length)).handshake().established,
    ).toBe(true);
  });

  test.each<[string, unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['a string', 'secret'],
    ['a number', 7],
    ['a promise', Promise.resolve(KEY)],
    ['an object', { identity: IDENTITY, key: KEY }],
    ['a view of another type', new Uint16Array(8)],
    ['an ArrayBuffer', new ArrayBuffer(16)],
    ['an empty key', Buffer.alloc(0)],
    ['a key of 257 bytes', Buffer.alloc(257)],
  ])('refuses the identity when it answers with %s', (_, answer) => {
    const pair = askingServer(() => answer as undefined).handshake();
    expect(pair.status.server).toBe(Status.Failed);
    expect(pair.accepted.alertSent()).toBe(UNKNOWN_PSK_IDENTITY);
    expect(pair.client.alertReceived()).toBe(UNKNOWN_PSK_IDENTITY);
    expect(pair.accepted.takeThrown()).toBeUndefined();
  });

  test('takes a key of 256 bytes', () => {
    const key = Buffer.alloc(256, 7);
    const pair = new Pair(binding, { client: { psk: { identity: IDENTITY, key } }, server: { pskTable: [] } });
    pair.onServer = (session) => {
      session.onPsk = () => key;
    };
    expect(pair.handshake().established).toBe(true);
  });

  test('may be set after the session has started, and to something else than a function', () => {
    const pair = new Pair(binding, { server: { pskTable: [] } });
    pair.onServer = (session) => {
      (session as { onPsk: unknown }).onPsk = 'no function';
    };
    pair.handshake();
    expect(pair.accepted.alertSent()).toBe(UNKNOWN_PSK_IDENTITY);
  });
});

describe('onPsk of a client', () => {
  test.each([
    ['', undefined],
    ['which key', Buffer.from('which key')],
  ])('is asked with the hint %j', (text, hint) => {
    const asked: string[] = [];
    const pair = askingClient((value) => {
      asked.push(value.toString());
      return { identity: IDENTITY, key: KEY };
    }, hint);
    expect(pair.handshake().established).toBe(true);
    expect(asked).toEqual([text]);
    expect(pair.client.pskIdentity().equals(IDENTITY)).toBe(true);
  });

  test.each<[string, unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['a key without an identity', { key: KEY }],
    ['an identity without a key', { identity: IDENTITY }],
    ['an identity that is a string', { identity: 'alice', key: KEY }],
    ['an empty identity', { identity: Buffer.alloc(0), key: KEY }],
    ['an identity of 129 bytes', { identity: Buffer.alloc(129, 'i'), key: KEY }],
    ['an empty key', { identity: IDENTITY, key: Buffer.alloc(0) }],
    ['a key of 257 bytes', { identity: IDENTITY, key: Buffer.alloc(257) }],
    ['a bare key', KEY],
  ])('fails the handshake when it answers with %s', (_, answer) => {
    const pair = askingClient(() => answer as ClientPsk).handshake();
    expect(pair.status.client).toBe(Status.Failed);
    expect(pair.client.reason()).not.toBe('');
  });

  test('takes an identity of 128 bytes', () => {
    const identity = Buffer.alloc(128, 'i');
    const pair = new Pair(binding, { client: { psk: undefined }, server: { pskTable: [[identity, KEY]] } });
    pair.client.onPsk = () => ({ identity, key: KEY });
    expect(pair.handshake().established).toBe(true);
    expect(pair.accepted.pskIdentity().equals(identity)).toBe(true);
  });
});

describe('what onPsk throws', () => {
  class Failure extends Error {}

  test.each<[string, unknown]>([
    ['an Error', new Failure('no database')],
    ['undefined', undefined],
    ['null', null],
    ['a string', 'no database'],
    ['a symbol', Symbol('no database')],
  ])('ends the handshake and comes out of takeThrown once: %s', (_, thrown) => {
    const onPsk = () => {
      throw thrown;
    };
    for (const [pair, side] of [
      [askingServer(onPsk), 'server'],
      [askingClient(onPsk), 'client'],
    ] as const) {
      pair.handshake();
      expect(pair.status[side]).toBe(Status.Failed);
      const session = side === 'server' ? pair.accepted : pair.client;
      const parked = session.takeThrown();
      expect(Object.keys(parked ?? {})).toEqual(['value']);
      expect(parked?.value).toBe(thrown);
      expect(session.takeThrown()).toBeUndefined();
    }
  });

  test('comes out of takeThrown when a getter throws it', () => {
    const failure = new Failure('a getter');
    const pair = new Pair(binding, { server: { pskTable: [] } });
    pair.onServer = (session) => {
      Object.defineProperty(session, 'onPsk', {
        get() {
          throw failure;
        },
      });
    };
    pair.handshake();
    expect(pair.status.server).toBe(Status.Failed);
    expect(pair.accepted.takeThrown()?.value).toBe(failure);
  });

  test('comes out of takeThrown when the answer throws it while it is read', () => {
    const failure = new Failure('an answer');
    const pair = askingClient(() => ({
      identity: IDENTITY,
      get key(): Uint8Array {
        throw failure;
      },
    })).handshake();
    expect(pair.status.client).toBe(Status.Failed);
    expect(pair.client.takeThrown()?.value).toBe(failure);
  });

  test('can be taken after the session is destroyed', () => {
    const pair = askingServer(() => {
      throw 'late';
    }).handshake();
    pair.accepted.destroy();
    expect(pair.accepted.takeThrown()?.value).toBe('late');
  });
});

describe('inside onPsk', () => {
  test('the verbs of the same session throw and the handshake goes on', () => {
    const errors: unknown[] = [];
    const into = Buffer.alloc(1200);
    const pair = askingServer(function (this: Session) {
      const verbs = [
        () => this.start(),
        () => this.receive(into, 0, 0, into, 0),
        () => this.poll(into, 0),
        () => this.write(into, into, 0),
        () => this.handleTimeout(),
        () => this.shutdown(),
        () => this.takeDatagram(into, 0),
        () => this.timeoutMs(),
        () => this.stage(),
        () => this.pskIdentity(),
        () => this.takeKeylog(),
        () => this.cipherName(),
      ];
      for (const verb of verbs) {
        try {
          verb();
          errors.push('did not throw');
        } catch (error) {
          errors.push((error as Error).message);
        }
      }
      return KEY;
    });
    expect(pair.handshake().established).toBe(true);
    expect(new Set(errors)).toEqual(new Set([REENTRY]));
    expect(errors).toHaveLength(12);
  });

  test('the verb error of the same session can be left uncaught and is parked', () => {
    const pair = askingServer(function (this: Session) {
      this.poll(Buffer.alloc(64), 0);
      return KEY;
    }).handshake();
    expect(pair.status.server).toBe(Status.Failed);
    expect(pair.accepted.takeThrown()?.value).toHaveProperty('message', REENTRY);
  });

  test('other sessions work, a whole handshake included', () => {
    let other: InstanceType<typeof Pair> | undefined;
    const pair = askingServer(() => {
      other = new Pair(binding).handshake();
      expect(send(other.client, other.accepted, 'ping')).toBe('ping');
      return KEY;
    });
    expect(pair.handshake().established).toBe(true);
    expect(other?.established).toBe(true);
    expect(send(pair.client, pair.accepted, 'ping')).toBe('ping');
  });

  test('destroy takes effect when the verb has ended', () => {
    const pair = askingServer(function (this: Session) {
      this.destroy();
      this.destroy();
      return KEY;
    });
    pair.client.start();
    pair.toServer(takeAll(pair.client)[0]);
    feed(pair.client, takeAll(pair.listener)[0] as Buffer, Buffer.alloc(16_384));
    pair.toServer(takeAll(pair.client)[0]);
    feed(pair.client, takeAll(pair.accepted)[0] as Buffer, Buffer.alloc(16_384));
    pair.toServer(takeAll(pair.client)[0]);
    expect(pair.status.server).toBe(Status.Established);
    expect(() => pair.accepted.stage()).toThrow('destroyed');
  });

  test("destroy of a client's session takes effect when the verb has ended", () => {
    const pair = askingClient(function (this: Session) {
      this.destroy();
      return undefined;
    });
    expect(() => pair.handshake()).toThrow('destroyed');
    expect(pair.status.client).toBe(Status.Failed);
  });

  test('the datagram that is being read may be detached', () => {
    const pair = askingServer(() => KEY);
    let detached = 0;
    const receive = pair.toServer.bind(pair);
    pair.toServer = (datagram) => {
      const memory = new Uint8Array(new ArrayBuffer(datagram.length));
      memory.set(datagram);
      if (pair.server !== undefined) {
        pair.server.onPsk = () => {
          structuredClone(memory.buffer, { transfer: [memory.buffer] });
          detached += memory.length === 0 ? 1 : 0;
          return KEY;
        };
      }
      receive(memory as Buffer);
    };
    expect(pair.handshake().established).toBe(true);
    expect(detached).toBe(1);
  });

  test('the room for messages may be detached', () => {
    const pair = askingServer(() => KEY);
    pair.client.start();
    for (const _ of ['without a cookie', 'with a cookie']) {
      pair.toServer(takeAll(pair.client)[0]);
      feed(pair.client, takeAll(pair.server ?? pair.listener)[0] as Buffer, Buffer.alloc(16_384));
    }
    const room = new Uint8Array(new ArrayBuffer(16_384));
    pair.accepted.onPsk = () => {
      structuredClone(room.buffer, { transfer: [room.buffer] });
      return KEY;
    };
    expect(feed(pair.accepted, takeAll(pair.client)[0] as Buffer, room)).toBe(Status.Established);
    expect(room).toHaveLength(0);
    expect(pair.accepted.stage()).toBe(Stage.Established);
  });
});

test('a detached room keeps a handshake from nothing', () => {
  const room = new Uint8Array(new ArrayBuffer(16_384));
  structuredClone(room.buffer, { transfer: [room.buffer] });
  const pair = new Pair(binding);
  pair.client.start();
  pair.toServer(takeAll(pair.client)[0]);
  expect(feed(pair.client, takeAll(pair.listener)[0] as Buffer, room)).toBe(Status.Idle);
  pair.toServer(takeAll(pair.client)[0]);
  expect(feed(pair.client, takeAll(pair.accepted)[0] as Buffer, room)).toBe(Status.Idle);
  pair.toServer(takeAll(pair.client)[0]);
  expect(feed(pair.client, takeAll(pair.accepted)[0] as Buffer, room)).toBe(Status.Established);
});
