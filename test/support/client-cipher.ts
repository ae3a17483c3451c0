import { createCipheriv, createHmac } from 'node:crypto';

/** The suite that `ClientCipher` speaks, for certificates of the type P-256. */
export const CIPHER = 'ECDHE-ECDSA-AES128-GCM-SHA256';

/** Encrypts as a client does, for what none of ours would send: the records behind its Finished. */
export class ClientCipher {
  readonly #key: Buffer;
  readonly #salt: Buffer;
  /** The Finished had 0. */
  #sequence = 1;

  /** `keylog`: the client's line, before which the ServerHello has come. */
  constructor(keylog: Buffer, serverHello: Buffer) {
    const [, clientRandom, master] = keylog.toString().trim().split(' ') as [string, string, string];
    // Behind the headers of record and message, and the version.
    const serverRandom = serverHello.subarray(27, 59);
    const seed = Buffer.concat([Buffer.from('key expansion'), serverRandom, Buffer.from(clientRandom, 'hex')]);
    // RFC 5246 section 6.3; with AEAD (RFC 5288): two keys of 16 bytes, then two salts of 4.
    const block = expand(Buffer.from(master, 'hex'), seed, 40);
    this.#key = block.subarray(0, 16);
    this.#salt = block.subarray(32, 36);
  }

  record(type: number, plaintext: Uint8Array): Buffer {
    const header = Buffer.from([type, 0xfe, 0xfd]);
    const number = Buffer.from([0, 1, 0, 0, 0, 0, 0, this.#sequence++]);
    const cipher = createCipheriv('aes-128-gcm', this.#key, Buffer.concat([this.#salt, number]));
    cipher.setAAD(Buffer.concat([number, header, uint16(plaintext.length)]));
    const body = Buffer.concat([number, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
    return Buffer.concat([header, number, uint16(body.length), body]);
  }
}

/** P_SHA256 of RFC 5246 section 5. */
function expand(secret: Buffer, seed: Buffer, size: number): Buffer {
  const hmac = (data: Buffer): Buffer => createHmac('sha256', secret).update(data).digest();
  const blocks: Buffer[] = [];
  for (let a = hmac(seed); blocks.length * 32 < size; a = hmac(a)) blocks.push(hmac(Buffer.concat([a, seed])));
  return Buffer.concat(blocks).subarray(0, size);
}

function uint16(number: number): Buffer {
  return Buffer.from([number >> 8, number & 0xff]);
}
