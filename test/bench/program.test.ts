import { expect, test } from '@jest/globals';
import { evaluate } from './modules';

interface Outcome {
  value?: unknown;
  message?: string;
  hasTimedOut?: boolean;
}

/** What becomes of `use(program)`, where the program is this script. */
function run(script: string, use: string, limitMs = 10_000): Outcome {
  const body = `
    const program = new m.Program('it', [process.execPath, '-e', input.script], input.limitMs);
    try {
      return { value: await (${use})(program) };
    } catch ({ message, hasTimedOut }) {
      return { message, hasTimedOut };
    } finally {
      await program.stop();
    }`;
  return evaluate('lib/program.mjs', body, { script, limitMs });
}

test.each([
  ['READY 5684', 5684],
  ['READY 127.0.0.1 23500 qdtlsbench mode=echo', 23_500],
])('the port is read from %j', (line, port) => {
  expect(run(`console.log('noise'); console.log(${JSON.stringify(line)})`, '(p) => p.ready()')).toEqual({
    value: port,
  });
});

test('a program is asked for its figures and ended by signals', () => {
  const script = `
    process.on('SIGUSR1', () => console.log('{"n":1}'));
    process.on('SIGTERM', () => { console.log('{"n":2}'); process.exit(0); });
    setInterval(() => {}, 1000);
    console.log('READY 1')`;
  const use = "async (p) => [await p.ready(), await p.ask('SIGUSR1'), await p.ask('SIGTERM'), await p.end()]";
  expect(run(script, use)).toEqual({ value: [1, { n: 1 }, { n: 2 }, null] });
});

test('a program that hangs is killed, and that it took its time is told', () => {
  expect(run('setInterval(() => {}, 1000)', '(p) => p.json()', 300)).toEqual({
    message: 'it took too long and was killed',
    hasTimedOut: true,
  });
});

test('a program that crashes is told by its error', () => {
  expect(run("throw new TypeError('no such thing')", '(p) => p.json()')).toEqual({
    message: 'it ended with code 1: TypeError: no such thing',
    hasTimedOut: false,
  });
});

test('a program that ends without success after its figures has failed', () => {
  const { message } = run("console.log('{}'); process.exit(3)", 'async (p) => { await p.json(); await p.end(); }');
  expect(message).toBe('it ended with code 3');
});

test('a line that is no JSON is told', () => {
  expect(run("console.log('{half')", '(p) => p.json()').message).toBe('it printed no JSON: {half');
});

test('a program that cannot be started is told', () => {
  const body = `
    const program = new m.Program('it', ['/no/such/program'], 1000);
    return program.json().catch(({ message }) => message);`;
  expect(evaluate('lib/program.mjs', body)).toBe('it cannot be started: spawn /no/such/program ENOENT');
});
