import { handshake, record, Type } from './wire';

/** Where the body of a ClientHello has its cookie: behind version, random and an empty session ID. */
const RANDOM_SIZE = 32;
/** TLS_PSK_WITH_AES_128_GCM_SHA256, no compression, no extensions. */
const HELLO_END = Buffer.from('000200a80100', 'hex');
const MESSAGE_SIZE = 100;
const EXPLICIT_NONCE_AND_TAG = 24;
const MAX_GARBAGE = 1400;

/** Datagrams of those who mean a server no good; the same for the same source of random numbers below 1. */
export class Hostility {
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Below `bound`. */
  number(bound: number): number {
    return Math.floor(this.#random() * bound);
  }

  /** A well-formed ClientHello; with a cookie it is one that no server made. */
  hello(hasCookie: boolean): Buffer {
    const cookie = hasCookie ? this.#bytes(32) : Buffer.alloc(0);
    const body = Buffer.concat([
      Buffer.of(0xfe, 0xfd),
      this.#bytes(RANDOM_SIZE),
      Buffer.of(0, cookie.length),
      cookie,
      HELLO_END,
    ]);
    return handshake(1, hasCookie ? 1 : 0, { body, sequence: hasCookie ? 1 : 0 });
  }

  /** No record: the second byte is not that of a version. */
  garbage(): Buffer {
    const bytes = this.#bytes(1 + this.number(MAX_GARBAGE));
    if (bytes.length > 1) bytes[1] = 0x03;
    return bytes;
  }

  /** Ciphertext of a session that there is not. */
  ciphertext(epoch = 1): Buffer {
    const body = this.#bytes(EXPLICIT_NONCE_AND_TAG + MESSAGE_SIZE);
    return record(Type.applicationData, body, { epoch, sequence: this.number(2 ** 48) });
  }

  truncated(): Buffer {
    const whole = this.ciphertext();
    return whole.subarray(0, 1 + this.number(whole.length - 1));
  }

  /** A genuine record with another number, from `first` on. */
  forged(genuine: Buffer, first: number): Buffer {
    const bytes = Buffer.from(genuine);
    bytes.writeUIntBE(first + this.number(1000), 5, 6);
    return bytes;
  }

  #bytes(size: number): Buffer {
    const bytes = Buffer.alloc(size);
    for (let i = 0; i < size; i++) bytes[i] = this.number(256);
    return bytes;
  }
}
