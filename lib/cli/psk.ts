import { readFileSync } from 'node:fs';
import { QT_EXAMPLE_KEY } from '../index';
import { UsageError } from './usage-error';

/**
 * The key that the user named, by flag, file or environment; else that of Qt's examples. A named key that is empty
 * is an error: falling back to a public key then would be dangerous. No message shows a key.
 */
export function chooseKey(flags: { psk?: string; pskFile?: string }): Uint8Array {
  if (flags.psk !== undefined) return fromHex('--psk', flags.psk);
  if (flags.pskFile !== undefined) return fromHex(`--psk-file ${flags.pskFile}`, readKeyFile(flags.pskFile).trim());
  const { DTLS_PSK } = process.env;
  return DTLS_PSK === undefined ? QT_EXAMPLE_KEY : fromHex('the environment variable DTLS_PSK', DTLS_PSK.trim());
}

function readKeyFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`--psk-file: ${(error as Error).message}`);
  }
}

function fromHex(source: string, text: string): Uint8Array {
  if (/^([0-9a-f]{2})+$/i.test(text)) return Buffer.from(text, 'hex');
  throw new UsageError(`${source}: a key in hexadecimal is expected, two digits a byte, nothing else.`);
}
