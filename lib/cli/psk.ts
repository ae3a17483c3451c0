import { type Command, Option } from 'commander';
import { QT_EXAMPLE_KEY } from '../index';
import { readFlagFile } from './files';
import { UsageError } from './usage-error';

export interface PskFlags {
  psk?: string;
  pskFile?: string;
  pskIdentity?: string;
}

/** `identity` is what the help says of --psk-identity. */
export function addPskOptions(command: Command, identity: string): Command {
  return command
    .optionsGroup('Pre-shared key:')
    .addOption(new Option('--psk <hex>', 'the key, visible to other users').conflicts('pskFile'))
    .option('--psk-file <file>', 'file that holds the key in hex')
    .option('--psk-identity <id>', identity);
}

/**
 * The key that the user named, by flag, file or environment; else that of Qt's examples. A named key that is empty
 * is an error: falling back to a public key then would be dangerous. No message shows a key.
 *
 * Beside certificates only a flag counts: a peer that is to show its certificate must not get past without, by a key
 * that nobody thought of.
 */
export function chooseKey(flags: PskFlags, besideCertificates: boolean): Uint8Array | undefined {
  if (flags.psk !== undefined) return fromHex('--psk', flags.psk);
  if (flags.pskFile !== undefined) {
    const text = readFlagFile('--psk-file', flags.pskFile).toString().trim();
    return fromHex(`--psk-file ${flags.pskFile}`, text);
  }
  if (besideCertificates) {
    if (flags.pskIdentity === undefined) return undefined;
    throw new UsageError('--psk-identity: beside certificates, its key is that of --psk-file or --psk; give one.');
  }
  const { DTLS_PSK } = process.env;
  return DTLS_PSK === undefined ? QT_EXAMPLE_KEY : fromHex('the environment variable DTLS_PSK', DTLS_PSK.trim());
}

function fromHex(source: string, text: string): Uint8Array {
  if (/^([0-9a-f]{2})+$/i.test(text)) return Buffer.from(text, 'hex');
  throw new UsageError(`${source}: a key in hexadecimal is expected, two digits a byte, nothing else.`);
}
