import { inspect } from 'node:util';
import { describe, expect, jest, test } from '@jest/globals';
import { DtlsError, optionError } from '../../lib/errors';

test('an error has its code, its message and the details that were given', () => {
  const peer = { address: '192.0.2.1', port: 5684, family: 'IPv4' } as const;
  const error = new DtlsError('ERR_DTLS_ALERT', 'The peer said no.', { peer, alert: 'handshake_failure' });
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({
    code: 'ERR_DTLS_ALERT',
    message: 'The peer said no.',
    peer,
    alert: 'handshake_failure',
  });
});

test('absent details are absent properties', () => {
  const error = new DtlsError('ERR_DTLS_CLOSED', 'Closed.', { alert: undefined, cause: undefined });
  expect(Object.keys(error)).toEqual(['code']);
  expect('cause' in error).toBe(false);
});

test('a cause is that of any Error', () => {
  const cause = new Error('the system says so');
  const error = new DtlsError('ERR_DTLS_SOCKET', 'The socket failed.', { cause });
  expect(error.cause).toBe(cause);
  expect(Object.keys(error)).not.toContain('cause');
});

test('a falsy value that was thrown is a cause too', () => {
  expect(new DtlsError('ERR_DTLS_PSK_CALLBACK', 'It threw.', { cause: null })).toHaveProperty('cause', null);
});

test('the name is DtlsError, and AbortError for an abort', () => {
  const error = new DtlsError('ERR_DTLS_STATE', 'Not open.');
  expect(error.name).toBe('DtlsError');
  expect(error.stack).toMatch(/^DtlsError: Not open\./);
  expect(new DtlsError('ABORT_ERR', 'Aborted.').name).toBe('AbortError');
});

test('an error about an option names it, shows its value and says what would do', () => {
  expect(optionError('mtu', 5, 'more is expected.')).toMatchObject({
    code: 'ERR_DTLS_OPTION',
    message: 'mtu: more is expected.',
    option: 'mtu',
    value: 5,
  });
});

describe('DtlsError.is', () => {
  test('knows errors of this copy of the package', () => {
    expect(DtlsError.is(new DtlsError('ERR_DTLS_CLOSED', 'Closed.'))).toBe(true);
  });

  test('knows errors of another copy of the package', () => {
    jest.resetModules();
    const other: typeof import('../../lib/errors') = require('../../lib/errors');
    const error = new other.DtlsError('ERR_DTLS_CLOSED', 'Closed.');
    expect(error).not.toBeInstanceOf(DtlsError);
    expect(DtlsError.is(error)).toBe(true);
    expect(other.DtlsError.is(new DtlsError('ERR_DTLS_CLOSED', 'Closed.'))).toBe(true);
  });

  test('knows nothing else', () => {
    const lookalike = Object.assign(new Error('Closed.'), { code: 'ERR_DTLS_CLOSED', name: 'DtlsError' });
    for (const value of [lookalike, { code: 'ERR_DTLS_CLOSED' }, undefined, null, 'ERR_DTLS_CLOSED']) {
      expect(DtlsError.is(value)).toBe(false);
    }
  });
});

test('the brand does not show when an error is printed', () => {
  const error = new DtlsError('ERR_DTLS_CLOSED', 'Closed.');
  expect(inspect(error)).not.toContain('Symbol');
  expect(JSON.parse(JSON.stringify(error))).toEqual({ code: 'ERR_DTLS_CLOSED' });
});
