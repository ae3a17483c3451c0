/** The little of the DTLS 1.2 wire format (RFC 6347 section 4) that is readable outside the TLS machine. */

export const ContentType = { ChangeCipherSpec: 20, Alert: 21, Handshake: 22, ApplicationData: 23 } as const;

export const HandshakeType = {
  HelloRequest: 0,
  ClientHello: 1,
  ServerHello: 2,
  HelloVerifyRequest: 3,
  ServerKeyExchange: 12,
  ServerHelloDone: 14,
  ClientKeyExchange: 16,
  Finished: 20,
} as const;

const HANDSHAKE_NAMES = {
  0: 'HelloRequest',
  1: 'ClientHello',
  2: 'ServerHello',
  3: 'HelloVerifyRequest',
  4: 'NewSessionTicket',
  11: 'Certificate',
  12: 'ServerKeyExchange',
  13: 'CertificateRequest',
  14: 'ServerHelloDone',
  15: 'CertificateVerify',
  16: 'ClientKeyExchange',
  20: 'Finished',
} as const;

/** All that `recordName` tells apart. */
export const RECORD_NAMES = [
  ...Object.values(HANDSHAKE_NAMES),
  'Handshake',
  'ChangeCipherSpec',
  'Alert',
  'ApplicationData',
] as const;

/** Descriptions of alerts (RFC 5246 section 7.2) that something depends on. */
export const Alert = {
  CloseNotify: 0,
  BadRecordMac: 20,
  DecryptionFailed: 21,
  HandshakeFailure: 40,
  BadCertificate: 42,
  UnsupportedCertificate: 43,
  CertificateRevoked: 44,
  CertificateExpired: 45,
  CertificateUnknown: 46,
  IllegalParameter: 47,
  UnknownCa: 48,
  AccessDenied: 49,
  DecodeError: 50,
  DecryptError: 51,
  ProtocolVersion: 70,
  InsufficientSecurity: 71,
  InternalError: 80,
  UnrecognizedName: 112,
  UnknownPskIdentity: 115,
  NoApplicationProtocol: 120,
} as const;

const ALERT_NAMES: Readonly<Record<number, string>> = {
  0: 'close_notify',
  10: 'unexpected_message',
  20: 'bad_record_mac',
  21: 'decryption_failed',
  22: 'record_overflow',
  30: 'decompression_failure',
  40: 'handshake_failure',
  42: 'bad_certificate',
  43: 'unsupported_certificate',
  44: 'certificate_revoked',
  45: 'certificate_expired',
  46: 'certificate_unknown',
  47: 'illegal_parameter',
  48: 'unknown_ca',
  49: 'access_denied',
  50: 'decode_error',
  51: 'decrypt_error',
  70: 'protocol_version',
  71: 'insufficient_security',
  80: 'internal_error',
  86: 'inappropriate_fallback',
  90: 'user_canceled',
  100: 'no_renegotiation',
  110: 'unsupported_extension',
  112: 'unrecognized_name',
  115: 'unknown_psk_identity',
  120: 'no_application_protocol',
};

/** Of every version of DTLS; the minor version counts down. */
export const DTLS_MAJOR_VERSION = 0xfe;
const RECORD_HEADER = 13;
const HANDSHAKE_HEADER = 12;
/** A tag of 16 bytes, or a nonce of 8 and a tag of 8: nothing shorter authenticates. */
const MIN_CIPHERTEXT = 16;

/** Description byte of an alert from `level << 8 | description`. */
export function alertName(alert: number): string {
  const description = alert & 0xff;
  return ALERT_NAMES[description] ?? `alert ${description}`;
}

export interface WireRecord {
  type: number;
  epoch: number;
  sequence: number;
  /** First handshake message of a plaintext record; undefined when encrypted or no handshake record. */
  handshakeType: number | undefined;
  /** message_seq of that message (RFC 6347 section 4.2.2). */
  messageSequence: number;
  /** Where the part of it ends that the record holds, in bytes of the message. */
  fragmentEnd: number;
}

/** The whole records of a datagram, in order. */
export function parseRecords(datagram: Uint8Array): WireRecord[] {
  const records: WireRecord[] = [];
  let at = 0;
  while (at + RECORD_HEADER <= datagram.length) {
    const size = RECORD_HEADER + uint16(datagram, at + 11);
    if (at + size > datagram.length) break;
    const type = datagram[at] as number;
    const epoch = uint16(datagram, at + 3);
    const readable = type === ContentType.Handshake && epoch === 0 && size >= RECORD_HEADER + HANDSHAKE_HEADER;
    records.push({
      type,
      epoch,
      sequence: (uint16(datagram, at + 5) * 0x10000 + uint16(datagram, at + 7)) * 0x10000 + uint16(datagram, at + 9),
      handshakeType: readable ? datagram[at + RECORD_HEADER] : undefined,
      messageSequence: readable ? uint16(datagram, at + RECORD_HEADER + 4) : -1,
      fragmentEnd: readable ? uint24(datagram, at + RECORD_HEADER + 6) + uint24(datagram, at + RECORD_HEADER + 9) : 0,
    });
    at += size;
  }
  return records;
}

