// What becomes of the meter's readings on a bad line, in Jest and in virtual time: minutes pass in milliseconds, and
// each run is like the one before.
// @ts-nocheck Jest's globals have no types here.
const { connect, createServer } = require('dtls-association');
const { drop, dropRecord, Network } = require('dtls-association/testing');
const { collect, Meter } = require('./meter.cjs');

const psk = { identity: 'meter 7', key: Buffer.from('00112233445566778899aabbccddeeff', 'hex') };

/** @type {import('dtls-association').DtlsServer} */
let server;
/** @type {import('dtls-association').DtlsAssociation} */
let client;

beforeEach(() => {
  jest.useFakeTimers();
});

afterEach(async () => {
  await Promise.all([client.close(), server.close()]);
  jest.useRealTimers();
});

/**
 * A meter whose association is open, and what the server has collected of it.
 * @param {Network} network
 */
async function start(network) {
  /** @type {number[]} */
  const readings = [];
  server = createServer({ psk: { [psk.identity]: psk.key } }, (association) => {
    collect(association, (value) => readings.push(value));
  });
  await server.listen({ transport: network.server });
  const transport = network.client();
  const opening = connect({ transport, psk });
  await jest.advanceTimersByTimeAsync(30_000);
  client = await opening;
  return { meter: new Meter(client), readings, transport };
}

test('a reading arrives though the first two datagrams that bring it are lost', async () => {
  const network = new Network({ seed: 1 });
  const { meter, readings } = await start(network);
  const next = network.toServer.sent.length;
  network.toServer.rule = drop(next, next + 1);
  meter.report(230);
  await jest.advanceTimersByTimeAsync(3999);
  expect(readings).toEqual([]);
  await jest.advanceTimersByTimeAsync(2);
  expect(readings).toEqual([230]);
});

test('a reading counts once though its acknowledgement is lost', async () => {
  const network = new Network({ seed: 1 });
  const { meter, readings } = await start(network);
  network.toClient.rule = dropRecord('ApplicationData', 1);
  meter.report(230);
  await jest.advanceTimersByTimeAsync(10_000);
  expect(readings).toEqual([230]);
  expect(meter.pending).toBe(0);
});

test('the association opens though the third datagram of the server and the first Finished are lost', async () => {
  const network = new Network({ seed: 1 });
  network.toClient.rule = drop(2);
  network.toServer.rule = dropRecord('Finished', 1);
  const { meter, readings } = await start(network);
  meter.report(230);
  await jest.advanceTimersByTimeAsync(10);
  expect(readings).toEqual([230]);
});

test('an hour without a line, and a NAT that has forgotten the meter meanwhile', async () => {
  const network = new Network({ seed: 1 });
  const { meter, readings, transport } = await start(network);
  network.partition();
  meter.report(230);
  await jest.advanceTimersByTimeAsync(3_600_000);
  network.heal();
  transport.rebind();
  await jest.advanceTimersByTimeAsync(10_000);
  expect(readings).toEqual([230]);
});

test.each([1, 2, 3, 4, 5, 6, 7, 8])('a line that loses, doubles, damages and delays, seed %i', async (seed) => {
  const network = new Network({ seed });
  const { meter, readings } = await start(network);
  for (const lane of [network.toServer, network.toClient]) {
    lane.impair({ loss: 0.2, duplicate: 0.1, corrupt: 0.05, delayMs: [20, 400] });
  }
  for (let value = 0; value < 20; value++) meter.report(value);
  await jest.advanceTimersByTimeAsync(120_000);
  expect(readings.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, value) => value));
});
