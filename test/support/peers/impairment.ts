import { numbers } from '../../../lib/testing/random';
import type { Fate, Path, Side } from './relay';

/**
 * One datagram in ten of each side, wherever the seed says among those ten: exactly 10 %, the same datagrams by number
 * in each run, however fast the peers are.
 */
export function oneInTen(fate: Fate, seed: number): Path {
  const draw = { client: numbers(seed), server: numbers(~seed) };
  const places: Record<Side, number[]> = { client: [], server: [] };
  return ({ from, number }) => {
    const ten = Math.floor((number - 1) / 10);
    places[from][ten] ??= Math.floor(10 * draw[from]());
    return (number - 1) % 10 === places[from][ten] ? fate : 'passed';
  };
}

/**
 * Damages one datagram in ten of those with a ciphertext, counted by themselves. That must come to the same as a loss
 * (RFC 6347 section 4.1.2.7), whichever bit it is. What is in clear passes: damage there may rightly end a handshake,
 * by an alert or because the digests of both sides differ. So does the header of a record, whose number, in clear,
 * may put those that follow out of the window.
 */
export function damagingOneInTen(seed: number): Path {
  const choose = oneInTen('damaged', seed);
  const sealed: Record<Side, number> = { client: 0, server: 0 };
  return (datagram) => {
    if (!datagram.isSealed) return 'passed';
    sealed[datagram.from] += 1;
    return choose({ ...datagram, number: sealed[datagram.from] });
  };
}

/** All of them at once; where several would do something to a datagram, the first does. */
export function together(...paths: readonly Path[]): Path {
  return (datagram) => {
    const fates = paths.map((path) => path(datagram));
    return fates.find((fate) => fate !== 'passed') ?? 'passed';
  };
}
