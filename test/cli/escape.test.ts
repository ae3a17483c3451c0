import { describe, expect, test } from '@jest/globals';
import { escapeMessage, escapeText } from '../../lib/cli/escape';

describe('escapeText', () => {
  test('leaves printable text of any language alone', () => {
    const text = 'Grüße, 你好, שלום, 👋 and a\\backslash';
    expect(escapeText(text)).toBe(text);
  });

  test.each([
    ['escape sequences', '\x1b]0;title\x07', '\\x1b]0;title\\x07'],
    ['line ends and tabs', 'a\r\n\tb', 'a\\r\\n\\tb'],
    ['delete and NUL', '\x7f\0', '\\x7f\\x00'],
    ['C1 controls', 'a\u009b2Jb', 'a\\u{9b}2Jb'],
    ['bidirectional overrides and isolates', '\u202eabc\u2066', '\\u{202e}abc\\u{2066}'],
    ['zero-width and other invisible characters', 'a\u200bb\ufeff\u{e0041}', 'a\\u{200b}b\\u{feff}\\u{e0041}'],
    ['line and paragraph separators', '\u2028\u2029', '\\u{2028}\\u{2029}'],
    ['lone surrogates', 'a\ud800b', 'a\\u{d800}b'],
    ['private use and unassigned code points', '\ue000\uffff', '\\u{e000}\\u{ffff}'],
  ])('shows %s', (_what, text, shown) => {
    expect(escapeText(text)).toBe(shown);
  });

  test('does not escape twice', () => {
    expect(escapeText(escapeText('\x1b\n'))).toBe(escapeText('\x1b\n'));
  });
});

describe('escapeMessage', () => {
  test('decodes UTF-8', () => {
    expect(escapeMessage(Buffer.from('Grüße 👋'))).toBe('Grüße 👋');
  });

  test('is empty for an empty message', () => {
    expect(escapeMessage(new Uint8Array())).toBe('');
  });

  test('shows bytes that are no UTF-8 in hex, and what surrounds them as text', () => {
    expect(escapeMessage(Buffer.from([0x61, 0xff, 0xc3, 0x28, 0xe2, 0x82, 0xac, 0xe2, 0x82]))).toBe(
      'a\\xff\\xc3(€\\xe2\\x82',
    );
  });

  test('takes overlong forms and encoded surrogates for what they are, no UTF-8', () => {
    expect(escapeMessage(Buffer.from([0xc0, 0x9b]))).toBe('\\xc0\\x9b');
    expect(escapeMessage(Buffer.from([0xed, 0xa0, 0x80]))).toBe('\\xed\\xa0\\x80');
  });

  test('escapes controls as in text', () => {
    expect(escapeMessage(Buffer.from('\x1b[2J\u202e\n'))).toBe('\\x1b[2J\\u{202e}\\n');
  });

  test('doubles backslashes, so that an escape cannot be forged', () => {
    expect(escapeMessage(Buffer.from('\\x1b'))).toBe('\\\\x1b');
  });
});
