import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { HandshakeRecorder } from '../../lib/handshake/recorder';
import { certifiedClient, serveCertified } from '../support/certified';
import { rejected } from '../support/errors';
import { Link } from '../support/link';
import { patient, quick } from '../support/pair';
import { type Authority, authority, type Certified } from '../support/pki';
import { changeCipherSpec, finished, handshake } from '../support/wire';

const CERTIFICATE = 11;

describe('progress of a handshake', () => {
  let recorder: HandshakeRecorder;
  /** Whether this made any. */
  const received = (...records: Buffer[]): boolean => {
    const before = recorder.progress;
    recorder.received(Buffer.concat(records));
    return recorder.progress !== before;
  };
  const sent = (...flight: Buffer[]): boolean => {
    const before = recorder.progress;
    recorder.sent(flight);
    return recorder.progress !== before;
  };
  const piece = (message: number, at: number, size: number): Buffer =>
    handshake(CERTIFICATE, message, { body: Buffer.alloc(size), at, total: 4000 });

  beforeEach(() => {
    recorder = new HandshakeRecorder(1200, []);
  });

  test('is a flight that is new, and none that is repeated', () => {
    const hello = handshake(1, 0, { body: Buffer.alloc(50) });
    expect(sent(hello)).toBe(true);
    expect(sent(hello)).toBe(false);
    expect(sent(handshake(1, 1, { body: Buffer.alloc(82) }))).toBe(true);
  });

  test('is more of a message than before, or a later one, and no repetition of either, however it is cut', () => {
    expect(received(piece(1, 0, 1000))).toBe(true);
    expect(received(piece(1, 0, 1000))).toBe(false);
    expect(received(piece(1, 0, 500), piece(1, 500, 500))).toBe(false);
    expect(received(piece(1, 500, 501))).toBe(true);
    expect(received(handshake(14, 2))).toBe(true);
    expect(received(piece(1, 3000, 1000), handshake(14, 2))).toBe(false);
  });

  test('is no hello that a server has already, and nothing that is no message', () => {
    const hello = handshake(1, 1, { body: Buffer.alloc(82) });
    received(hello);
    expect(received(hello)).toBe(false);
    expect(received(changeCipherSpec())).toBe(false);
    expect(received(finished())).toBe(false);
    expect(received(Buffer.from('no record at all'))).toBe(false);
  });
});

test('the size of a hello is that of its largest datagram, while it is the latest flight', () => {
  const recorder = new HandshakeRecorder(1200, []);
  expect(recorder.helloSize).toBe(0);
  const first = handshake(1, 0, { body: Buffer.alloc(300), total: 400 });
  const rest = handshake(1, 0, { body: Buffer.alloc(100), at: 300, total: 400 });
  recorder.sent([first, rest]);
  expect(recorder.helloSize).toBe(first.length);
  recorder.sent([handshake(CERTIFICATE, 2, { body: Buffer.alloc(900) })]);
  expect(recorder.helloSize).toBe(0);
});

describe('a flight that OpenSSL sends again while it reads', () => {
  let ca: Authority;
  let leaf: Certified;

  beforeAll(async () => {
    ca = await authority();
    const intermediate = await ca.intermediate({ keyType: 'rsa-2048' });
    leaf = await intermediate.issue({ keyType: 'rsa-2048' });
  });

  /** In which the timer of the event loop does not run out, and OpenSSL's does. */
  const block = (ms: number): void => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
  };

  test('counts as lost', async () => {
    const link = new Link();
    await serveCertified(link, { cert: leaf.chain, key: leaf.key, ...quick });
    const flights: number[] = [];
    let isAnswering = false;
    link.toClient.rule = (datagram) => {
      if (datagram[13] === 3) return [datagram];
      if (isAnswering) flights.push(Math.max(flights.pop() as number, datagram.length));
      return [];
    };
    const transport = link.client();
    const association = certifiedClient(link, { ca: ca.cert, transport, ...patient }).startHandshake();
    while (link.toServer.sent.length < 2) await new Promise(setImmediate);
    // Before the server has the second hello: all that follows happens in one turn of the event loop.
    isAnswering = true;
    const hello = Buffer.from(link.toServer.sent[1] as Buffer);
    // As a hello that is sent again by a client that knows the version by then: one of another is not read.
    hello.writeUInt16BE(0xfefd, 1);
    for (const waitMs of [0, 25, 45, 85, 165]) {
      block(waitMs);
      flights.push(0);
      link.arriveAtServer(hello, transport.address);
    }
    expect(flights).toEqual([1200, 1200, 548, 548, 256]);
    await Promise.all([rejected(association.opened), association.close()]);
  });
});
