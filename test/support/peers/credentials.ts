import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';
import type { Certified } from '../pki';

export const IDENTITY = 'alice';
/** The key of Qt's examples, which cannot be told another. */
export const KEY_HEX = '1a2b3c4d5e6f';
export const KEY = Buffer.from(KEY_HEX, 'hex');
export const WRONG_KEY_HEX = 'f6e5d4c3b2a1';
export const WRONG_KEY = Buffer.from(WRONG_KEY_HEX, 'hex');

let directory: string | undefined;

afterAll(() => {
  if (directory !== undefined) rmSync(directory, { recursive: true });
});

/** Path of a scratch file of this test file. */
export function scratchFile(name: string): string {
  directory ??= mkdtempSync(join(tmpdir(), 'dtls-interop-'));
  return join(directory, name);
}

export interface Certificate {
  certFile: string;
  keyFile: string;
}

/** A self-signed certificate for a peer that has no pre-shared keys. */
export function makeCertificate(): Certificate {
  const certFile = scratchFile('certificate.pem');
  const keyFile = scratchFile('key.pem');
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', keyFile];
  execFileSync('openssl', ['req', '-x509', ...newKey, '-out', certFile, '-subj', '/CN=localhost'], { stdio: 'pipe' });
  return { certFile, keyFile };
}

let files = 0;

/** Path of a new file with this text. */
export function pemFile(pem: string): string {
  const path = scratchFile(`${++files}.pem`);
  writeFileSync(path, pem);
  return path;
}

/** Files of a certificate with its chain, and of its key. */
export function identityFiles({ chain, key }: Certified): Certificate {
  return { certFile: pemFile(chain), keyFile: pemFile(key) };
}
