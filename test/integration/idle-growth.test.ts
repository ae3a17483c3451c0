import { expect, test } from '@jest/globals';
import { reported, runScript } from '../support/child';

const DEVICES = 200;
const WARM_UP_ROUNDS = 4;
const ROUNDS = 12;
/** Less than half of what two sides of an association and their sockets hold. */
const MEMORY_LIMIT = (ROUNDS - WARM_UP_ROUNDS) * DEVICES * 20_000;

interface Round {
  associations: number;
  resources: string[];
  rss: number;
}

test('associations that idle away over real sockets leave no memory, socket or timer behind', async () => {
  const outcome = await runScript(
    `
    // All have one address here, and come at once.
    const limits = { handshakesPerSecond: 1e6, handshakesPerSecondPerAddress: 1e6 };
    const server = await echo({ idleTimeout: 100, limits });
    // So many at once overflow the socket's buffer.
    const quick = { retransmit: { initial: 50 } };
    const tellState = async () => {
      for (let i = 0; i < 3; i++) {
        gc();
        await new Promise(setImmediate);
      }
      const resources = process.getActiveResourcesInfo().filter((name) => /UDP|Timeout/.test(name));
      report({ associations: server.associations.size, resources, rss: process.memoryUsage.rss() });
    };
    for (let round = 0; round < ${ROUNDS}; round++) {
      const devices = await Promise.all(Array.from({ length: ${DEVICES} }, () => open(server, quick)));
      await Promise.all(devices.map((device) => device.closed));
      await tellState();
    }
    report(server.stats.expired);
    await server.close();`,
    ['--expose-gc'],
  );
  const rounds = reported(outcome) as Array<Round | number>;
  expect(rounds.pop()).toBe(ROUNDS * DEVICES);
  const states = rounds as Round[];
  expect(states.map(({ associations }) => associations)).toEqual(Array(ROUNDS).fill(0));
  expect(states.map(({ resources }) => resources)).toEqual(Array(ROUNDS).fill(states[0]?.resources));
  const [before, after] = [states[WARM_UP_ROUNDS - 1], states.at(-1)] as [Round, Round];
  expect(after.rss - before.rss).toBeLessThan(MEMORY_LIMIT);
});
