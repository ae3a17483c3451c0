import { describe, expect, test } from '@jest/globals';
import type { Session, SessionHandle } from '../../binding';
import { binding, Progress, Stage, Status, Verdict } from '../../lib/native';
import {
  ADDRESS,
  createContext,
  feed,
  IDENTITY,
  KEY,
  Pair,
  SESSION_OPTIONS,
  send,
  takeAll,
  write,
} from './children/pair.cjs';

const stageOf = (session: Session) => session.progress() & Progress.Stage;

const established = (options?: ConstructorParameters<typeof Pair>[0]) => {
  const pair = new Pair(options).handshake();
  expect(pair.established).toBe(true);
  return pair;
};

describe('the addon', () => {
  test('exports what its contract names and nothing else', () => {
    // The package `bindings` adds the path of the file that it loaded.
    const { path: _path, ...exported } = binding as typeof binding & { path?: string };
    expect(Object.keys(exported).sort()).toEqual([
      'Context',
      'Listener',
      'Session',
      'TrustStore',
      ...(process.platform === 'linux' ? ['UdpSocket'] : []),
      'hasRawPublicKeys',
      'readPkcs12',
      'receive',
      'versions',
      'write',
    ]);
    for (const value of Object.values(exported)) expect(typeof value).toBe('function');
  });

  test('tells its version', () => {
    expect(binding.versions().addon).toBe(require('../../package.json').version);
  });

  test('runs the OpenSSL that its build mode promises', () => {
    const { openssl, opensslBuilt, opensslRuntime } = binding.versions();
    // A static build that ran Node's copy would have been captured by the symbols of the host process.
    expect(opensslRuntime).toBe(openssl === 'node' ? process.versions.openssl : opensslBuilt);
  });

  test('tells the major versions as numbers', () => {
    const { opensslBuilt, opensslMajorBuilt, opensslMajorRuntime, opensslRuntime } = binding.versions();
    expect(opensslMajorBuilt).toBe(Number.parseInt(opensslBuilt, 10));
    expect(opensslMajorRuntime).toBe(Number.parseInt(opensslRuntime, 10));
  });
});

describe('a context', () => {
  test('lists the suites of its cipher list in order', () => {
    const ciphers = 'PSK-AES256-GCM-SHA384:PSK-AES128-GCM-SHA256';
    const { names, ids } = createContext({ ciphers }).suites();
    expect([...names]).toEqual(ciphers.split(':'));
    expect([...ids]).toEqual([0x00a9, 0x00a8]);
  });

  test('leaves out suites that the security level forbids', () => {
    const ciphers = 'PSK-AES128-GCM-SHA256:PSK-AES128-CCM8:@SECLEVEL=5';
    expect([...createContext({ ciphers }).suites().names]).toEqual([]);
  });

  test("is refused with the option's name and OpenSSL's reason", () => {
    expect(() => createContext({ ciphers: 'NO-SUCH-SUITE' })).toThrow(
      expect.objectContaining({ code: 'ciphers', message: 'no cipher match' }) as unknown as Error,
    );
  });

  test('takes ticket keys of 48 bytes only, and none at all', () => {
    const context = createContext();
    for (const size of [0, 47, 49, 96]) {
      expect(() => context.setTicketKeys([Buffer.alloc(48), Buffer.alloc(size)])).toThrow('48 bytes');
    }
    context.setTicketKeys([Buffer.alloc(48), Buffer.alloc(48)]);
    context.setTicketKeys([]);
  });

  test('is not needed any more by the sessions that it made', () => {
    const pair = established();
    expect(send(pair.client, pair.accepted, 'ping')).toBe('ping');
  });
});

