import { spawn } from 'node:child_process';
import { join } from 'node:path';

export interface Outcome {
  /** null: it did not end by itself. */
  code: number | null;
  stdout: string;
  stderr: string;
}

const root = join(__dirname, '..', '..');
/** Less than a test may take, so that a process that hangs is an outcome. */
const killAfterMs = 15_000;

/**
 * What the scripts below begin with: the built package, and an echo server on a port of its own. `report` writes one
 * JSON value a line.
 */
const prelude = `
const { connect, createEndpoint, createServer, DtlsAssociation } = require('dtls-association');
const { once } = require('node:events');
const key = Buffer.from('1a2b3c4d5e6f', 'hex');
const psk = { identity: 'alice', key };
const report = (value) => process.stdout.write(JSON.stringify(value) + '\\n');
async function echo(options) {
  const server = createServer({ psk: { alice: key }, ...options });
  server.on('secureConnection', (peer) => peer.on('message', (data) => peer.send(data)));
  await server.listen({ port: 0, address: '127.0.0.1' });
  return server;
}
const open = (server, options) => connect({ host: '127.0.0.1', port: server.address().port, psk, ...options });
`;

/** Runs a script, the body of an async function over the prelude, in a process of its own. */
export function runScript(body: string, nodeOptions: string[] = []): Promise<Outcome> {
  return run([...nodeOptions, '-e', `${prelude}(async () => {${body}})();`]);
}

/** Runs a module that imports the package by its name. */
export function runModule(source: string): Promise<Outcome> {
  return run(['--input-type=module', '-e', source]);
}

/** The values that a script reported. */
export function reported({ stdout, stderr }: Outcome): unknown[] {
  if (stderr !== '') throw new Error(stderr);
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

function run(nodeArguments: string[]): Promise<Outcome> {
  const child = spawn(process.execPath, nodeArguments, { cwd: root, timeout: killAfterMs, killSignal: 'SIGKILL' });
  const outcome: Outcome = { code: null, stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    outcome.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    outcome.stderr += chunk;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ ...outcome, code }));
  });
}
