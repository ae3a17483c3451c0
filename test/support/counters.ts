import type { DtlsServer } from '../../lib';

const sum = (counters: Record<string, number>): number => Object.values(counters).reduce((all, one) => all + one, 0);

/** Hellos that a limit left unanswered, whichever it was. */
export function refusals({ stats }: DtlsServer): number {
  return sum(stats.refused);
}

/** Datagrams of strangers that came to nothing, whatever they were. */
export function ignored({ stats }: DtlsServer): number {
  return sum(stats.dropped);
}
