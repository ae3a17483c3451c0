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

/** All of them at once; where several would do something to a datagram, the first does. */
export function together(...paths: readonly Path[]): Path {
  return (datagram) => {
    const fates = paths.map((path) => path(datagram));
    return fates.find((fate) => fate !== 'passed') ?? 'passed';
  };
}
