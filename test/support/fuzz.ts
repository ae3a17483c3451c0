import fc from 'fast-check';
import { DtlsError, type DtlsErrorCode } from '../../lib';
import { handshake, record } from './wire';

/** How often a property is tried: FUZZ_RUNS times, `usual` ones without it. */
export function runs(usual = 100): { numRuns: number } {
  return { numRuns: Number(process.env.FUZZ_RUNS ?? usual) };
}

/** Bytes of which parsers get far: records and handshake messages, whole, in fragments, cut short and changed. */
export function datagrams(): fc.Arbitrary<Buffer> {
  const body = fc.uint8Array({ maxLength: 80 });
  const messages = fc
    .record({
      type: fc.constantFrom(0, 1, 2, 3, 4, 11, 12, 13, 14, 16, 20, 99),
      sequence: fc.nat(20),
      body,
      before: fc.nat(40),
      after: fc.nat(40),
    })
    .map((message) =>
      handshake(message.type, message.sequence, {
        body: message.body,
        at: message.before,
        total: message.before + message.body.length + message.after,
      }),
    );
  const whole = fc
    .tuple(fc.constantFrom(1, 2, 12, 14, 16), fc.nat(4), fc.oneof(body, helloBodies()))
    .map(([type, sequence, bytes]) => handshake(type, sequence, { body: bytes }));
  const others = fc
    .tuple(fc.nat(30), body, fc.constantFrom(0, 1, 2, 65_535), fc.nat(2 ** 31))
    .map(([type, bytes, epoch, sequence]) => record(type, bytes, { epoch, sequence }));
  const records = fc.array(fc.oneof(messages, whole, others), { maxLength: 4 }).map((all) => Buffer.concat(all));
  return fc.oneof({ weight: 3, arbitrary: changed(records) }, fc.uint8Array({ maxLength: 200 }).map(Buffer.from));
}

/** What a ClientHello consists of, so that its extensions are reached. */
function helloBodies(): fc.Arbitrary<Buffer> {
  const extension = fc
    .tuple(fc.constantFrom(0, 16, 23, 35), vector(2))
    .map(([type, data]) => Buffer.concat([Buffer.of(0, type), data]));
  const extensions = fc.array(extension, { maxLength: 3 }).map((all) => withLength(2, Buffer.concat(all)));
  return fc
    .tuple(vector(1, 34), vector(1, 40), vector(2), vector(1), fc.oneof(extensions, fc.constant(Buffer.alloc(0))))
    .map((parts) => Buffer.concat([Buffer.alloc(34, 0xfe), ...parts]));
}

function vector(lengthSize: number, maxLength = 30): fc.Arbitrary<Buffer> {
  return fc.uint8Array({ maxLength }).map((bytes) => withLength(lengthSize, bytes));
}

function withLength(lengthSize: number, bytes: Uint8Array): Buffer {
  const length = Buffer.alloc(lengthSize);
  length.writeUIntBE(bytes.length, 0, lengthSize);
  return Buffer.concat([length, bytes]);
}

/** Some of the bytes are others, and the end may be missing. */
export function changed(original: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> {
  const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 });
  return fc.tuple(original, changes, fc.option(fc.nat())).map(([bytes, places, cut]) => {
    const copy = Buffer.from(bytes);
    for (const [at, value] of places) if (copy.length > 0) copy[at % copy.length] = value;
    return cut === null ? copy : copy.subarray(0, cut % (copy.length + 1));
  });
}

/**
 * What `parse` gives; undefined when it throws one of our errors, of these codes if any are given. Others are for the
 * test to fail with.
 */
export function parsed<T>(parse: () => T, codes?: readonly DtlsErrorCode[]): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (!DtlsError.is(error) || codes?.includes(error.code) === false) throw error;
    return undefined;
  }
}
