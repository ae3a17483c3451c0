import { checkNames, integer } from './check';

export interface DrainOptions {
  /** Close an association when no message came from its peer for so many milliseconds. Default 1000. */
  idleFor?: number | undefined;
  /** Close all that are left after so many milliseconds. Default 30000. */
  deadline?: number | undefined;
}

export interface DrainConfig {
  readonly idleForMs: number;
  readonly deadlineMs: number;
}

/** Throws `ERR_DTLS_OPTION` for the first option that cannot be used. */
export function parseDrainOptions(options: DrainOptions): DrainConfig {
  checkNames('drain', options, ['idleFor', 'deadline']);
  return {
    idleForMs: integer('idleFor', options.idleFor, { min: 1, max: 2 ** 31 - 1 }, 1000),
    deadlineMs: integer('deadline', options.deadline, { min: 0, max: 2 ** 31 - 1 }, 30_000),
  };
}
