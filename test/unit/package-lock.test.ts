import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

interface Locked {
  resolved?: string;
  optionalDependencies?: Record<string, string>;
}

const lock = readFileSync(join(__dirname, '..', '..', 'package-lock.json'), 'utf8');
const packages: Record<string, Locked> = JSON.parse(lock).packages;

test('the lock file names no registry', () => {
  expect(lock).not.toMatch(/https?:\/\/[^"]*\.tgz/);
  expect(Object.values(packages).filter((entry) => entry.resolved)).toEqual([]);
});

// npm locks no optional package that the registry lacks, and then `npm ci` on that package's platform goes without it.
test('the lock file has the packages of every platform', () => {
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter(
      (name) => !packages[`node_modules/${name}`] && !packages[`${path}/node_modules/${name}`],
    ),
  );
  expect(missing).toEqual([]);
});