/** Big endian. */
function uint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

function uint24(bytes: Uint8Array, at: number): number {
  return uint16(bytes, at) * 0x100 + (bytes[at + 2] as number);
}

/** What a person would call a record. An encrypted handshake record of a first handshake is its Finished. */
export function recordName(record: WireRecord): (typeof RECORD_NAMES)[number] {
  switch (record.type) {
    case ContentType.ChangeCipherSpec:
      return 'ChangeCipherSpec';
    case ContentType.Alert:
      return 'Alert';
    case ContentType.ApplicationData:
      return 'ApplicationData';
    default:
      if (record.epoch > 0) return 'Finished';
      return HANDSHAKE_NAMES[record.handshakeType as keyof typeof HANDSHAKE_NAMES] ?? 'Handshake';
  }
}

/**
 * The client's random of a datagram that begins with a ClientHello (its first fragment), as a string to compare;
 * undefined for every other datagram. A repeated hello has the same random, a new handshake another.
 */
export function clientHelloRandom(datagram: Uint8Array): string | undefined {
  const randomAt = RECORD_HEADER + HANDSHAKE_HEADER + 2;
  if (datagram.length < randomAt + 32) return undefined;
  if (datagram[0] !== ContentType.Handshake || datagram[RECORD_HEADER] !== HandshakeType.ClientHello) return undefined;
  // Epoch 0, fragment offset 0.
  if (datagram[3] !== 0 || datagram[4] !== 0) return undefined;
  if (datagram[19] !== 0 || datagram[20] !== 0 || datagram[21] !== 0) return undefined;
  return Buffer.from(datagram.buffer, datagram.byteOffset + randomAt, 32).toString('latin1');
}

/** Epoch of a datagram's first record; -1 when the datagram is too short to be DTLS. */
export function firstEpoch(datagram: Uint8Array): number {
  return datagram.length < RECORD_HEADER ? -1 : uint16(datagram, 3);
}

/** Whether a datagram begins with a whole DTLS record. */
export function isRecord(datagram: Uint8Array): boolean {
  if (datagram.length < RECORD_HEADER || datagram[1] !== DTLS_MAJOR_VERSION) return false;
  const type = datagram[0] as number;
  const isKnown = type >= ContentType.ChangeCipherSpec && type <= ContentType.ApplicationData;
  return isKnown && RECORD_HEADER + uint16(datagram, 11) <= datagram.length;
}

/** How many records of a datagram might pass as application data or alerts under the keys of an association. */
export function countCiphertexts(datagram: Uint8Array): number {
  let count = 0;
  for (let at = 0; at + RECORD_HEADER <= datagram.length; ) {
    const type = datagram[at];
    const length = uint16(datagram, at + 11);
    const isCiphertext = type === ContentType.ApplicationData || type === ContentType.Alert;
    if (isCiphertext && uint16(datagram, at + 3) === 1 && length >= MIN_CIPHERTEXT) count++;
    at += RECORD_HEADER + length;
  }
  return count;
}

/** Whether the `length` bytes from `at` on are one record of application data and nothing more. */
export function isSingleMessage(bytes: Uint8Array, at: number, length: number): boolean {
  if (length < RECORD_HEADER || bytes[at] !== ContentType.ApplicationData) return false;
  return length === RECORD_HEADER + uint16(bytes, at + 11);
}

/** Whether a datagram is one record of application data, or an alert, under the keys of an association. */
export function isSingleCiphertext(datagram: Uint8Array): boolean {
  const type = datagram[0];
  if (type !== ContentType.ApplicationData && type !== ContentType.Alert) return false;
  return firstEpoch(datagram) === 1 && datagram.length === RECORD_HEADER + uint16(datagram, 11);
}

/** A plaintext fatal alert: what a handshake that never had keys in common can still say. */
export function fatalAlertRecord(description: number, sequence: number): Buffer {
  const record = Buffer.alloc(RECORD_HEADER + 2);
  record.writeUInt8(ContentType.Alert, 0);
  record.writeUInt16BE(0xfefd, 1);
  record.writeUIntBE(sequence, 5, 6);
  record.writeUInt16BE(2, 11);
  record.writeUInt8(2, RECORD_HEADER);
  record.writeUInt8(description, RECORD_HEADER + 1);
  return record;
}
