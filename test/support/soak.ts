import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { closeLater } from './pair';
import { selfSigned } from './pki';

const CHILD = path.join(__dirname, '../integration/children/soak.cjs');

/** What is open: descriptors of the process, handles and timers of the worker. */
export interface SoakHeld {
  descriptors: number;
  handles: number;
  timers: number;
}

/** What the worker has, its servers included, when all that it opened is over. */
export interface SoakState extends SoakHeld {
  /** How many associations were opened by then. */
  opened: number;
  /** Associations of either side that are not collected. */
  alive: number;
  /** Bytes: of the worker's heap, in use and reserved; of what its addon has told V8 about; of the whole process. */
  heapUsed: number;
  heapTotal: number;
  native: number;
  rss: number;
}

export interface Soaked {
  code: number | null;
  /** Before its servers listened, and when they had closed. */
  before?: SoakHeld;
  closed?: SoakHeld;
  states: SoakState[];
  /** What the process has behind its terminated worker; descriptors, and handles of the main thread, beyond those before. */
  end?: Pick<SoakState, 'descriptors' | 'handles' | 'rss'>;
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
  const soaked: Soaked = { code: null, states: [] };
  child.on('message', ({ state, ...others }: { state?: SoakState }) => {
    Object.assign(soaked, others);
    if (state === undefined) return;
    soaked.states.push(state);
    told(state);
  });
  child.send({ count, reports, cert, key, ca: cert });
  [soaked.code] = await exited;
  return soaked;
}
