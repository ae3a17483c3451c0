import { beforeEach, describe, expect, jest, test } from '@jest/globals';
import { HandshakeRecorder } from '../../lib/handshake/recorder';
import { Stage } from '../../lib/native';
import { fakeClock } from '../support/clock';
import { changeCipherSpec, finished, handshake, record, Type } from '../support/wire';

const hello = handshake(1, 0, { body: Buffer.alloc(50) });
const verify = handshake(3, 0, { body: Buffer.alloc(35) });
const secondHello = handshake(1, 1, { body: Buffer.alloc(82), sequence: 1 });
/** ServerHello and ServerHelloDone. */
const serverFlight = (sequence = 1): Buffer =>
  Buffer.concat([handshake(2, 1, { body: Buffer.alloc(70), sequence }), handshake(14, 2, { sequence: sequence + 1 })]);
const clientFlight = (sequence = 2): Buffer =>
  Buffer.concat([
    handshake(16, 2, { body: Buffer.alloc(7), sequence }),
    changeCipherSpec(sequence + 1),
    finished(sequence),
  ]);

let recorder: HandshakeRecorder;

fakeClock();

beforeEach(() => {
  recorder = new HandshakeRecorder(1200, ['PSK-AES128-GCM-SHA256']);
});

const wait = (ms: number): void => {
  jest.advanceTimersByTime(ms);
};

describe('the record of a handshake', () => {
  test('begins empty', () => {
    expect(recorder.info('')).toEqual({
      flightsSent: 0,
      flightsReceived: 0,
      datagramsSent: 0,
      datagramsReceived: 0,
      retransmits: 0,
      repeatsReceived: 0,
      lastSent: undefined,
      lastReceived: undefined,
      mtu: 1200,
      ciphers: ['PSK-AES128-GCM-SHA256'],
      cipher: undefined,
      durationMs: 0,
    });
  });

  test('counts the flights and datagrams of a client, and names the last messages', () => {
    recorder.sent([hello]);
    recorder.received(verify);
    recorder.sent([secondHello]);
    recorder.received(serverFlight());
    recorder.sent([clientFlight()]);
    wait(30);
    recorder.received(Buffer.concat([changeCipherSpec(3), finished()]));
    expect(recorder.info('PSK-AES128-GCM-SHA256')).toMatchObject({
      flightsSent: 3,
      flightsReceived: 3,
      datagramsSent: 3,
      datagramsReceived: 3,
      retransmits: 0,
      repeatsReceived: 0,
      lastSent: 'Finished',
      lastReceived: 'Finished',
      cipher: 'PSK-AES128-GCM-SHA256',
      durationMs: 30,
    });
  });

  test('counts a flight of several datagrams as one, in both directions', () => {
    recorder.sent([hello, handshake(1, 0, { body: Buffer.alloc(50), sequence: 1, total: 100, at: 50 })]);
    recorder.received(handshake(2, 1, { body: Buffer.alloc(70) }));
    recorder.received(handshake(14, 2, { sequence: 2 }));
    expect(recorder.info('')).toMatchObject({
      flightsSent: 1,
      datagramsSent: 2,
      flightsReceived: 1,
      datagramsReceived: 2,
      repeatsReceived: 0,
    });
  });

  test('counts a flight that is sent again as a retransmission, not as a flight', () => {
    expect(recorder.sent([hello])).toBe(false);
    expect(recorder.sent([handshake(1, 0, { body: Buffer.alloc(50), sequence: 1 })])).toBe(true);
    expect(recorder.info('')).toMatchObject({ flightsSent: 1, datagramsSent: 2, retransmits: 1 });
  });

  test('counts what the peer repeats', () => {
    recorder.sent([secondHello]);
    recorder.received(serverFlight());
    recorder.received(serverFlight(3));
    expect(recorder.info('')).toMatchObject({ datagramsReceived: 2, repeatsReceived: 1, flightsReceived: 1 });
  });

  test('takes the next fragment of a message for no repetition', () => {
    recorder.received(handshake(2, 1, { body: Buffer.alloc(50), total: 80 }));
    recorder.received(handshake(2, 1, { body: Buffer.alloc(30), total: 80, at: 50, sequence: 1 }));
    expect(recorder.info('').repeatsReceived).toBe(0);
  });

  test('keeps the last message when something that is no DTLS arrives', () => {
    recorder.sent([hello]);
    recorder.received(verify);
    recorder.received(Buffer.from('what is this?'));
    expect(recorder.info('')).toMatchObject({ datagramsReceived: 2, lastReceived: 'HelloVerifyRequest' });
  });

  test('is frozen', () => {
    expect(Object.isFrozen(recorder.info(''))).toBe(true);
  });
});

