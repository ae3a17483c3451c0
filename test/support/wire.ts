/** Records for tests (RFC 6347 sections 4.1 and 4.2.2), not encrypted. */

export const Type = { changeCipherSpec: 20, alert: 21, handshake: 22, applicationData: 23 } as const;

export function record(type: number, body: Uint8Array, { epoch = 0, sequence = 0 } = {}): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt8(type, 0);
  header.writeUInt16BE(0xfefd, 1);
  header.writeUInt16BE(epoch, 3);
  header.writeUIntBE(sequence, 5, 6);
  header.writeUInt16BE(body.length, 11);
  return Buffer.concat([header, body]);
}

/** A handshake record with one message, or a fragment of one. */
export function handshake(
  type: number,
  messageSequence: number,
  message: { body?: Uint8Array; sequence?: number; total?: number; at?: number } = {},
): Buffer {
  const { body = Buffer.alloc(0), sequence = 0, at = 0 } = message;
  const total = message.total ?? body.length;
  const header = Buffer.alloc(12);
  header.writeUInt8(type, 0);
  header.writeUIntBE(total, 1, 3);
  header.writeUInt16BE(messageSequence, 4);
  header.writeUIntBE(at, 6, 3);
  header.writeUIntBE(body.length, 9, 3);
  return record(Type.handshake, Buffer.concat([header, body]), { sequence });
}

/** What an encrypted Finished looks like from outside. */
export function finished(sequence = 0): Buffer {
  return record(Type.handshake, Buffer.alloc(40, 0xf1), { epoch: 1, sequence });
}

export function changeCipherSpec(sequence = 0): Buffer {
  return record(Type.changeCipherSpec, Buffer.of(1), { sequence });
}

/** The records of a datagram, each by itself. */
export function splitRecords(datagram: Buffer): Buffer[] {
  const records: Buffer[] = [];
  for (let at = 0; at + 13 <= datagram.length; at += 13 + datagram.readUInt16BE(at + 11)) {
    records.push(datagram.subarray(at, at + 13 + datagram.readUInt16BE(at + 11)));
  }
  return records;
}
