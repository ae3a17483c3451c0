import { createPrivateKey } from 'node:crypto';
import { beforeAll, describe, expect, jest, test } from '@jest/globals';
import { parseIdentities, type ReadPfx } from '../../lib/credentials/identity';
import { thrown } from '../support/errors';
import { type Authority, authority, type Certified, EXPIRED } from '../support/pki';

const FILE = Buffer.from('a PFX, as far as the reader says');

let ca: Authority;
let leaf: Certified;

beforeAll(async () => {
  ca = await authority();
  leaf = await ca.issue();
});

const keyOf = ({ key }: Certified) => createPrivateKey(key).export({ type: 'pkcs8', format: 'der' });
const contents = (certified = leaf) => ({ certificates: [certified.der, ca.der], key: keyOf(certified) });
const reader = (result: ReturnType<ReadPfx>) => jest.fn<ReadPfx>(() => result);
const fault = (options: object, result: ReturnType<ReadPfx>) => thrown(() => parseIdentities(options, reader(result)));

describe('a PFX', () => {
  test('gives certificates and key', () => {
    const read = reader(contents());
    expect(parseIdentities({ pfx: FILE, passphrase: 'secret' }, read)).toEqual([contents()]);
    expect(read).toHaveBeenCalledWith(FILE, 'secret');
  });

  test('is taken in base64', () => {
    const read = reader(contents());
    parseIdentities({ pfx: `${FILE.toString('base64')}\n` }, read);
    expect(read).toHaveBeenCalledWith(FILE, '');
  });

  test('may have a passphrase of its own', () => {
    const read = jest.fn<ReadPfx>().mockReturnValueOnce(contents());
    parseIdentities({ pfx: [{ buf: FILE, passphrase: 'own' }], passphrase: 'other' }, read);
    expect(read).toHaveBeenCalledWith(FILE, 'own');
  });

  test('without one is opened with that of the options', () => {
    const read = reader(contents());
    parseIdentities({ pfx: [{ buf: FILE }], passphrase: 'other' }, read);
    expect(read).toHaveBeenCalledWith(FILE, 'other');
  });

  test('stands beside a certificate of another kind', async () => {
    const rsa = await ca.issue({ keyType: 'rsa-2048' });
    const options = { pfx: FILE, cert: rsa.cert, key: rsa.key };
    expect(parseIdentities(options, reader(contents()))).toEqual([
      { certificates: [rsa.der], key: keyOf(rsa) },
      contents(),
    ]);
  });

  test('leaves no copy of its key behind', () => {
    const read = contents();
    parseIdentities({ pfx: FILE }, reader(read));
    expect(read.key.every((byte) => byte === 0)).toBe(true);
  });

  test.each([
    [undefined, /the PFX is encrypted, and there is no passphrase/],
    ['wrong', /the passphrase does not open the PFX/],
  ])('stays shut for the passphrase %p', (passphrase, message) => {
    const error = fault({ pfx: FILE, passphrase }, 'passphrase');
    expect(error).toMatchObject({
      code: 'ERR_DTLS_PASSPHRASE',
      option: 'pfx',
      message: expect.stringMatching(message),
    });
  });

  test('that cannot be read is named', () => {
    const error = fault({ pfx: [FILE] }, 'unreadable');
    expect(error).toMatchObject({ code: 'ERR_DTLS_PEM', option: 'pfx[0]', message: expect.stringMatching(/PKCS#12/) });
    expect(error.value).toBeUndefined();
  });

  test.each([
    ['', /it is empty/],
    ['./server.pfx', /looks like the name of a file/],
    ['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', /but this is a certificate/],
  ])('is not the text %j', (pfx, message) => {
    const error = fault({ pfx }, contents());
    expect(error).toMatchObject({ code: 'ERR_DTLS_PEM', message: expect.stringMatching(message) });
  });

  test.each([[7], [{}], [[null]]])('is not %j', (pfx) => {
    expect(fault({ pfx }, contents())).toMatchObject({ code: 'ERR_DTLS_OPTION' });
  });

  test('has both a certificate and a key', () => {
    const message = expect.stringMatching(/one is missing/);
    expect(fault({ pfx: FILE }, { ...contents(), certificates: [] })).toMatchObject({ code: 'ERR_DTLS_PEM', message });
    expect(fault({ pfx: FILE }, { ...contents(), key: Buffer.alloc(0) })).toMatchObject({
      code: 'ERR_DTLS_PEM',
      message,
    });
  });

  test('has a key that belongs to the certificate', async () => {
    const other = await ca.issue();
    const error = fault({ pfx: FILE }, { ...contents(), key: keyOf(other) });
    expect(error).toMatchObject({ code: 'ERR_DTLS_KEY_MISMATCH', option: 'pfx' });
  });

  test('has a certificate that is in force', async () => {
    const old = await ca.issue(EXPIRED);
    expect(fault({ pfx: FILE }, contents(old))).toMatchObject({ code: 'ERR_DTLS_CERT_EXPIRED', option: 'pfx' });
  });

  test('has another kind of key than a certificate beside it', async () => {
    const second = await ca.issue();
    const error = fault({ pfx: FILE, cert: second.cert, key: second.key }, contents());
    expect(error).toMatchObject({ code: 'ERR_DTLS_OPTION', option: 'pfx' });
  });
});
