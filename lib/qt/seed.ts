import { hostPort } from '../address';
import { checkRecord, integer, string } from '../options/check';
import type { ConnectOptions } from '../options/client';

/**
 * The key of Qt's DTLS examples, which accept any identity with it. It is printed in Qt's sources: it protects
 * nothing, and only serves to talk to those examples.
 */
export const QT_EXAMPLE_KEY: Uint8Array = Uint8Array.of(0x1a, 0x2b, 0x3c, 0x4d, 0x5e, 0x6f);

export type SeedOptions = Omit<ConnectOptions, 'host' | 'port' | 'name'>;

/**
 * Options for the constructor of Qt's example, `DtlsAssociation(address, port, connectionName)`: it pings, and
 * without credentials it identifies itself by its name and uses the example's key, with a process warning.
 */
export function seedOptions(
  host: string,
  port: number | undefined,
  name: string | undefined,
  options: SeedOptions = {},
): ConnectOptions {
  checkRecord('DtlsAssociation', options);
  const itsName = string('name', name) ?? hostPort(host, integer('port', port, PORT_BOUNDS, 0));
  const seed: ConnectOptions = { ping: true, ...options, host, name: itsName };
  if (port !== undefined) seed.port = port;
  if (CREDENTIALS.every((option) => options[option] === undefined)) {
    warnOfExampleKey();
    seed.psk = { identity: itsName, key: QT_EXAMPLE_KEY };
  }
  return seed;
}

const PORT_BOUNDS = { min: 1, max: 65_535 };

const CREDENTIALS = [
  ...['psk', 'pskCallback', 'secureContext'],
  ...['ca', 'cert', 'pfx', 'servername', 'verifyFingerprint', 'rawPublicKey', 'trustedPublicKeys'],
] as ReadonlyArray<keyof SeedOptions>;

let warned = false;

function warnOfExampleKey(): void {
  if (warned) return;
  warned = true;
  process.emitWarning("a DtlsAssociation without credentials uses the public key of Qt's example: give it psk", {
    type: 'DtlsWarning',
    code: 'DTLS_EXAMPLE_KEY',
  });
}
