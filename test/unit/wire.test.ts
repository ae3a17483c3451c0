import { beforeAll, describe, expect, test } from '@jest/globals';
import {
  alertName,
  clientHelloRandom,
  fatalAlertRecord,
  firstEpoch,
  parseRecords,
  recordName,
} from '../../lib/handshake/wire';
import { openPair } from '../support/pair';
import { changeCipherSpec, finished, handshake, record, Type } from '../support/wire';

let toServer: Buffer[];
let toClient: Buffer[];

beforeAll(async () => {
  // Without a ServerKeyExchange.
  const { link, client } = await openPair({ client: { ciphers: 'PSK-AES128-GCM-SHA256' } });
  client.send('hello');
  await client.close();
  toServer = link.toServer.sent;
  toClient = link.toClient.sent;
});

const names = (datagram: Uint8Array) => parseRecords(datagram).map(recordName);

test('the datagrams of a real handshake are read in order', () => {
  expect(toServer.map(names)).toEqual([
    ['ClientHello'],
    ['ClientHello'],
    ['ClientKeyExchange', 'ChangeCipherSpec', 'Finished'],
    ['ApplicationData'],
    ['Alert'],
  ]);
  expect(toClient.map(names)).toEqual([
    ['HelloVerifyRequest'],
    ['ServerHello', 'ServerHelloDone'],
    ['NewSessionTicket', 'ChangeCipherSpec', 'Finished'],
  ]);
});

test('numbers and epochs of a real flight are read', () => {
  const [keyExchange, cipherSpec, last] = parseRecords(toServer[2] as Buffer);
  expect(keyExchange).toMatchObject({ epoch: 0, sequence: 2, handshakeType: 16, messageSequence: 2 });
  expect(cipherSpec).toMatchObject({ epoch: 0, sequence: 3, handshakeType: undefined, messageSequence: -1 });
  expect(last).toMatchObject({ epoch: 1, sequence: 0, handshakeType: undefined, messageSequence: -1 });
});

describe('parseRecords', () => {
  test('leaves out a truncated record, wherever it is cut', () => {
    const flight = Buffer.concat([changeCipherSpec(3), finished(0)]);
    for (let size = 0; size < flight.length; size++) {
      expect(parseRecords(flight.subarray(0, size))).toHaveLength(size < changeCipherSpec().length ? 0 : 1);
    }
    expect(parseRecords(flight)).toHaveLength(2);
  });

  test('finds nothing in garbage that ends before its length says', () => {
    for (const bytes of [[], [22], new Array(12).fill(0xff), new Array(200).fill(0xff)]) {
      expect(parseRecords(Uint8Array.from(bytes))).toEqual([]);
    }
  });

  test('reads a view into a larger buffer', () => {
    const large = Buffer.concat([Buffer.alloc(7), changeCipherSpec(9), Buffer.alloc(3)]);
    const view = new Uint8Array(large.buffer, large.byteOffset + 7, large.length - 10);
    expect(parseRecords(view)).toMatchObject([{ type: Type.changeCipherSpec, sequence: 9 }]);
  });

  test('reads sequence numbers of 48 bits', () => {
    expect(parseRecords(changeCipherSpec(2 ** 48 - 1))[0]?.sequence).toBe(2 ** 48 - 1);
  });

  test('does not look into a handshake record that is too short for a message, or encrypted', () => {
    const short = record(Type.handshake, Buffer.alloc(11, 1));
    expect(parseRecords(short)).toMatchObject([{ handshakeType: undefined, messageSequence: -1 }]);
    expect(parseRecords(finished())).toMatchObject([{ handshakeType: undefined, messageSequence: -1 }]);
  });
});

test('records have the names that people use', () => {
  const name = (bytes: Buffer) => names(bytes)[0];
  expect([0, 1, 2, 3, 4, 11, 12, 13, 14, 15, 16, 20].map((type) => name(handshake(type, 0)))).toEqual([
    'HelloRequest',
    'ClientHello',
    'ServerHello',
    'HelloVerifyRequest',
    'NewSessionTicket',
    'Certificate',
    'ServerKeyExchange',
    'CertificateRequest',
    'ServerHelloDone',
    'CertificateVerify',
    'ClientKeyExchange',
    'Finished',
  ]);
  expect(name(handshake(99, 0))).toBe('Handshake');
  expect(name(record(Type.alert, Buffer.of(2, 40)))).toBe('Alert');
  expect(name(record(Type.applicationData, Buffer.of(1), { epoch: 1 }))).toBe('ApplicationData');
});

test('alerts have the names of the RFC, whatever their level', () => {
  expect(alertName((2 << 8) | 40)).toBe('handshake_failure');
  expect(alertName((1 << 8) | 0)).toBe('close_notify');
  expect(alertName(115)).toBe('unknown_psk_identity');
  expect(alertName((2 << 8) | 200)).toBe('alert 200');
});

describe('clientHelloRandom', () => {
  test('is that of both hellos of a handshake, and differs between handshakes', async () => {
    const [first, second] = toServer as [Buffer, Buffer];
    expect(clientHelloRandom(first)).toHaveLength(32);
    expect(clientHelloRandom(second)).toBe(clientHelloRandom(first));
    const { link } = await openPair();
    expect(clientHelloRandom(link.toServer.sent[0] as Buffer)).not.toBe(clientHelloRandom(first));
  });

  test('is undefined for every other datagram', () => {
    const hello = toServer[0] as Buffer;
    const altered = (at: number, value: number): Buffer => {
      const copy = Buffer.from(hello);
      copy[at] = value;
      return copy;
    };
    const others = [
      Buffer.alloc(0),
      hello.subarray(0, 58),
      altered(0, Type.applicationData),
      altered(4, 1),
      altered(13, 2),
      // A later fragment.
      altered(21, 1),
      ...toServer.slice(2),
      ...toClient,
    ];
    for (const datagram of others) expect(clientHelloRandom(datagram)).toBeUndefined();
    expect(clientHelloRandom(hello.subarray(0, 59))).toHaveLength(32);
  });
});

test('the epoch of a datagram is that of its first record', () => {
  expect(firstEpoch(toServer[0] as Buffer)).toBe(0);
  expect(firstEpoch(finished())).toBe(1);
  expect(firstEpoch(record(23, Buffer.alloc(1), { epoch: 0x0102 }))).toBe(0x0102);
  expect(firstEpoch(Buffer.alloc(12))).toBe(-1);
});

test('a fatal alert of our own making is a record like any other', () => {
  const alert = fatalAlertRecord(20, 5);
  expect(parseRecords(alert)).toMatchObject([{ type: Type.alert, epoch: 0, sequence: 5 }]);
  expect([...alert.subarray(-2)]).toEqual([2, 20]);
});
