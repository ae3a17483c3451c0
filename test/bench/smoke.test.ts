import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { describePeer, missing, programs } from '../support/peers/debian';

const ROOT = join(__dirname, '..', '..');
/** With the C programs to be compiled. */
const LIMIT_MS = 60_000;
const COMPILER = `${programs('cmake', 'cc', 'make')} && test -e /usr/include/openssl/ssl.h`;

interface Suite {
  schema: number;
  peers: Array<{ id: string; reason?: string }>;
  cases: Array<{ name: string; series: Array<{ contestant: string; failures: string[]; figures: object }> }>;
}

describePeer('the benchmark suite', missing(COMPILER, ['cmake', 'gcc', 'make', 'libssl-dev']), () => {
  test(
    'runs a case from the command line to its reports',
    () => {
      const scratch = mkdtempSync(join(tmpdir(), 'dtls-bench-'));
      try {
        const [json, html] = [join(scratch, 'results.json'), join(scratch, 'report.html')];
        const args = ['run', 'bench', '--', 'echo-64', '--quick', '--json', json, '--html', html];
        // Qt's program takes long to compile, and shows here how a peer that is absent is told.
        const env = { ...process.env, DTLS_PEERS_DIR: scratch };
        const { stdout, stderr } = spawnSync('npm', args, { cwd: ROOT, env, encoding: 'utf8', timeout: LIMIT_MS });
        expect(stderr).toContain('[1/1] echo-64');
        expect(stdout).toContain(`Qt is left out: there is no ${join(scratch, 'qt')}`);
        expect(stdout).toMatch(/dtls-association, server in C +│ +[\d.]+ [kM]?\/?s/);
        const suite: Suite = JSON.parse(readFileSync(json, 'utf8'));
        expect(suite).toMatchObject({ schema: 1, cases: [{ name: 'echo-64' }] });
        for (const contestant of ['ours', 'ours-dgram', 'plain-c']) {
          expect(suite.cases[0]?.series).toContainEqual(
            expect.objectContaining({
              contestant,
              failures: [],
              figures: expect.objectContaining({ messagesPerSecond: expect.anything() }),
            }),
          );
        }
        expect(readFileSync(html, 'utf8')).toContain('<svg ');
      } finally {
        rmSync(scratch, { recursive: true });
      }
    },
    LIMIT_MS,
  );

  test(
    'floods a server that counts every datagram',
    () => {
      const scratch = mkdtempSync(join(tmpdir(), 'dtls-bench-'));
      try {
        const [json, html] = [join(scratch, 'results.json'), join(scratch, 'report.html')];
        const args = ['run', 'bench', '--', 'hostile', '--quick', '--json', json, '--html', html];
        const { stderr } = spawnSync('npm', args, { cwd: ROOT, encoding: 'utf8', timeout: LIMIT_MS });
        expect(stderr).toContain('[1/1] hostile');
        const suite: Suite = JSON.parse(readFileSync(json, 'utf8'));
        const ours = suite.cases[0]?.series.filter(({ contestant }) => contestant === 'ours');
        const nothingLost = expect.objectContaining({ uncounted: expect.objectContaining({ median: 0 }) });
        expect(ours).toEqual([
          expect.objectContaining({ failures: [], figures: nothingLost }),
          expect.objectContaining({ failures: [], figures: nothingLost }),
        ]);
      } finally {
        rmSync(scratch, { recursive: true });
      }
    },
    LIMIT_MS,
  );
});
