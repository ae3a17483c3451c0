import { ContentType, HandshakeType } from '../../lib/handshake/wire';
import type { KeyExchange } from './kinds';

const RECORD_HEADER = 13;
const HANDSHAKE_HEADER = 12;
/** Of the suites that the laboratory uses. */
const TAG = 16;

/** Bytes that belong together. */
interface Field {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  /** What nobody but a key's owner can tell from others: every byte is like the next. */
  readonly isOpaque: boolean;
}

/** What is known of one byte of a datagram. */
export interface Place {
  /** "ClientHello / random", "ServerHello record / epoch" say. */
  readonly name: string;
  readonly isOpaque: boolean;
  /** Of its field. */
  readonly isFirst: boolean;
  readonly isLast: boolean;
}

interface Message {
  readonly type: number;
  readonly length: number;
  readonly bytes: Buffer;
}

/** Names the bytes of one lane's datagrams, which have to be given in order. */
export class Dissector {
  readonly #exchange: KeyExchange;
  readonly #nonce: number;
  readonly #messages = new Map<string, Message>();

  /** `nonce`: bytes of it that a record of the suite shows. */
  constructor(exchange: KeyExchange, nonce: number) {
    this.#exchange = exchange;
    this.#nonce = nonce;
  }

  /** A place for each byte. Datagrams have to be whole. */
  dissect(datagram: Buffer): Place[] {
    const fields: Field[] = [];
    for (let at = 0; at < datagram.length; ) {
      const size = RECORD_HEADER + datagram.readUInt16BE(at + 11);
      const { name, content } = this.#content(datagram.subarray(at, at + size));
      fields.push(...shifted(recordHeader(name), at), ...shifted(content, at + RECORD_HEADER));
      at += size;
    }
    return fields.flatMap((field) =>
      Array.from({ length: field.to - field.from }, (_, i) => ({
        name: field.name,
        isOpaque: field.isOpaque,
        isFirst: i === 0,
        isLast: i === field.to - field.from - 1,
      })),
    );
  }

  #content(record: Buffer): { name: string; content: Field[] } {
    const body = record.subarray(RECORD_HEADER);
    if (record.readUInt16BE(3) > 0) return { name: 'Finished', content: ciphertext(body.length, this.#nonce) };
    switch (record[0]) {
      case ContentType.Handshake:
        return this.#handshake(body);
      case ContentType.ChangeCipherSpec:
        return { name: 'ChangeCipherSpec', content: [field('ChangeCipherSpec', 0, body.length)] };
      default:
        return { name: 'other', content: [field('other', 0, body.length)] };
    }
  }

  #handshake(record: Buffer): { name: string; content: Field[] } {
    const type = record.readUInt8(0);
    const [length, offset, size] = [record.readUIntBE(1, 3), record.readUIntBE(6, 3), record.readUIntBE(9, 3)];
    const key = `${type} ${record.readUInt16BE(4)}`;
    const message = this.#messages.get(key) ?? { type, length, bytes: Buffer.alloc(length) };
    this.#messages.set(key, message);
    record.copy(message.bytes, offset, HANDSHAKE_HEADER, HANDSHAKE_HEADER + size);
    const body = new BodyReader(message.bytes);
    const name = read(type, body, this.#exchange);
    const fragment = body.fields
      .map((each) => ({ ...each, from: Math.max(each.from, offset), to: Math.min(each.to, offset + size) }))
      .filter(({ from, to }) => from < to)
      .map((each) => ({ ...each, name: `${name} / ${each.name}` }));
    return { name, content: [...handshakeHeader(name), ...shifted(fragment, HANDSHAKE_HEADER - offset)] };
  }
}

function field(name: string, from: number, to: number, isOpaque = false): Field {
  return { name, from, to, isOpaque };
}

function shifted(fields: readonly Field[], by: number): Field[] {
  return fields.map((each) => ({ ...each, from: each.from + by, to: each.to + by }));
}

function recordHeader(of: string): Field[] {
  return [
    field(`${of} record / type`, 0, 1),
    field(`${of} record / version`, 1, 3),
    field(`${of} record / epoch`, 3, 5),
    field(`${of} record / sequence`, 5, 11),
    field(`${of} record / length`, 11, 13),
  ];
}

function handshakeHeader(of: string): Field[] {
  return [
    field(`${of} header / type`, 0, 1),
    field(`${of} header / length`, 1, 4),
    field(`${of} header / message_seq`, 4, 6),
    field(`${of} header / fragment_offset`, 6, 9),
    field(`${of} header / fragment_length`, 9, 12),
  ];
}

function ciphertext(size: number, nonce: number): Field[] {
  return [
    field('Finished / nonce', 0, nonce, true),
    field('Finished / ciphertext', nonce, size - TAG, true),
    field('Finished / tag', size - TAG, size, true),
  ];
}

/** Takes a message apart, from its beginning. */
class BodyReader {
  readonly fields: Field[] = [];
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  number(name: string, size: number): number {
    const value = this.#bytes.readUIntBE(this.#at, size);
    this.#take(name, size, false);
    return value;
  }

