import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { lineOf, ROOT, run, start } from './programs';

const CLI = path.join(ROOT, 'dist/cli/main.js');
const readme = readFileSync(path.join(ROOT, 'README.md'), 'utf8');

test.each(['certificate-server', 'certificate-client', 'psk-server', 'psk-client'])(
  'shows examples/%s.mjs as it is',
  (name) => {
    const source = readFileSync(path.join(ROOT, `examples/${name}.mjs`), 'utf8');
    expect(readme).toContain(`<!-- examples/${name}.mjs -->\n\`\`\`js\n${source}\`\`\``);
  },
);

test('its command lines do what they say', async () => {
  const [serverLine, clientLine, helpLine] = [...readme.matchAll(/^npx dtls (.*)$/gm)].map(
    (match) => match[1] as string,
  );
  const server = start([CLI, ...(serverLine as string).split(' ')]);
  await lineOf(server, /Server is listening on address 127\.0\.0\.1 and port 22334/);
  const { stdout } = await run([CLI, ...(clientLine as string).split(' ')]);
  expect(stdout).toContain('Alice (clone number 1): encrypted connection established!');
  expect(stdout).toMatch(/to \(127\.0\.0\.1:\d+\): ACK/);
  const help = await run([CLI, ...(helpLine as string).split(' ')]);
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
