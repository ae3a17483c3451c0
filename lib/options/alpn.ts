import { optionError } from '../errors';
import { show } from './check';

/** Checked protocol names. Throws `ERR_DTLS_OPTION`. */
export function parseAlpn(protocols: unknown): readonly string[] {
  if (protocols === undefined) return [];
  if (!Array.isArray(protocols) || protocols.length === 0) {
    throw optionError('ALPNProtocols', protocols, `an array of names is expected, not ${show(protocols)}.`);
  }
  for (const [index, name] of protocols.entries()) {
    const bytes = typeof name === 'string' ? Buffer.byteLength(name) : 0;
    if (bytes >= 1 && bytes <= 255) continue;
    throw optionError(`ALPNProtocols[${index}]`, name, `a name of 1 to 255 bytes is expected, not ${show(name)}.`);
  }
  if (alpnWire(protocols as string[]).length > 65_535) {
    throw optionError('ALPNProtocols', undefined, 'all names together have 65535 bytes at most.');
  }
  return Object.freeze([...(protocols as string[])]);
}

/** A ProtocolNameList without its length (RFC 7301 section 3.1). */
export function alpnWire(protocols: readonly string[]): Buffer {
  return Buffer.concat(
    protocols.flatMap((name) => {
      const bytes = Buffer.from(name);
      return [Buffer.of(bytes.length), bytes];
    }),
  );
}
