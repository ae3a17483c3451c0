import { spawn } from 'node:child_process';
import path from 'node:path';

export interface Outcome {
  code: number | null;
  signal: NodeJS.Signals | null;
  output: string;
}

/** Runs a program of children/ to its end, in a process of its own: a crash is an outcome, not the end of Jest. */
export function runChild(name: string, nodeOptions: string[] = [], args: string[] = []): Promise<Outcome> {
  const child = spawn(process.execPath, [...nodeOptions, path.join(__dirname, 'children', name), ...args]);
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk) => chunks.push(chunk));
  child.stderr.on('data', (chunk) => chunks.push(chunk));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, output: Buffer.concat(chunks).toString() }));
  });
}