test('the next sequence number follows the highest that was sent in plaintext', () => {
  expect(recorder.nextSequence).toBe(0);
  recorder.sent([hello]);
  recorder.sent([clientFlight(2)]);
  expect(recorder.nextSequence).toBe(4);
});

test('the next sequence number after the last of 48 bits is 0', () => {
  recorder.sent([handshake(2, 1, { body: Buffer.alloc(70), sequence: 2 ** 48 - 1 })]);
  expect(recorder.nextSequence).toBe(0);
});

test('a server that has sent nothing numbers its alert like the hello, for its HelloVerifyRequest had the number before', () => {
  recorder.received(secondHello);
  expect(recorder.nextSequence).toBe(1);
});

test('our Finished is seen when it leaves', () => {
  recorder.sent([secondHello]);
  expect(recorder.finishedSent).toBe(false);
  recorder.sent([clientFlight()]);
  expect(recorder.finishedSent).toBe(true);
});

test('the latest flight is kept as it was sent', () => {
  const flight = [clientFlight()];
  recorder.sent(flight);
  expect(recorder.flight).toEqual(flight);
});

describe('on a client', () => {
  /** Up to our Finished, on a path with the given round trip. */
  function sendFinished(roundTripMs: number): void {
    recorder.sent([hello]);
    wait(roundTripMs);
    recorder.received(verify);
    recorder.sent([secondHello]);
    wait(roundTripMs);
    recorder.received(serverFlight());
    recorder.sent([clientFlight()]);
  }

  const suspected = (): boolean => recorder.wrongKeySuspected(Stage.SentFinished);

  test('a server that repeats its flight four times after our Finished has another key', () => {
    sendFinished(10);
    for (const [i, expected] of [false, false, false, true].entries()) {
      wait(1000);
      expect(recorder.received(serverFlight(10 + 2 * i))).toBe(true);
      expect(suspected()).toBe(expected);
    }
  });

  test('each such repetition asks for our flight again', () => {
    sendFinished(10);
    wait(1000);
    expect(recorder.received(serverFlight(10))).toBe(true);
    expect(recorder.received(record(Type.applicationData, Buffer.alloc(9), { epoch: 1 }))).toBe(false);
  });

  test('on a slow path, repetitions that left before ours arrived say nothing', () => {
    sendFinished(2000);
    for (let i = 0; i < 4; i++) {
      wait(900);
      expect(recorder.received(serverFlight(10 + 2 * i))).toBe(false);
    }
    expect(suspected()).toBe(false);
  });

  test('repetitions that follow each other faster than our flight can arrive count once', () => {
    sendFinished(10);
    wait(1000);
    for (let i = 0; i < 8; i++) {
      expect(recorder.received(serverFlight(10 + 2 * i))).toBe(i === 0);
      wait(20);
    }
    expect(suspected()).toBe(false);
  });

  test('copies made by the network, with the sequence numbers of old, say nothing', () => {
    sendFinished(10);
    for (let i = 0; i < 4; i++) {
      wait(1000);
      recorder.received(serverFlight());
    }
    expect(suspected()).toBe(false);
  });

  test('repetitions before our Finished say nothing', () => {
    recorder.sent([hello]);
    recorder.received(verify);
    recorder.sent([secondHello]);
    recorder.received(serverFlight());
    for (let i = 0; i < 5; i++) {
      wait(1000);
      expect(recorder.received(serverFlight(10 + 2 * i))).toBe(false);
    }
    expect(suspected()).toBe(false);
  });

  test('a ServerHello that comes again without the end of its flight says nothing', () => {
    sendFinished(10);
    for (let i = 0; i < 5; i++) {
      wait(1000);
      recorder.received(handshake(2, 1, { body: Buffer.alloc(70), sequence: 10 + i }));
    }
    expect(suspected()).toBe(false);
  });

  test('fragments of the server flight say nothing', () => {
    sendFinished(10);
    for (let at = 0; at < 70; at += 10) {
      wait(1000);
      recorder.received(handshake(2, 1, { body: Buffer.alloc(10), total: 70, at, sequence: 10 + at }));
    }
    expect(suspected()).toBe(false);
  });
});

