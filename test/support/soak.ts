import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { closeLater } from './pair';
import { selfSigned } from './pki';

const CHILD = path.join(__dirname, '../integration/children/soak.cjs');

/** What the worker has when all that it opened is over. */
export interface SoakState {
  /** How many associations were opened by then. */
  opened: number;
  /** Associations of either side that are not collected. */
  alive: number;
  descriptors: number;
  handles: number;
  timers: number;
  /** Bytes: of the worker's heap, in use and reserved; of what its addon has told V8 about; of the whole process. */
  heapUsed: number;
  heapTotal: number;
  native: number;
  rss: number;
}

/** What the process has behind its terminated worker; descriptors and handles beyond those before. */
export type SoakEnd = Pick<SoakState, 'descriptors' | 'handles' | 'timers' | 'rss'>;

export interface Soaked {
  code: number | null;
  states: SoakState[];
  end: SoakEnd | undefined;
}

/** Opens and closes so many associations, with the built package, in a worker of a process of its own. */
export async function soak(count: number, reports: number, told: (state: SoakState) => void): Promise<Soaked> {
  const { cert, key } = await selfSigned({ keyType: 'p-256' });
  const child = fork(CHILD, { execArgv: ['--expose-gc'] });
  const exited = once(child, 'exit') as Promise<[number | null]>;
  closeLater({
    async close() {
      child.kill('SIGKILL');
      await exited;
    },
  });
  const soaked: Soaked = { code: null, states: [], end: undefined };
  child.on('message', (message: SoakState | SoakEnd) => {
    if (!('opened' in message)) {
      soaked.end = message;
      return;
    }
    soaked.states.push(message);
    told(message);
  });
  child.send({ count, reports, cert, key, ca: cert });
  [soaked.code] = await exited;
  return soaked;
}
