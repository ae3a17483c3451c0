// What the runs of a case are made with: pairs of programs, and how much of a full run this one is.

import { runAttacked } from './attacked.mjs';
import { contestants, fleet, hostile } from './contestants.mjs';
import { runHold, runPair } from './pair.mjs';

const RUN_LIMIT_MS = 30_000;
/** What a quick run, which shows that everything works, makes of a full one. */
const QUICK_SHARE = 0.05;
const LEAST_SECONDS = 0.1;
const LEAST_COUNT = 40;

export function createBench({ isQuick }) {
  const share = isQuick ? QUICK_SHARE : 1;
  return {
    limitMs: RUN_LIMIT_MS,
    seconds: (full) => Math.max(LEAST_SECONDS, full * share),
    count: (full) => Math.max(LEAST_COUNT, Math.round(full * share)),
    /** `server` is `{ id, ...options }` and `client` `{ id, command, ...options }`. */
    pair: (sides) => runSides(runPair, sides),
    hold: (sides) => runSides(runHold, sides),
    attacked: (parties) => runParties(parties),
  };
}

async function runParties({
  server: { id, ...serverOptions },
  fleet: fleetOptions,
  hostile: { rate, kind },
  ...phases
}) {
  const { title, server } = contestants[id];
  return runAttacked({
    server: { name: `${title}, server`, argv: server(serverOptions) },
    fleet: { name: 'fleet', argv: (port, file) => fleet(port, file, fleetOptions) },
    hostile: { name: 'hostile', argv: (port, file, count) => hostile(port, file, { count, rate, kind }) },
    limitMs: RUN_LIMIT_MS,
    ...phases,
  });
}

async function runSides(run, { server, client }) {
  const { id: serverId, ...serverOptions } = server;
  const { id: clientId, command, ...clientOptions } = client;
  const { title, client: commandLine, read = (line) => line } = contestants[clientId];
  const outcome = await run({
    server: { name: `${contestants[serverId].title}, server`, argv: contestants[serverId].server(serverOptions) },
    client: { name: `${title}, client`, argv: (port) => commandLine(command, port, clientOptions) },
    limitMs: RUN_LIMIT_MS,
  });
  return { ...outcome, result: read(outcome.result) };
}
