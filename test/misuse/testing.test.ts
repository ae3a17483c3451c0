import { beforeEach, describe, expect, test } from '@jest/globals';
import * as testing from '../../lib/testing';
import { clientAddress, type Link, type LinkClient } from '../support/link';
import { openPair, type Pair } from '../support/pair';
import { networkMembers } from './members';
import { ODD_NAMES, type OddName } from './odd-values';
import { expectUnharmed, problemsOf } from './refusals';
import { catchUncaught, uncaught } from './stage';
import { MANY_MS } from './verdict';

const { Network, corrupt, delay, deliverAll, drop, dropRecord, duplicate, inTurn, late, truncate } = testing;

let pair: Pair;
/** The network of the pair. */
let network: Link;
/** At an end of that network where nobody else is. */
let client: LinkClient;

beforeEach(async () => {
  pair = await openPair();
  network = pair.link;
  client = network.client();
  catchUncaught();
});

const noise = new Uint8Array(60);
const at = clientAddress(1);
const receiver = { opened() {}, datagram() {}, drained() {}, failed() {} };

const BYTES: OddName[] = ['no bytes', 'a secret', '1 MiB', 'shared bytes', 'detached bytes', 'bytes out of bounds'];
const FUNCTIONS: OddName[] = ['a function', 'a class'];
const ADDRESSES = ODD_NAMES.filter((name) => /string|surrogate|^x$/.test(name) && !/boxed/.test(name));
const RECORDS = ODD_NAMES.filter((name) => /^an empty object|frozen|without prototype|only inherits from/.test(name));

/** A use of each argument, and what it may be among the odd values. */
const ARGUMENTS: Readonly<Record<string, [use: (value: never) => unknown, taken: OddName[]]>> = {
  'new Network(options)': [(options) => new Network(options), ['undefined', ...RECORDS]],
  'new Network({ seed })': [(seed) => new Network({ seed }), ['undefined', 'zero']],
  'new Network({ virtualTime })': [(virtualTime) => new Network({ virtualTime }), ['undefined', 'true', 'false']],
  'network.client(address)': [(address) => network.client(address), ['undefined']],
  'network.client({ address })': [(address) => network.client({ ...at, address }), ADDRESSES],
  'network.client({ port })': [(port) => network.client({ ...at, port }), ['zero']],
  'network.inject(datagram)': [(datagram) => network.inject(datagram, at), BYTES],
  'network.inject(_, from)': [(from) => network.inject(noise, from), []],
  'network.inject(_, from.address)': [(address) => network.inject(noise, { ...at, address }), ADDRESSES],
  'network.inject(_, from.port)': [(port) => network.inject(noise, { ...at, port }), ['zero']],
  'network.injectToClient(datagram)': [(datagram) => network.injectToClient(datagram, pair.transport.address), BYTES],
  'network.injectToClient(_, to)': [(to) => network.injectToClient(noise, to), []],
  'network.failServer(error)': [(error) => new Network().failServer(error), ['an Error']],
  'server.open(receiver)': [(receiver) => new Network().server.open(receiver), []],
  'server.send(datagram)': [(datagram) => network.server.send(datagram, pair.transport.address), BYTES],
  'server.send(_, to)': [(to) => network.server.send(noise, to), []],
  'lane.rule': [(rule) => set(network.toServer, { rule }), FUNCTIONS],
  'lane.impair(impairments)': [(impairments) => new Network().toServer.impair(impairments), ['undefined', ...RECORDS]],
  ...chances('loss', 'duplicate', 'corrupt', 'reorder'),
  'lane.impair({ reorderMs })': impairment('reorderMs', ['undefined', 'zero', 'one and a half']),
  'lane.impair({ delayMs })': impairment('delayMs', ['undefined', 'zero', 'one and a half']),
  'lane.impair({ delayMs: [least] })': [
    (least) => new Network().toServer.impair({ delayMs: [least, 2] }),
    ['undefined', 'zero', 'one and a half'],
  ],
  'lane.impair({ bytesPerSecond })': impairment('bytesPerSecond', ['undefined']),
  'lane.impair({ queueBytes })': impairment('queueBytes', ['undefined']),
  'lane.impair({ mtu })': impairment('mtu', ['undefined']),
  'client.open(receiver)': [(receiver) => client.open(receiver), []],
  'client.send(datagram)': [(datagram) => client.send(datagram), BYTES],
  'client.address': [(address) => set(client, { address }), []],
  'client.taken': [(taken) => set(client, { taken }), ['true', 'false']],
  'drop(n)': [(n) => drop(0, n), ['zero']],
  'duplicate(n)': [(n) => duplicate(0, n), ['zero']],
  'delay(n)': [(n) => delay(n, 1), ['zero']],
  'delay(_, delayMs)': [(delayMs) => delay(0, delayMs), ['zero', 'one and a half']],
  'late(n)': [(n) => late(n), ['zero']],
  'late(_, behind)': [(behind) => late(0, behind), ['undefined']],
  'truncate(n)': [(n) => truncate(n, 1), ['zero']],
  'truncate(_, size)': [(size) => truncate(0, size), ['zero']],
  'corrupt(n)': [(n) => corrupt(n, 0), ['zero']],
  'corrupt(_, offset)': [(offset) => corrupt(0, offset), ['zero', '-1']],
  'corrupt(_, _, mask)': [(mask) => corrupt(0, 0, mask), ['undefined']],
  'dropRecord(name)': [(name) => dropRecord(name), []],
  'dropRecord(_, times)': [(times) => dropRecord('Finished', times), ['undefined', 'zero', 'Infinity']],
  'inTurn(rule)': [(rule) => inTurn(deliverAll, rule), FUNCTIONS],
};

