// npm run bench -- [CASE...] [options]
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Failure } from '../../scripts/lib/run.mjs';
import { cache } from './paths.mjs';

const DEFAULT_REPS = 5;

export const USAGE = `Usage: npm run bench -- [CASE...] [options]

  CASE           one case or several; without any, all of them, in under 10 minutes
  --reps N       runs of each contestant (default ${DEFAULT_REPS}; some cases take fewer)
  --quick        one very short run each: shows that everything works, and no figures to trust
  --json FILE    where the results go (default .cache/bench/results.json)
  --html FILE    where the report goes (default .cache/bench/report.html)
  --page FILE    put the tables into a Markdown page that has a place for them, docs/performance.md, and the charts of
                 curves into charts/ beside it
  --list         list the cases
  --help         this text
`;

/** Throws a `Failure` that tells what is wrong. */
export function parseCommandLine(args, cases) {
  const { values, positionals } = parse(args);
  const unknown = positionals.filter((name) => !cases.some((each) => each.name === name));
  if (unknown.length > 0) {
    throw new Failure(`There is no case ${unknown.join(', ')}. There are: ${cases.map(({ name }) => name).join(', ')}`);
  }
  const reps = values.quick ? 1 : Number(values.reps ?? DEFAULT_REPS);
  if (!Number.isInteger(reps) || reps < 1) throw new Failure(`--reps takes a number from 1 on, not ${values.reps}`);
  return {
    cases: positionals.length === 0 ? cases : cases.filter(({ name }) => positionals.includes(name)),
    reps,
    isQuick: values.quick === true,
    json: values.json ?? join(cache, 'results.json'),
    html: values.html ?? join(cache, 'report.html'),
    page: values.page,
    wantsHelp: values.help === true,
    wantsList: values.list === true,
  };
}

function parse(args) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        reps: { type: 'string' },
        quick: { type: 'boolean' },
        json: { type: 'string' },
        html: { type: 'string' },
        page: { type: 'string' },
        list: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new Failure(`${error.message}\n\n${USAGE}`);
  }
}
