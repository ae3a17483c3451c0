import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { missing, programs } from './debian';
import { PeerProcess, type PeerServer } from './process';

/** Scripts that run the programs of Qt's DTLS examples without a window. They are no part of this repository. */
const SCRIPTS = join(process.env.DTLS_PEERS_DIR ?? join(__dirname, '..', '..', '..', '..', 'shared', 'peers'), 'qt');
const IS_INSTALLED =
  `${programs('make', 'g++', 'flock')} && pkg-config --exists Qt5Network && ` +
  'test -e "$("$(pkg-config --variable=host_bins Qt5Core)/qmake" -query QT_INSTALL_EXAMPLES)/network/secureudpserver"';
const PACKAGES = ['qtbase5-dev', 'qtbase5-examples', 'pkg-config', 'make', 'g++'];

export const qtProblem = findProblem();

function findProblem(): string | undefined {
  if (!existsSync(SCRIPTS)) return `there is no ${SCRIPTS} (DTLS_PEERS_DIR names another folder of peers)`;
  return missing(IS_INSTALLED, PACKAGES) ?? build();
}

/** Beforehand, because it takes longer than a test may. */
function build(): string | undefined {
  try {
    execFileSync('bash', ['-c', '. "$0/lib.sh" && build "$0"', SCRIPTS], { stdio: 'pipe' });
    return undefined;
  } catch (error) {
    return `its programs cannot be built: ${(error as Error).message}`;
  }
}

/** Qt's genuine DTLS server example. It ends with close_notify to each client. */
export function qtServer(): Promise<PeerServer> {
  return PeerProcess.serve(join(SCRIPTS, 'start-server.sh'), ['0'], /^READY \S+ 127\.0\.0\.1 (\d+) /m);
}

/** Qt's genuine DTLS client example, until it is stopped: then it sends close_notify. */
export function qtClient(port: number, args: readonly string[] = []): PeerProcess {
  const forAMinute = '60';
  return new PeerProcess(join(SCRIPTS, 'run-client.sh'), ['127.0.0.1', String(port), forAMinute, ...args]);
}

/** The events that a program has printed, without times and with PORT for every port. */
export function qtEvents({ output }: PeerProcess): string[] {
  return withoutPorts(output.trimEnd().split('\n'))
    .filter((line) => /^(INFO|WARNING|ERROR|PING|RESPONSE) /.test(line))
    .map((line) => line.replace(/ \+\d+ms /, ' '));
}

export function withoutPorts(lines: readonly string[]): string[] {
  return lines.map((line) => line.replace(/\((\S+?):\d+\)/g, '($1:PORT)'));
}

/** For a regular expression. */
export function escaped(text: string): string {
  return text.replace(/[()]/g, '\\$&');
}