function set(one: object, properties: object): void {
  Object.assign(one, properties);
}

function impairment(name: string, taken: OddName[]): [(value: never) => unknown, OddName[]] {
  return [(value) => new Network().toServer.impair({ [name]: value }), taken];
}

function chances(...names: string[]): Record<string, [(value: never) => unknown, OddName[]]> {
  return Object.fromEntries(names.map((name) => [`lane.impair({ ${name} })`, impairment(name, ['undefined', 'zero'])]));
}

describe('an argument is refused when it is odd, and the network goes on:', () => {
  test.each(Object.keys(ARGUMENTS))(
    '%s',
    async (name) => {
      const [use, taken] = ARGUMENTS[name] as (typeof ARGUMENTS)[string];
      expect(await problemsOf(use, taken, false, 'ERR_DTLS_OPTION')).toEqual([]);
      network.toServer.rule = deliverAll;
      await expectUnharmed(pair);
      expect(uncaught).toEqual([]);
    },
    MANY_MS,
  );
});

/** Members that take nothing. */
const NOTHING: Readonly<Record<string, string[]>> = {
  network: [
    ...['seed', 'virtualTime', 'toServer', 'toClient', 'server', 'endpoint', 'partition', 'heal', 'quiet'],
    ...['serverIsOpen', 'drainServer'],
  ],
  server: ['virtualTime', 'address', 'close', 'ref', 'unref'],
  lane: ['sent', 'inFlight', 'hold', 'release', 'cut', 'heal'],
  client: ['remote', 'virtualTime', 'referenced', 'drain', 'rebind', 'unplug', 'plugIn', 'close', 'ref', 'unref'],
};

describe('every member is in the table, or takes nothing:', () => {
  const objects: Readonly<Record<string, () => object>> = {
    network: () => network,
    server: () => network.server,
    lane: () => network.toServer,
    client: () => client,
  };

  test.each(Object.keys(objects))('%s', (kind) => {
    const one = objects[kind]?.() as Record<string, unknown>;
    const members = kind === 'server' ? Object.keys(one) : networkMembers()[kind as 'network'];
    const nothing = NOTHING[kind] as string[];
    const used = Object.keys(ARGUMENTS).map((use) => new RegExp(`^${kind}\\.(\\w+)`).exec(use)?.[1]);
    const missing = members.filter((member) => !used.includes(member) && !nothing.includes(member));
    expect(missing).toEqual([]);
    expect(nothing.filter((member) => !members.includes(member))).toEqual([]);
    const takers = nothing.filter(
      (member) => typeof one[member] === 'function' && (one[member] as () => void).length > 0,
    );
    expect(takers).toEqual([]);
  });

  test('exports', () => {
    const used = Object.keys(ARGUMENTS).map((use) => /^(?:new )?(\w+)\(/.exec(use)?.[1]);
    // Itself a rule, which lanes call.
    expect(Object.keys(testing).filter((name) => !used.includes(name))).toEqual(['deliverAll']);
  });
});

test('a receiver is taken when it has all that is told to it', async () => {
  client.open(receiver);
  await new Network().server.open(receiver);
});
