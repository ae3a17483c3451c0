// A build step leaves a stamp in its output folder: a hash of all that it was made from.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './run.mjs';

export function readJson(path) {
  return JSON.parse(readFileSync(join(root, path), 'utf8'));
}

export function hashOf(value) {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}

/** Names and hashes of files; a folder stands for all the files in it. Paths are relative to the project's folder. */
export function hashFiles(paths) {
  return paths.flatMap((path) => {
    const absolute = join(root, path);
    if (statSync(absolute).isDirectory()) return hashFiles(readdirSync(absolute).map((name) => `${path}/${name}`));
    return [[path, hashOf(readFileSync(absolute, 'utf8'))]];
  });
}

export function readStamp(directory) {
  const path = join(directory, '.stamp');
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
}

export function writeStamp(directory, stamp) {
  writeFileSync(join(directory, '.stamp'), JSON.stringify(stamp));
}
