import { readFileSync } from 'node:fs';
import path from 'node:path';
import { types } from 'node:util';
import { DtlsError } from '../../lib';
import { expectNoTrace } from '../support/errors';
import { type OddName, OwnError, secretBytes } from './odd-values';

/** What throws when it is looked at closely. Whether somebody does is nobody's promise. */
const OWN: ReadonlyArray<OddName> = [
  ...(['a getter that throws', 'a proxy that throws', 'a revoked proxy'] as const),
  ...(['an object without words', 'an array of odd things'] as const),
];

export function isOwn(name: OddName): boolean {
  return OWN.includes(name);
}

/** For thousands of combinations in one test, on a machine that has other things to do. */
export const MANY_MS = 60_000;

/** What became of a use: nothing was thrown, a DtlsError was, or what the odd value throws itself. */
export type Verdict = 'taken' | 'own' | DtlsError;

const documentation = readFileSync(path.join(__dirname, '../../docs/errors.md'), 'utf8');
/** The codes of docs/errors.md. */
export const DOCUMENTED_CODES = new Set([...documentation.matchAll(/^\| `(\w+)` \|/gm)].map((match) => match[1]));

/** Rethrows what is none of the three: a defect. */
export function judge(thrown: unknown): Verdict {
  if (DtlsError.is(thrown)) return thrown;
  if (thrown instanceof OwnError || isRevoked(thrown)) return 'own';
  throw thrown;
}

/** What the language says whoever looks at a revoked proxy. */
function isRevoked(thrown: unknown): boolean {
  return types.isNativeError(thrown) && REVOKED.test(thrown.message);
}

const REVOKED = /proxy that has been revoked/;

export function verdictOf(use: () => unknown): Verdict {
  try {
    use();
    return 'taken';
  } catch (error) {
    return judge(error);
  }
}

export async function settledVerdict(use: () => unknown): Promise<Verdict> {
  try {
    await use();
    return 'taken';
  } catch (error) {
    return judge(error);
  }
}

/** The words of a language or runtime that met what it did not expect; no user can do anything with them. */
const INTERNAL =
  /Cannot (read|convert|destructure|set|access|mix|perform)|is not (a function|iterable|a constructor|an object)|undefined \(|private member|incompatible receiver/;

/** That a refusal is one that a user can work with: documented, one sentence or two, no secrets, no internals. */
export function expectUseful(error: DtlsError, isSecret: boolean): void {
  const problems = [
    !DOCUMENTED_CODES.has(error.code) && `the code ${error.code} is not documented`,
    error.code === 'ERR_DTLS_INTERNAL' && 'it is called a defect of the package',
    error.message.length > 1000 && `the message has ${error.message.length} characters`,
    INTERNAL.test(error.message) && !REVOKED.test(error.message) && 'the message is about internals',
  ].filter((problem) => problem !== false);
  if (problems.length > 0) throw new Error(`${problems.join('; ')}: ${error.message.slice(0, 300)}`);
  if (isSecret) expectNoTrace(error, secretBytes);
  const kept = Object.values(error).filter((value) => typeof value === 'object' && value !== null);
  if (kept.some((value) => types.isUint8Array(value))) throw new Error('it keeps the value');
  JSON.stringify(error);
}
