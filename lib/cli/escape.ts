import { isUtf8 } from 'node:buffer';

/**
 * What a terminal obeys or does not show: control characters, formatting such as bidirectional overrides, line and
 * paragraph separators, lone surrogates, and code points without a meaning of their own.
 */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\p{Cn}]/gu;

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** Text that may hold a peer's words, safe to print: one line, and nothing that the terminal would act on. */
export function escapeText(text: string): string {
  return text.replace(UNSAFE, (character) => {
    const code = character.codePointAt(0) as number;
    return SHORT[character] ?? (code < 0x80 ? byteEscape(code) : `\\u{${code.toString(16)}}`);
  });
}

/**
 * A peer's message as text, safe to print. Bytes that are no UTF-8 become `\xNN`, and a backslash `\\`, so that
 * no two messages look the same.
 */
export function escapeMessage(data: Uint8Array): string {
  let text = '';
  for (let start = 0; start < data.length; ) {
    const length = utf8Length(data, start);
    text += length === 0 ? byteEscape(data[start]) : escapeCharacters(data.subarray(start, start + length));
    start += Math.max(length, 1);
  }
  return text;
}

/** Length of the character that starts there; 0 when none does. */
function utf8Length(data: Uint8Array, start: number): number {
  for (let length = 1; length <= 4 && start + length <= data.length; length++) {
    if (isUtf8(data.subarray(start, start + length))) return length;
  }
  return 0;
}

function escapeCharacters(utf8: Uint8Array): string {
  return escapeText(Buffer.from(utf8).toString().replaceAll('\\', '\\\\'));
}

function byteEscape(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, '0')}`;
}
