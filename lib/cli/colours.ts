import { Ansis } from 'ansis';

/**
 * Colours on a terminal, or where FORCE_COLOR asks for them, unless NO_COLOR forbids them. Left alone, ansis colours
 * pipes on CI machines too.
 */
const isWanted = process.stdout.isTTY || process.env.FORCE_COLOR !== undefined;

export const colours = isWanted ? new Ansis() : new Ansis(0);
