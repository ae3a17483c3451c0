import { beforeAll, describe, expect, test } from '@jest/globals';
import { parseRecords, type WireRecord } from '../../lib/handshake/wire';
import { failing } from '../support/certified';
import { Link, type Rule } from '../support/link';
import { key, psk, quick, wrongKey } from '../support/pair';
import { type Authority, authority, type Certified } from '../support/pki';
import { splitRecords } from '../support/wire';

/** Record numbers have 48 bits (RFC 6347 section 4.1). */
const NUMBERS = 2 ** 48;

/** Gives the plaintext records of a lane other numbers; nothing protects them. */
function renumbered(numberOf: (record: WireRecord) => number): Rule {
  return (datagram) => [
    Buffer.concat(
      splitRecords(datagram).map((bytes) => {
        const copy = Buffer.from(bytes);
        const [record] = parseRecords(bytes) as [WireRecord];
        if (record.epoch === 0) copy.writeUIntBE(numberOf(record), 5, 6);
        return copy;
      }),
    ),
  ];
}

/** A link on which the client numbers its second hello so that a flight of so many records has the last numbers. */
function linkAtTheLastNumbers(flightRecords: number): Link {
  const link = new Link();
  const first = NUMBERS - flightRecords;
  // A key exchange that comes again has a higher number than before; what else there is, a lower one than the hello,
  // which is not yet too old.
  let [above, below] = [first + 1, first - 1];
  /** What the client calls `first`: 1, or more when it has repeated its first hello. */
  let hello: number | undefined;
  link.toServer.rule = renumbered(({ handshakeType, messageSequence, sequence }) => {
    if (handshakeType === 16 && above < NUMBERS) return above++;
    if (handshakeType !== 1) return below--;
    if (messageSequence === 0) return sequence;
    hello ??= sequence;
    return first;
  });
  // As the client expects them.
  link.toClient.rule = renumbered(({ handshakeType, sequence }) =>
    handshakeType === 3 ? sequence : (sequence - first + (hello ?? 0) + NUMBERS) % NUMBERS,
  );
  return link;
}

/** Numbers of the plaintext records that the server sent, without its HelloVerifyRequest. */
function numbersSent(link: Link): number[] {
  const records = link.toClient.sent.flatMap(parseRecords);
  return records.filter(({ epoch, handshakeType }) => epoch === 0 && handshakeType !== 3).map((one) => one.sequence);
}

describe('behind the last record number there is, a server refuses', () => {
  let ca: Authority;
  let ofServer: Certified;
  let ofClient: Certified;

  beforeAll(async () => {
    ca = await authority();
    [ofServer, ofClient] = await Promise.all([ca.issue(), ca.issue({ purpose: 'client' })]);
  });

  test('a client with another key', async () => {
    const link = linkAtTheLastNumbers(3);
    const { error, peerError } = await failing({
      link,
      client: { psk: { ...psk, key: wrongKey }, ...quick },
      server: { psk: { alice: key } },
    });
    expect(peerError).toMatchObject({ code: 'ERR_DTLS_PSK_MISMATCH' });
    expect(error).toMatchObject({ code: 'ERR_DTLS_PSK_MISMATCH' });
    expect(numbersSent(link)).toEqual([NUMBERS - 3, NUMBERS - 2, NUMBERS - 1, 0]);
  });

  test.each([
    ['at once', () => false],
    ['later', async () => false],
  ])('a client that verifyPeer refuses %s', async (_, verifyPeer) => {
    const link = linkAtTheLastNumbers(5);
    const { error, peerError } = await failing({
      link,
      client: { cert: ofClient.chain, key: ofClient.key, ca: ca.cert },
      server: { cert: ofServer.chain, key: ofServer.key, ca: ca.cert, requestCert: true, verifyPeer },
    });
    expect(peerError).toMatchObject({ code: 'ERR_DTLS_CERT_REFUSED' });
    expect(error).toMatchObject({ alert: 'access_denied' });
    expect(numbersSent(link)).toEqual([5, 4, 3, 2, 1, 0].map((left) => (NUMBERS - left) % NUMBERS));
  });
});