describe('a session', () => {
  test('completes a handshake through the listener and exchanges messages', () => {
    const pair = established();
    expect(pair.status).toEqual({ client: Status.Established, server: Status.Established });
    expect(send(pair.client, pair.accepted, 'ping')).toBe('ping');
    expect(send(pair.accepted, pair.client, 'pong')).toBe('pong');
  });

  test('tells what was negotiated', () => {
    const { client, accepted: server } = established();
    for (const session of [client, server]) {
      expect(stageOf(session)).toBe(Stage.Established);
      expect(session.cipherName()).toBe('PSK-AES128-GCM-SHA256');
      expect(session.cipherStandardName()).toBe('TLS_PSK_WITH_AES_128_GCM_SHA256');
      expect(session.protocol()).toBe('DTLSv1.2');
      expect(session.maxPayload(SESSION_OPTIONS.mtu)).toBe(SESSION_OPTIONS.mtu - 13 - 24);
      expect(session.pskIdentity()).toBe(IDENTITY.toString());
      expect(session.timeoutMs(performance.now())).toBe(-1);
      expect(session.alertReceived()).toBe(-1);
      expect(session.alertSent()).toBe(-1);
      expect(session.reason()).toBe('');
    }
  });

  test('has negotiated nothing before it starts', () => {
    const { client } = new Pair();
    expect(stageOf(client)).toBe(Stage.Negotiating);
    expect(client.cipherName()).toBe('');
    expect(client.cipherStandardName()).toBe('');
    expect(client.maxPayload(SESSION_OPTIONS.mtu)).toBe(0);
    expect(client.timeoutMs(performance.now())).toBe(-1);
    expect(client.pskIdentity()).toBe('');
    expect(client.takeKeylog()).toHaveLength(0);
    expect(client.progress() & Progress.PskRequested).toBe(0);
  });

  test('of a server knows whether there is a key for the identity that its client named', () => {
    expect(established().accepted.knowsIdentity()).toBe(true);
  });

  test('of a server knows the identities that the context in use has keys for', () => {
    const pair = new Pair();
    pair.onServer = (session) => {
      expect(session.knowsIdentity(IDENTITY)).toBe(true);
      expect(session.knowsIdentity(IDENTITY.subarray(1))).toBe(false);
      expect(session.knowsIdentity(Buffer.alloc(0))).toBe(false);
      expect(session.knowsIdentity()).toBe(false);
      session.useContext(pair.clientContext, Buffer.alloc(0), false);
      expect(session.knowsIdentity(IDENTITY)).toBe(false);
    };
    pair.handshake();
    expect(pair.status.server).toBe(Status.Failed);
  });

  test('runs a timer while it waits for its peer', () => {
    const { client } = new Pair();
    expect(client.start()).toBe(Status.Idle);
    expect(client.timeoutMs(performance.now())).toBeGreaterThan(0);
    expect(client.timeoutMs(performance.now())).toBeLessThanOrEqual(SESSION_OPTIONS.initialTimeoutMs);
    expect(client.handleTimeout(performance.now())).toBe(Status.Idle);
  });

  test('takes and fills memory at an offset and nowhere else', () => {
    const { client, accepted: server } = established();
    const into = Buffer.alloc(300, 0xee);
    const size = binding.write(client.handle(), Buffer.from('--message--').subarray(2, 9), into, 100);
    expect(into.subarray(0, 100)).toEqual(Buffer.alloc(100, 0xee));
    expect(into.subarray(100 + size)).toEqual(Buffer.alloc(200 - size, 0xee));
    const plain = Buffer.alloc(64, 0xee);
    expect(binding.receive(server.handle(), into, 100, size, plain, 5)).toBe(7);
    expect(plain.toString('latin1', 0, 13)).toBe('\xee\xee\xee\xee\xeemessage\xee');
  });

  test('of a destroyed session no handle leads anywhere, nor does anything else that is taken for one', () => {
    const { client } = established();
    const [message, into] = [Buffer.from('message'), Buffer.alloc(300)];
    const handle = client.handle();
    client.destroy();
    const nothing: unknown[] = [handle, client, undefined, null, 1, Symbol('handle'), {}];
    for (const each of nothing as SessionHandle[]) {
      expect(() => binding.write(each, message, into, 0)).toThrow('the DTLS session is destroyed');
      expect(() => binding.receive(each, into, 0, 100, into, 0)).toThrow('the DTLS session is destroyed');
    }
    expect(into).toEqual(Buffer.alloc(300));
  });

  test('reads a second record of a datagram with poll', () => {
    const { client, accepted: server } = established();
    const into = Buffer.alloc(64);
    const datagram = Buffer.concat(['one', 'second'].map((message) => write(client, message)));
    expect(feed(server, datagram, into)).toBe(3);
    expect(server.poll(into, 3)).toBe(6);
    expect(into.toString('utf8', 0, 9)).toBe('onesecond');
    expect(server.poll(into, 0)).toBe(Status.Idle);
  });

  test('keeps a datagram for which there is no room', () => {
    const { client } = new Pair();
    client.start();
    expect(client.takeDatagram(Buffer.alloc(10), 0)).toBe(0);
    expect(client.takeDatagram(Buffer.alloc(1200), 1200)).toBe(0);
    expect(client.takeDatagram(Buffer.alloc(1200), 0)).toBeGreaterThan(0);
  });

  test('tells its peer when it shuts down', () => {
    const { client, accepted: server } = established();
    expect(client.shutdown()).toBe(Status.Idle);
    expect(feed(server, takeAll(client)[0] as Buffer, Buffer.alloc(64))).toBe(Status.Closed);
    expect(server.alertReceived()).toBe((1 << 8) | 0);
  });

  test('fails with the alert of a peer that does not know the identity', () => {
    const pair = new Pair({ server: { pskTable: [] } }).handshake();
    expect(pair.status).toEqual({ client: Status.Failed, server: Status.Failed });
    expect(pair.client.alertReceived()).toBe((2 << 8) | 115);
    expect(pair.accepted.alertSent()).toBe((2 << 8) | 115);
    expect(pair.client.reason()).not.toBe('');
    expect(pair.client.poll(Buffer.alloc(64), 0)).toBe(Status.Failed);
  });

  test('shows a wrong key in its stage and nowhere else', () => {
    const pair = new Pair({ server: { pskTable: [[IDENTITY, Buffer.from('wrong')]] } }).handshake();
    expect(pair.status).toEqual({ client: Status.Idle, server: Status.Idle });
    expect(stageOf(pair.client)).toBe(Stage.SentFinished);
    expect(stageOf(pair.accepted)).toBe(Stage.AwaitingFinished);
    expect(pair.accepted.progress() & Progress.PskRequested).not.toBe(0);
  });

  test('gives its key log lines once, when the context collects them', () => {
    const { client, accepted: server } = established({ client: { keylog: true } });
    expect(client.takeKeylog().toString()).toMatch(/^CLIENT_RANDOM [0-9a-f]{64} [0-9a-f]{96}\n$/);
    expect(client.takeKeylog()).toHaveLength(0);
    expect(server.takeKeylog()).toHaveLength(0);
  });

  test('completes its handshake without room for a message', () => {
    const room = new Uint8Array(new ArrayBuffer(16_384));
    structuredClone(room.buffer, { transfer: [room.buffer] });
    const pair = new Pair();
    pair.client.start();
    pair.toServer(takeAll(pair.client)[0]);
    expect(feed(pair.client, takeAll(pair.listener)[0] as Buffer, room)).toBe(Status.Idle);
    pair.toServer(takeAll(pair.client)[0]);
    expect(feed(pair.client, takeAll(pair.accepted)[0] as Buffer, room)).toBe(Status.Idle);
    pair.toServer(takeAll(pair.client)[0]);
    expect(feed(pair.client, takeAll(pair.accepted)[0] as Buffer, room)).toBe(Status.Established);
  });

  test('refuses every verb after destroy, which may be repeated', () => {
    const { client } = established();
    expect(client.isDestroyed()).toBe(false);
    client.destroy();
    client.destroy();
    expect(client.isDestroyed()).toBe(true);
    const stillWork = ['constructor', 'destroy', 'isDestroyed'];
    const verbs = Object.getOwnPropertyNames(Object.getPrototypeOf(client)).filter((name) => !stillWork.includes(name));
    expect(verbs.length).toBeGreaterThan(40);
    for (const verb of verbs) {
      expect(() => (client as unknown as Record<string, () => unknown>)[verb]()).toThrow('destroyed');
    }
  });
});