describe('on a server', () => {
  const suspected = (): boolean => recorder.wrongKeySuspected(Stage.AwaitingFinished);

  function takeClientFlight(sequence: number): void {
    const flight = clientFlight(sequence);
    recorder.received(flight);
    recorder.unresolved(flight, Stage.AwaitingFinished);
  }

  beforeEach(() => {
    recorder.received(secondHello);
    recorder.sent([serverFlight()]);
  });

  test('a client whose whole flight comes twice and never authenticates has another key', () => {
    takeClientFlight(2);
    expect(suspected()).toBe(false);
    wait(1000);
    takeClientFlight(6);
    expect(suspected()).toBe(true);
  });

  test('one Finished that does not authenticate says nothing: it may be damaged', () => {
    takeClientFlight(2);
    expect(suspected()).toBe(false);
  });

  test('a damaged Finished that the network copies says nothing', () => {
    takeClientFlight(2);
    takeClientFlight(2);
    expect(suspected()).toBe(false);
  });

  test('a damaged Finished that arrives twice, and then the next flight without its own, say nothing', () => {
    takeClientFlight(2);
    for (let i = 0; i < 2; i++) recorder.unresolved(finished(2), Stage.AwaitingFinished);
    recorder.received(handshake(16, 2, { body: Buffer.alloc(7), sequence: 6 }));
    expect(suspected()).toBe(false);
  });

  test('a Finished that came too early counts for nothing later', () => {
    recorder.unresolved(finished(0), Stage.Negotiating);
    recorder.unresolved(finished(1), Stage.Negotiating);
    takeClientFlight(2);
    recorder.received(handshake(16, 2, { body: Buffer.alloc(7), sequence: 9 }));
    expect(suspected()).toBe(false);
  });

  test('encrypted records have numbers of their own', () => {
    takeClientFlight(2);
    recorder.received(record(Type.applicationData, Buffer.alloc(30), { epoch: 1, sequence: 5000 }));
    takeClientFlight(6);
    expect(suspected()).toBe(true);
  });

  test('a Finished in fragments says nothing', () => {
    const [keyExchange, cipherSpec] = [handshake(16, 2, { body: Buffer.alloc(7) }), changeCipherSpec(3)];
    for (const datagram of [keyExchange, cipherSpec, finished(0), finished(1), finished(2)]) {
      recorder.received(datagram);
      recorder.unresolved(datagram, Stage.AwaitingFinished);
    }
    expect(suspected()).toBe(false);
  });

  test('a Finished that arrives before the rest of its flight says nothing', () => {
    for (const sequence of [0, 1]) {
      recorder.received(finished(sequence));
      recorder.unresolved(finished(sequence), Stage.Negotiating);
    }
    takeClientFlight(2);
    expect(suspected()).toBe(false);
  });

  test('encrypted records of other kinds say nothing', () => {
    takeClientFlight(2);
    for (const type of [Type.alert, Type.applicationData]) {
      const other = record(type, Buffer.alloc(30), { epoch: 1 });
      recorder.received(other);
      recorder.unresolved(other, Stage.AwaitingFinished);
    }
    recorder.received(handshake(16, 2, { body: Buffer.alloc(7), sequence: 9 }));
    expect(suspected()).toBe(false);
  });
});

test('once the handshake is complete nothing is suspected', () => {
  for (let i = 0; i < 5; i++) {
    recorder.received(clientFlight(2 + 4 * i));
    recorder.unresolved(clientFlight(2 + 4 * i), Stage.Established);
  }
  expect(recorder.wrongKeySuspected(Stage.Established)).toBe(false);
});
