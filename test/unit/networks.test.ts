import { describe, expect, test } from '@jest/globals';
import { type Network, Networks, someOf } from '../../lib/server/networks';
import type { PeerEntry } from '../../lib/server/peer';

/** A handshake that begins. */
function began(networks: Networks, name: string): PeerEntry {
  return { network: networks.began(name) } as PeerEntry;
}

test('a handshake counts as one until it is complete, and then as an open association', () => {
  const networks = new Networks();
  const entry = began(networks, 'a');
  expect(networks).toMatchObject({ handshakes: 1, size: 1 });
  expect(networks.get('a')).toMatchObject({ handshakes: 1, open: new Set() });
  networks.opened(entry);
  expect(networks).toMatchObject({ handshakes: 0, size: 1 });
  expect(networks.get('a')).toMatchObject({ handshakes: 0, open: new Set([entry]) });
});

test('what ends is counted no more, and was open or a handshake', () => {
  const networks = new Networks();
  const [handshake, open] = [began(networks, 'a'), began(networks, 'a')];
  networks.opened(open);
  expect(networks.ended(handshake)).toBe(false);
  expect(networks).toMatchObject({ handshakes: 0, size: 1 });
  expect(networks.ended(open)).toBe(true);
  expect(networks).toMatchObject({ handshakes: 0, size: 0 });
});

test('each network has its own', () => {
  const networks = new Networks();
  const [one, other] = [began(networks, 'a'), began(networks, 'b')];
  networks.opened(one);
  expect(networks).toMatchObject({ handshakes: 1, size: 2 });
  expect(networks.get('a')).toMatchObject({ handshakes: 0, open: new Set([one]) });
  expect(networks.get('b')).toMatchObject({ handshakes: 1, open: new Set() });
  networks.ended(other);
  expect(networks.get('a')?.open.size).toBe(1);
});

test('a network is forgotten with the last that it has', () => {
  const networks = new Networks();
  const [first, second] = [began(networks, 'a'), began(networks, 'a')];
  networks.opened(first);
  networks.ended(first);
  expect(networks.get('a')).toBe(second.network);
  networks.ended(second);
  expect(networks.get('a')).toBeUndefined();
  expect(began(networks, 'a').network).not.toBe(second.network);
});

describe('a search among those that are open in a network', () => {
  const networks = new Networks();
  let names = 0;

  /** A network with so many of them. */
  function networkOf(count: number): { network: Network; entries: PeerEntry[] } {
    const name = `network ${names++}`;
    const entries = Array.from({ length: count }, () => began(networks, name));
    for (const entry of entries) networks.opened(entry);
    return { network: networks.began(name), entries };
  }

  /** Which of them a search finds, as numbers. */
  function found({ network, entries }: ReturnType<typeof networkOf>, count: number): number[] {
    return [...someOf(network, count)].map((entry) => entries.indexOf(entry));
  }

  test('goes on where the last one stopped, round and round', () => {
    const five = networkOf(5);
    expect([found(five, 2), found(five, 2), found(five, 2), found(five, 4)]).toEqual([
      [0, 1],
      [2, 3],
      [4, 0],
      [1, 2, 3, 4],
    ]);
  });

  test('finds each of them once, when there are fewer than it may look at', () => {
    const three = networkOf(3);
    expect(found(three, 1)).toEqual([0]);
    expect([found(three, 3), found(three, 1000)]).toEqual([
      [1, 2, 0],
      [1, 2, 0],
    ]);
  });

  test('may stop early', () => {
    const three = networkOf(3);
    for (const entry of someOf(three.network, 3)) {
      expect(entry).toBe(three.entries[0]);
      break;
    }
    expect(found(three, 1)).toEqual([1]);
  });

  test('passes over those that have ended meanwhile, and finds new ones', () => {
    const { network, entries } = networkOf(4);
    expect(found({ network, entries }, 2)).toEqual([0, 1]);
    for (const gone of [1, 2]) networks.ended(entries[gone] as PeerEntry);
    const newcomer = began(networks, network.name);
    networks.opened(newcomer);
    entries.push(newcomer);
    expect(found({ network, entries }, 2)).toEqual([3, 4]);
    expect(found({ network, entries }, 5)).toEqual([0, 3, 4]);
  });

  test('ends where nothing is open', () => {
    const { network, entries } = networkOf(1);
    expect(found({ network, entries }, 1)).toEqual([0]);
    networks.ended(entries[0] as PeerEntry);
    expect(found({ network, entries }, 5)).toEqual([]);
    expect(found(networkOf(0), 5)).toEqual([]);
  });

  test('of which all end in the middle of it ends', () => {
    const { network, entries } = networkOf(3);
    const search = someOf(network, 3);
    search.next();
    for (const entry of entries) networks.ended(entry);
    expect(search.next()).toMatchObject({ done: true });
  });
});
