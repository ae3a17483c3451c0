/** One element of ASN.1 in DER (X.690): its identifier octet and its contents. */
export interface DerElement {
  tag: number;
  contents: Uint8Array;
}

export const DER = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
};

/** The elements that fill these bytes exactly, or undefined when something else does. */
export function derElements(bytes: Uint8Array): DerElement[] | undefined {
  const elements: DerElement[] = [];
  for (let rest = bytes; rest.length > 0; ) {
    const header = readHeader(rest);
    if (!header || header.end > rest.length) return undefined;
    elements.push({ tag: header.tag, contents: rest.subarray(header.start, header.end) });
    rest = rest.subarray(header.end);
  }
  return elements;
}

/** What the one SEQUENCE that these bytes are consists of. */
export function derSequence(bytes: Uint8Array): DerElement[] | undefined {
  const [outer, ...more] = derElements(bytes) ?? [];
  return outer?.tag === DER.sequence && more.length === 0 ? derElements(outer.contents) : undefined;
}

/** Where the contents of the first element start and end. */
function readHeader(bytes: Uint8Array): { tag: number; start: number; end: number } | undefined {
  const [tag, first] = bytes;
  if (tag === undefined || first === undefined) return undefined;
  if (first < 0x80) return { tag, start: 2, end: 2 + first };
  // An indefinite length, which is for BER.
  if (first === 0x80) return undefined;
  const start = 2 + (first & 0x7f);
  const length = bytes.subarray(2, start).reduce((sum, byte) => sum * 256 + byte, 0);
  return { tag, start, end: start + length };
}