  opaque(name: string, size: number): void {
    this.#take(name, size, true);
  }

  /** A vector whose length has `size` bytes. */
  vector(name: string, size: number, isOpaque = true): void {
    const length = this.number(`${name} length`, size);
    this.#take(name, length, isOpaque);
  }

  extension(): void {
    const type = this.#bytes.readUInt16BE(this.#at);
    const name = EXTENSIONS[type] ?? `extension ${type}`;
    this.#take(`${name} type`, 2, false);
    this.vector(name, 2, name === 'session_ticket');
  }

  #take(name: string, size: number, isOpaque: boolean): void {
    const to = Math.min(this.#at + size, this.#bytes.length);
    if (to > this.#at) this.fields.push(field(name, this.#at, to, isOpaque));
    this.#at = to;
  }
}

/** Returns the name of the message. */
function read(type: number, body: BodyReader, exchange: KeyExchange): string {
  switch (type) {
    case HandshakeType.ClientHello:
      return clientHello(body);
    case HandshakeType.ServerHello:
      serverHello(body);
      return 'ServerHello';
    case HandshakeType.HelloVerifyRequest:
      body.number('version', 2);
      body.vector('cookie', 1);
      return 'HelloVerifyRequest';
    case 4:
      body.number('lifetime', 4);
      body.vector('ticket', 2);
      return 'NewSessionTicket';
    case 11:
      body.number('list length', 3);
      while (!body.isAtEnd) body.vector('certificate', 3);
      return 'Certificate';
    case HandshakeType.ServerKeyExchange:
      serverKeyExchange(body, exchange);
      return 'ServerKeyExchange';
    case 13:
      body.vector('types', 1, false);
      body.vector('signature_algorithms', 2, false);
      body.vector('authorities', 2);
      return 'CertificateRequest';
    case HandshakeType.ServerHelloDone:
      return 'ServerHelloDone';
    case 15:
      body.number('algorithm', 2);
      body.vector('signature', 2);
      return 'CertificateVerify';
    case HandshakeType.ClientKeyExchange:
      if (exchange !== 'ECDHE') body.vector('identity', 2, false);
      if (exchange !== 'PSK') body.vector('point', 1);
      return 'ClientKeyExchange';
    default:
      throw new Error(`a message of type ${type}`);
  }
}

function clientHello(body: BodyReader): string {
  body.number('version', 2);
  body.opaque('random', 32);
  body.vector('session_id', 1);
  const cookieLength = body.number('cookie length', 1);
  body.opaque('cookie', cookieLength);
  body.vector('cipher_suites', 2, false);
  body.vector('compression_methods', 1, false);
  extensions(body);
  return cookieLength > 0 ? 'ClientHello with cookie' : 'ClientHello';
}

function serverHello(body: BodyReader): void {
  body.number('version', 2);
  body.opaque('random', 32);
  body.vector('session_id', 1);
  body.number('cipher_suite', 2);
  body.number('compression_method', 1);
  extensions(body);
}

const EXTENSIONS: Readonly<Record<number, string>> = {
  0: 'server_name',
  10: 'supported_groups',
  11: 'ec_point_formats',
  13: 'signature_algorithms',
  22: 'encrypt_then_mac',
  23: 'extended_master_secret',
  35: 'session_ticket',
  65281: 'renegotiation_info',
};

function extensions(body: BodyReader): void {
  if (body.isAtEnd) return;
  body.number('extensions length', 2);
  while (!body.isAtEnd) body.extension();
}

function serverKeyExchange(body: BodyReader, exchange: KeyExchange): void {
  if (exchange !== 'ECDHE') body.vector('hint', 2, false);
  if (exchange === 'PSK') return;
  body.number('curve_type', 1);
  body.number('named_curve', 2);
  body.vector('point', 1);
  if (exchange !== 'ECDHE') return;
  body.number('algorithm', 2);
  body.vector('signature', 2);
}
