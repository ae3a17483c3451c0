import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { binding, explainLoadFailure, explainOpensslMismatch } from '../../lib/native';

const node = { node: '20.20.2' } as NodeJS.ProcessVersions;
const platform = `${process.platform}-${process.arch}`;

describe('explainLoadFailure', () => {
  test('not built', () => {
    const error = new Error('Could not locate the bindings file. Tried: build/dtls.node');
    expect(explainLoadFailure(error, node)).toMatch(/not built: run `npm rebuild dtls-association`.*cmake/);
  });

  test.each([
    '/app/dtls.node: invalid ELF header',
    '/app/dtls.node: wrong ELF class: ELFCLASS32',
    'dlopen(/app/dtls.node, 0x0001): tried: (mach-o file, but is an incompatible architecture)',
    '\\\\?\\C:\\app\\dtls.node is not a valid Win32 application.',
  ])('another platform: %s', (message) => {
    const sentence = explainLoadFailure(new Error(message), node);
    expect(sentence).toContain(`for another platform than ${platform}`);
    expect(sentence).toContain('npm rebuild');
  });

  test.each([
    ['Electron', { electron: '33.0.0' }],
    ['Bun', { bun: '1.2.0' }],
  ])('%s is told of the static build, whatever the error', (host, versions) => {
    for (const error of [undefined, new Error('Could not locate the bindings file')]) {
      const sentence = explainLoadFailure(error, { ...node, ...versions } as NodeJS.ProcessVersions);
      expect(sentence).toMatch(new RegExp(`^${host} .*npm run build:static.*DTLS_ADDON_PATH`));
    }
  });

  test('anything else is told in the words of the system', () => {
    expect(explainLoadFailure(new Error('permission denied'), node)).toMatch(/did not load: permission denied/);
    expect(explainLoadFailure('odd', node)).toMatch(/did not load: odd/);
  });
});

describe('explainOpensslMismatch', () => {
  test('is silent when the major versions agree', () => {
    expect(explainOpensslMismatch(3, 3)).toBeUndefined();
  });

  test('names both when they differ', () => {
    expect(explainOpensslMismatch(3, 4)).toMatch(/built for OpenSSL 3\.x, .* runs OpenSSL 4\.x: run `npm rebuild/);
  });
});

test('the loaded addon agrees with the OpenSSL that runs', () => {
  const { opensslMajorBuilt, opensslMajorRuntime } = binding.versions();
  expect(opensslMajorBuilt).toBe(opensslMajorRuntime);
});

describe('DTLS_ADDON_PATH', () => {
  let scratch: string;
  beforeAll(() => {
    scratch = mkdtempSync(join(tmpdir(), 'dtls-loader-'));
  });
  afterAll(() => rmSync(scratch, { recursive: true }));

  /** Loads the built package in a process of its own. */
  function load(addon: string) {
    const script = `
      try { require('./dist'); console.log(JSON.stringify({ loaded: true })); }
      catch (e) { console.log(JSON.stringify({ name: e.name, code: e.code, message: e.message, cause: e.cause?.message })); }`;
    const env = { ...process.env, DTLS_ADDON_PATH: addon };
    const { stdout } = spawnSync(process.execPath, ['-e', script], { cwd: join(__dirname, '..', '..'), env });
    return JSON.parse(String(stdout));
  }

  test('that leads nowhere is named', () => {
    const missing = join(scratch, 'missing.node');
    const error = load(missing);
    expect(error).toMatchObject({
      name: 'DtlsError',
      code: 'ERR_DTLS_LOAD',
      message: `DTLS_ADDON_PATH names ${missing}, where there is no file.`,
    });
  });

  test('to a file that is no addon: another platform', () => {
    const garbage = join(scratch, 'garbage.node');
    writeFileSync(garbage, Buffer.alloc(4096, 0x5a));
    expect(load(garbage)).toMatchObject({ code: 'ERR_DTLS_LOAD', message: expect.stringContaining(platform) });
  });

  test('to the addon loads it', () => {
    const addon = process.env.DTLS_ADDON_PATH ?? join(__dirname, '..', '..', 'build', 'Release', 'dtls.node');
    expect(load(addon)).toEqual({ loaded: true });
  });
});
