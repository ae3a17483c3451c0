import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterEach, expect, test } from '@jest/globals';

const ROOT = path.join(__dirname, '../..');
const CLI = path.join(ROOT, 'dist/cli/main.js');
const readme = readFileSync(path.join(ROOT, 'README.md'), 'utf8');
const run = promisify(execFile);

const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill();
});

function start(args: string[]): ChildProcess {
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  return child;
}

async function lineOf(child: ChildProcess, pattern: RegExp): Promise<RegExpExecArray> {
  if (child.stdout === null) throw new Error('the child has no standard output');
  for await (const line of createInterface({ input: child.stdout })) {
    const match = pattern.exec(line);
    if (match !== null) return match;
  }
  throw new Error(`the output ended without ${pattern}`);
}

test.each(['psk-server', 'psk-client'])('shows examples/%s.mjs as it is', (name) => {
  const source = readFileSync(path.join(ROOT, `examples/${name}.mjs`), 'utf8');
  expect(readme).toContain(`<!-- examples/${name}.mjs -->\n\`\`\`js\n${source}\`\`\``);
});

test('its server and client talk to each other', async () => {
  const server = start(['examples/psk-server.mjs', '0']);
  const [, port] = await lineOf(server, /listening on port (\d+)/);
  const { stdout } = await run(process.execPath, ['examples/psk-client.mjs', port as string], { cwd: ROOT });
  expect(stdout).toBe('you said hello\n');
});

test('examples/workers.mjs spreads clients over its workers', async () => {
  const server = start(['examples/workers.mjs', '0', '2']);
  const [, port] = await lineOf(server, /listening on port (\d+) with 2 workers/);
  const { stdout } = await run(process.execPath, ['examples/psk-client.mjs', port as string], { cwd: ROOT });
  expect(stdout).toMatch(/^worker [12] says hello\n$/);
});

test('its command lines do what they say', async () => {
  const [serverLine, clientLine, helpLine] = [...readme.matchAll(/^npx dtls (.*)$/gm)].map(
    (match) => match[1] as string,
  );
  const server = start([CLI, ...(serverLine as string).split(' ')]);
  await lineOf(server, /Server is listening on address 127\.0\.0\.1 and port 22334/);
  const { stdout } = await run(process.execPath, [CLI, ...(clientLine as string).split(' ')]);
  expect(stdout).toContain('Alice (clone number 1): encrypted connection established!');
  expect(stdout).toMatch(/to \(127\.0\.0\.1:\d+\): ACK/);
  const help = await run(process.execPath, [CLI, ...(helpLine as string).split(' ')]);
  expect(help.stdout).toContain('Usage: dtls client');
  const [code] = server.exitCode === null ? await once(server, 'exit') : [server.exitCode];
  expect(code).toBe(0);
});

test('names every script that it mentions as package.json does', () => {
  const { scripts } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as { scripts: object };
  const mentioned = [...readme.matchAll(/npm (?:run )?(start|test|[a-z]+:[a-z]+)/g)].map((match) => match[1] as string);
  expect(mentioned.length).toBeGreaterThan(2);
  expect(Object.keys(scripts)).toEqual(expect.arrayContaining(mentioned));
});
