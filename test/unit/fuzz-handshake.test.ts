import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ByteReader } from '../../lib/handshake/byte-reader';
import { parseClientHello } from '../../lib/handshake/client-hello';
import { HandshakeMessages } from '../../lib/handshake/messages';
import { ClientPskQuestion, ServerPskQuestion } from '../../lib/handshake/psk-question';
import { HandshakeRecorder } from '../../lib/handshake/recorder';
import {
  clientHelloRandom,
  countCiphertexts,
  fatalAlertRecord,
  firstEpoch,
  isRecord,
  isSingleCiphertext,
  isSingleMessage,
  parseRecords,
  recordName,
} from '../../lib/handshake/wire';
import { Stage } from '../../lib/native';
import { datagrams, runs } from '../support/fuzz';

const flights = fc.array(datagrams(), { maxLength: 12 });
/** fast-check prints the seed of what fails. */
const many = runs(600);
const few = runs(300);

test('a reader of any bytes gives what is there, and nothing from the first miss on', () => {
  const steps = fc.array(fc.tuple(fc.constantFrom('uint', 'take', 'vector'), fc.integer({ min: 1, max: 3 })));
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), steps, (bytes, script) => {
      const reader = new ByteReader(bytes);
      for (const [verb, size] of script) {
        const { left, failed } = reader;
        const result = reader[verb as 'uint' | 'take' | 'vector'](size);
        const isEmpty = typeof result === 'number' || result.length === 0;
        expect(reader.failed ? reader.left === 0 && isEmpty : reader.left <= left && !failed).toBe(true);
      }
    }),
    many,
  );
});

test('the record parsers take any datagram, and agree with each other', () => {
  fc.assert(
    fc.property(datagrams(), (datagram) => {
      const records = parseRecords(datagram);
      for (const record of records) {
        expect(typeof recordName(record)).toBe('string');
        expect(Number.isSafeInteger(record.sequence)).toBe(true);
      }
      if (isRecord(datagram)) expect(records.length).toBeGreaterThan(0);
      if (isSingleCiphertext(datagram)) expect(records).toHaveLength(1);
      if (isSingleMessage(datagram, 0, datagram.length)) expect(records).toHaveLength(1);
      if (records.length > 0) expect(firstEpoch(datagram)).toBe(records[0]?.epoch);
      expect(countCiphertexts(datagram)).toBeGreaterThanOrEqual(0);
      expect(clientHelloRandom(datagram)?.length ?? 32).toBe(32);
    }),
    many,
  );
});

test('an alert record of any number is read as it was written', () => {
  fc.assert(
    fc.property(fc.nat(255), fc.nat(2 ** 48 - 1), (description, sequence) => {
      expect(parseRecords(fatalAlertRecord(description, sequence))).toMatchObject([{ type: 21, epoch: 0, sequence }]);
    }),
    runs(),
  );
});

test('the ClientHello of any datagram is none, or one with names that can be shown', () => {
  fc.assert(
    fc.property(datagrams(), (datagram) => {
      const before = Buffer.from(datagram);
      const hello = parseClientHello(datagram);
      expect(hello?.serverName ?? '').toMatch(/^[a-z0-9._-]*$/);
      expect(hello?.alpnProtocols.every((name) => name !== '') ?? true).toBe(true);
      expect(datagram.equals(before)).toBe(true);
    }),
    many,
  );
});

test('messages of any flights are assembled within their bounds', () => {
  fc.assert(
    fc.property(flights, (datagramsOfFlight) => {
      const messages = new HandshakeMessages([1, 2, 12, 16], 64);
      for (const datagram of datagramsOfFlight) messages.add(datagram);
      for (const type of [1, 2, 12, 16]) {
        expect(messages.message(type)?.type ?? type).toBe(type);
        expect(messages.message(type)?.body.length ?? 0).toBeLessThanOrEqual(64);
      }
    }),
    few,
  );
});

test('what OpenSSL will ask is found once, or not at all, in any flights', () => {
  fc.assert(
    fc.property(flights, fc.boolean(), (datagramsOfFlight, isPsk) => {
      for (const question of [new ServerPskQuestion(() => isPsk), new ClientPskQuestion(() => isPsk)]) {
        const answers = datagramsOfFlight.map((datagram) => question.read(datagram)).filter(Boolean);
        expect(answers.length).toBeLessThanOrEqual(isPsk ? 1 : 0);
      }
    }),
    few,
  );
});

test('a handshake of any flights in either direction is recorded', () => {
  const steps = fc.array(fc.tuple(fc.boolean(), datagrams(), fc.boolean()), { maxLength: 12 });
  fc.assert(
    fc.property(steps, (script) => {
      const recorder = new HandshakeRecorder(1200, []);
      for (const [isSent, datagram, wasHeld] of script) {
        if (isSent) recorder.sent([datagram]);
        else recorder.received(datagram, wasHeld);
        recorder.unresolved(datagram, Stage.AwaitingFinished);
        recorder.wrongKeySuspected(Stage.AwaitingFinished);
        expect(recorder.nextSequence).toBeGreaterThanOrEqual(0);
        expect(recorder.nextSequence).toBeLessThan(2 ** 48);
      }
      const info = recorder.info('');
      expect(info.datagramsSent + info.datagramsReceived).toBe(script.length);
      expect(info.retransmits).toBeLessThanOrEqual(info.datagramsSent);
    }),
    few,
  );
});