describe('a listener', () => {
  const helloOf = ({ client }: InstanceType<typeof Pair>) => {
    client.start();
    return takeAll(client)[0];
  };

  test('answers a hello without a cookie and keeps nothing to promote', () => {
    const pair = new Pair();
    expect(pair.listener.accept(helloOf(pair), ADDRESS)).toBe(Verdict.Reply);
    expect(takeAll(pair.listener)).toHaveLength(1);
    expect(() => pair.listener.promote()).toThrow('no verified DTLS connection waits');
  });

  test('ignores what is no hello', () => {
    const { listener } = new Pair();
    for (const datagram of [Buffer.alloc(0), Buffer.alloc(100), Buffer.from('GET / HTTP/1.1')]) {
      expect(listener.accept(datagram, ADDRESS)).toBe(Verdict.Ignored);
      expect(takeAll(listener)).toHaveLength(0);
    }
  });

  test('serves one client after the other', () => {
    const pair = established();
    const { listener } = pair;
    for (let i = 0; i < 3; i += 1) {
      const next = new Pair();
      next.listener = listener;
      expect(next.handshake().established).toBe(true);
    }
  });

  test('takes cookie keys of 32 bytes only', () => {
    const { listener } = new Pair();
    const key = Buffer.alloc(32);
    for (const wrong of [Buffer.alloc(31), Buffer.alloc(33), Buffer.alloc(0)]) {
      expect(() => listener.setCookieKeys([wrong, key])).toThrow('32 bytes');
      expect(() => listener.setCookieKeys([key, wrong])).toThrow('32 bytes');
    }
  });

  test('refuses verbs after destroy, which may be repeated, and leaves its sessions alive', () => {
    const pair = established();
    pair.listener.destroy();
    pair.listener.destroy();
    expect(() => pair.listener.accept(Buffer.alloc(0), ADDRESS)).toThrow('destroyed');
    expect(() => pair.listener.takeDatagram(Buffer.alloc(0), 0)).toThrow('destroyed');
    expect(() => pair.listener.promote()).toThrow();
    expect(send(pair.accepted, pair.client, 'alive')).toBe('alive');
  });
});

test('the key of a context is a copy', () => {
  const key = Buffer.from(KEY);
  const pair = new Pair({ client: { psk: { identity: IDENTITY, key } } });
  key.fill(0);
  expect(pair.handshake().established).toBe(true);
});
