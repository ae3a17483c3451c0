import { describe, expect, jest, test } from '@jest/globals';
import type { Session } from '../../binding';
import type { DriverSetup } from '../../lib/association/driver-setup';
import type { HandshakeParts } from '../../lib/association/handshake-parts';
import { PathMtu } from '../../lib/association/path-mtu';

interface Fake {
  mtu: PathMtu;
  /** What the flights were cut to, in order. */
  cuts: number[];
  /** What a message may have, as told after the handshake: of the fake session 37 bytes less than a datagram. */
  resized: number[];
  recorder: { progress: number; retransmits: number; helloSize: number; mtu: number };
  transport: { maxDatagramSize?: unknown };
  /** How long OpenSSL's timer still runs. */
  timer: { leftMs: number };
  /** So many timeouts. */
  lose(times: number): void;
}

function fake({
  mtu = 1200,
  role = 'client' as 'client' | 'server',
  helloSize = 0,
  carried = undefined as unknown,
} = {}): Fake {
  const cuts: number[] = [];
  const resized: number[] = [];
  const timer = { leftMs: 0 };
  const session = {
    setMtu: (size: number) => cuts.push(size),
    maxPayload: (size: number) => size - 37,
    timeoutMs: () => timer.leftMs,
  };
  const recorder = { progress: 1, retransmits: 0, helloSize, mtu };
  const transport: Fake['transport'] = { maxDatagramSize: carried };
  const setup = { mtu, transport, events: { resized: (size: number) => resized.push(size) } };
  const parts = { role, recorder, session: session as unknown as Session };
  const pathMtu = new PathMtu(parts as unknown as HandshakeParts, setup as unknown as DriverSetup);
  const lose = (times: number): void => {
    for (let i = 0; i < times; i++) {
      pathMtu.beforeTimer();
      recorder.retransmits++;
    }
  };
  return { mtu: pathMtu, cuts, resized, recorder, transport, timer, lose };
}

describe('flights', () => {
  test('shrink to 548 bytes after two losses, to 256 after two more, and no further', () => {
    const { cuts, recorder, lose } = fake();
    lose(1);
    expect(cuts).toEqual([]);
    lose(1);
    expect(cuts).toEqual([548]);
    lose(1);
    expect(cuts).toEqual([548]);
    lose(1);
    expect(cuts).toEqual([548, 256]);
    expect(recorder.mtu).toBe(256);
    lose(8);
    expect(cuts).toEqual([548, 256]);
  });

  test.each([
    [16_384, [548, 256]],
    [549, [548, 256]],
    [548, [256]],
    [257, [256]],
    [256, []],
  ])('of an mtu of %i bytes never grow', (mtu, sizes) => {
    const { cuts, lose } = fake({ mtu });
    lose(12);
    expect(cuts).toEqual(sizes);
  });

  test('are not lost while the timer runs', () => {
    const { cuts, timer, lose } = fake();
    timer.leftMs = 1;
    lose(4);
    timer.leftMs = -1;
    lose(4);
    expect(cuts).toEqual([]);
  });

  test('have as many losses again after any progress, and their size stays', () => {
    const { cuts, recorder, lose } = fake();
    lose(1);
    recorder.progress++;
    lose(1);
    expect(cuts).toEqual([]);
    lose(1);
    expect(cuts).toEqual([548]);
    lose(1);
    recorder.progress++;
    lose(1);
    expect(cuts).toEqual([548]);
    lose(1);
    expect(cuts).toEqual([548, 256]);
  });

  test('are lost once for each time that they are sent, however often somebody looks at the timer', () => {
    const { mtu, cuts, recorder } = fake();
    mtu.beforeTimer();
    mtu.beforeTimer();
    expect(cuts).toEqual([]);
    recorder.retransmits++;
    mtu.beforeTimer();
    expect(cuts).toEqual([548]);
    mtu.beforeTimer();
    mtu.beforeTimer();
    expect(cuts).toEqual([548]);
  });

  test('that are a large ClientHello are cut after four losses', () => {
    const { cuts, recorder, lose } = fake({ helloSize: 700 });
    lose(3);
    expect(cuts).toEqual([]);
    lose(1);
    expect(cuts).toEqual([548]);
    recorder.helloSize = 548;
    lose(12);
    expect(cuts).toEqual([548]);
  });

  test('that are a ClientHello of up to 548 bytes are not cut by losses; those that follow are', () => {
    const { cuts, recorder, lose } = fake({ helloSize: 257 });
    lose(1);
    expect(cuts).toEqual([]);
    lose(11);
    expect(cuts).toEqual([548]);
    recorder.helloSize = 0;
    recorder.progress++;
    lose(1);
    expect(cuts).toEqual([548]);
    lose(1);
    expect(cuts).toEqual([548, 256]);
  });

  test('that the peer asks for after the handshake shrink, too, and messages do not', () => {
    const { mtu, cuts, resized } = fake();
    expect(mtu.established()).toBe(1200 - 37);
    mtu.repeated();
    expect(cuts).toEqual([]);
    mtu.repeated();
    expect(cuts).toEqual([548]);
    expect(resized).toEqual([]);
  });
});

