import fc from 'fast-check';
import { handshake, record, Type } from './wire';

export interface WholeMessage {
  type: number;
  sequence: number;
  body: Uint8Array;
}

/**
 * Datagrams that carry the messages in every way that RFC 6347 section 4.2.3 allows, and some more: cut anywhere, some
 * parts again and with other borders, in any order, several to a record and to a datagram.
 */
export function fragmentations(messages: readonly WholeMessage[]): fc.Arbitrary<Buffer[]> {
  return fc
    .tuple(...messages.map(fragmentsOf))
    .chain((lists) => {
      const all = lists.flat();
      return fc.tuple(fc.subarray(all), fc.constant(all));
    })
    .chain(([again, all]) => {
      const everything = [...all, ...again];
      return fc.tuple(
        fc.shuffledSubarray(everything, { minLength: everything.length }),
        fc.array(fc.constantFrom<Joint>('record', 'datagram', 'none'), {
          minLength: everything.length,
          maxLength: everything.length,
        }),
      );
    })
    .map(([fragments, joints]) => pack(fragments, joints));
}

/** What a fragment shares with the one before it. */
type Joint = 'record' | 'datagram' | 'none';

function fragmentsOf({ type, sequence, body }: WholeMessage): fc.Arbitrary<Buffer[]> {
  const position = fc.nat({ max: body.length });
  return fc
    .tuple(fc.array(position, { maxLength: 12 }), fc.array(fc.tuple(position, position), { maxLength: 3 }))
    .map(([cuts, extra]) => {
      const borders = [0, ...cuts.sort((a, b) => a - b), body.length];
      const pieces = borders.slice(1).map((to, i) => [borders[i] as number, to] as const);
      return [...pieces, ...extra.map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const)].map(([at, to]) =>
        handshake(type, sequence, { body: body.subarray(at, to), total: body.length, at }).subarray(13),
      );
    });
}

function pack(fragments: readonly Buffer[], joints: readonly Joint[]): Buffer[] {
  const datagrams: Buffer[][][] = [];
  for (const [i, fragment] of fragments.entries()) {
    const datagram = datagrams.at(-1);
    const open = datagram?.at(-1);
    if (datagram === undefined || open === undefined || joints[i] === 'none') datagrams.push([[fragment]]);
    else if (joints[i] === 'datagram') datagram.push([fragment]);
    else open.push(fragment);
  }
  return datagrams.map((records) =>
    Buffer.concat(records.map((parts) => record(Type.handshake, Buffer.concat(parts)))),
  );
}
