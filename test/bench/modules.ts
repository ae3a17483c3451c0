import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const BENCH = join(__dirname, '..', '..', 'bench');
const LIMIT_MS = 15_000;

/**
 * The value of an async function's body in which `m` is a module of bench/ and `input` what is given here. In a process
 * of its own, for Jest loads no ES modules; values travel as JSON.
 */
export function evaluate<T>(module: string, body: string, input?: unknown): T {
  const source = `
    import * as m from ${JSON.stringify(join(BENCH, module))};
    import { text } from 'node:stream/consumers';
    const input = JSON.parse(await text(process.stdin));
    const value = await (async () => {${body}})();
    process.stdout.write(JSON.stringify(value) ?? 'null');`;
  const options = { input: JSON.stringify(input ?? null), encoding: 'utf8', timeout: LIMIT_MS } as const;
  return JSON.parse(execFileSync(process.execPath, ['--input-type=module', '-e', source], options));
}