describe('what the transport knows of the path', () => {
  test('bounds flights and messages from the beginning on a client', () => {
    const { mtu, cuts, recorder } = fake({ carried: 1000 });
    mtu.opened();
    expect(cuts).toEqual([1000]);
    expect(recorder.mtu).toBe(1000);
    expect(mtu.established()).toBe(1000 - 37);
  });

  test('is asked by a server when a flight is lost', () => {
    const { mtu, cuts, lose } = fake({ carried: 1000, role: 'server' });
    mtu.opened();
    expect(cuts).toEqual([]);
    lose(1);
    expect(cuts).toEqual([1000]);
    expect(mtu.established()).toBe(1000 - 37);
  });

  test('bounds flights beside losses, whichever is less', () => {
    const { cuts, transport, lose } = fake();
    lose(2);
    transport.maxDatagramSize = 1000;
    lose(1);
    expect(cuts).toEqual([548]);
    transport.maxDatagramSize = 400;
    lose(1);
    expect(cuts).toEqual([548, 400]);
    lose(2);
    expect(cuts).toEqual([548, 400, 256]);
  });

  test('is tried before anything smaller: losses of larger datagrams do not count', () => {
    const { cuts, transport, lose } = fake();
    lose(1);
    transport.maxDatagramSize = 1000;
    lose(1);
    expect(cuts).toEqual([1000]);
    lose(1);
    expect(cuts).toEqual([1000]);
    lose(1);
    expect(cuts).toEqual([1000, 548]);
  });

  test('counts as 256 bytes when it is less, for OpenSSL makes no smaller datagrams', () => {
    const { mtu, cuts } = fake({ carried: 100 });
    mtu.opened();
    expect(cuts).toEqual([256]);
    expect(mtu.established()).toBe(256 - 37);
  });

  test('does not exceed the option', () => {
    const { mtu, cuts } = fake({ carried: 9000 });
    mtu.opened();
    expect(cuts).toEqual([]);
    expect(mtu.established()).toBe(1200 - 37);
  });

  test('is asked after EMSGSIZE and told when it has changed, whether less or more', () => {
    const { mtu, resized, transport } = fake();
    mtu.established();
    const tooLarge = Object.assign(new Error(), { code: 'EMSGSIZE' });
    transport.maxDatagramSize = 1000;
    for (const error of [new Error(), Object.assign(new Error(), { code: 'ENOBUFS' }), undefined, 'EMSGSIZE', null]) {
      mtu.failed(error);
    }
    expect(resized).toEqual([]);
    mtu.failed(tooLarge);
    mtu.failed(tooLarge);
    expect(resized).toEqual([1000 - 37]);
    transport.maxDatagramSize = 1100;
    mtu.failed(tooLarge);
    expect(resized).toEqual([1000 - 37, 1100 - 37]);
    transport.maxDatagramSize = undefined;
    mtu.failed(tooLarge);
    expect(resized.at(-1)).toBe(1200 - 37);
  });

  test.each([undefined, 0, -1, Number.NaN, Number.POSITIVE_INFINITY, null, 'wide', {}])(
    'is nothing when it says %p',
    (carried) => {
      const { mtu, cuts } = fake({ carried });
      mtu.opened();
      expect(cuts).toEqual([]);
      expect(mtu.established()).toBe(1200 - 37);
    },
  );

  test('is nothing when a transport throws, which becomes an uncaught exception of its own', () => {
    const { mtu, cuts, transport } = fake();
    Object.defineProperty(transport, 'maxDatagramSize', {
      get: () => {
        throw new Error('broken');
      },
    });
    const nextTick = jest.spyOn(process, 'nextTick').mockImplementation(() => {});
    mtu.opened();
    const [rethrow] = nextTick.mock.calls[0] as [() => void];
    nextTick.mockRestore();
    expect(rethrow).toThrow('broken');
    expect(cuts).toEqual([]);
  });

  test('is a whole number', () => {
    const { mtu, cuts } = fake({ carried: 1000.9 });
    mtu.opened();
    expect(cuts).toEqual([1000]);
  });
});
