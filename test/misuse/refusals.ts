import { expect } from '@jest/globals';
import type { DtlsErrorCode } from '../../lib';
import { client, type Pair, talk } from '../support/pair';
import { ODD_NAMES, type OddName, odd } from './odd-values';
import { expectUseful, isOwn, settledVerdict } from './verdict';

/** What is wrong with how a use deals with each odd value. `code` is what each refusal has, where it is one only. */
export async function problemsOf(
  use: (value: never) => unknown,
  taken: readonly OddName[],
  isSecret: boolean,
  code?: DtlsErrorCode,
): Promise<string[]> {
  const problems: string[] = [];
  for (const value of ODD_NAMES) {
    try {
      const verdict = await settledVerdict(() => use(odd(value) as never));
      if ((verdict === 'taken') !== taken.includes(value)) problems.push(`${value}: ${verdict}`);
      if (verdict === 'own' && !isOwn(value)) problems.push(`${value}: it throws nothing itself`);
      if (typeof verdict === 'string') continue;
      expectUseful(verdict, isSecret);
      if (code !== undefined && verdict.code !== code) problems.push(`${value}: ${verdict.code}`);
    } catch (error) {
      problems.push(`${value}: ${error instanceof Error ? error.stack : String(error)}`);
    }
  }
  return problems;
}

/** That nothing has become of it. */
export async function expectUnharmed({ client: one, peer, link }: Pair): Promise<void> {
  await link.quiet();
  await talk(one, peer);
  await client(link).startHandshake().opened;
  for (const { dropped, ...counters } of [one.stats, peer.stats]) {
    const counts = [...Object.values(counters), ...Object.values(dropped)];
    expect(counts.filter((count) => !Number.isSafeInteger(count) || count < 0)).toEqual([]);
  }
}
