import { describe, expect, test } from '@jest/globals';
import { parseLimits, type ServerLimits } from '../../lib/options/limits';
import { Doorkeeper } from '../../lib/server/doorkeeper';
import { Networks } from '../../lib/server/networks';
import type { PeerEntry } from '../../lib/server/peer';

/** A server's door, at a time that stands still. */
class Door {
  nowMs = 1000;
  readonly #networks = new Networks();
  readonly #doorkeeper: Doorkeeper;

  constructor(limits: ServerLimits) {
    this.#doorkeeper = new Doorkeeper(parseLimits(limits), this.#networks);
  }

  refuses(network: string, standing: { hasPeer?: boolean; replacesHandshake?: boolean } = {}): string | undefined {
    return this.#doorkeeper.admit(network, this.nowMs, standing);
  }

  /** A handshake that runs. */
  handshake(network: string): PeerEntry {
    return { network: this.#networks.began(network) } as PeerEntry;
  }

  open(network: string): PeerEntry {
    const entry = this.handshake(network);
    this.#networks.opened(entry);
    return entry;
  }

  passedBy({ network }: PeerEntry): string | undefined {
    return this.#doorkeeper.passed(network);
  }

  end(entry: PeerEntry): void {
    this.#networks.ended(entry);
  }
}

const none = undefined;

test('a server with room lets everybody in', () => {
  const door = new Door({});
  expect(['a', 'b', 'a', 'a'].map((network) => door.refuses(network))).toEqual([none, none, none, none]);
});

describe('handshakes at one time', () => {
  test('of all are limited by maxHandshakes', () => {
    const door = new Door({ maxHandshakes: 2 });
    const first = door.handshake('a');
    expect(door.refuses('b')).toBe(none);
    door.handshake('b');
    expect([door.refuses('a'), door.refuses('c')]).toEqual(['maxHandshakes', 'maxHandshakes']);
    door.end(first);
    expect(door.refuses('c')).toBe(none);
  });

  test('of one address are limited by maxHandshakesPerAddress', () => {
    const door = new Door({ maxHandshakesPerAddress: 2 });
    const first = door.handshake('a');
    expect(door.refuses('a')).toBe(none);
    door.handshake('a');
    expect([door.refuses('a'), door.refuses('b')]).toEqual(['maxHandshakesPerAddress', none]);
    door.end(first);
    expect(door.refuses('a')).toBe(none);
  });

  test('are not open associations', () => {
    const door = new Door({ maxHandshakes: 1, maxHandshakesPerAddress: 1 });
    door.open('a');
    expect(door.refuses('a')).toBe(none);
  });
});

describe('associations at one time, handshakes included,', () => {
  test('of all are limited by maxAssociations', () => {
    const door = new Door({ maxAssociations: 2 });
    const first = door.open('a');
    expect(door.refuses('b')).toBe(none);
    door.handshake('b');
    expect([door.refuses('a'), door.refuses('c')]).toEqual(['maxAssociations', 'maxAssociations']);
    door.end(first);
    expect(door.refuses('c')).toBe(none);
  });

  test('of one address are limited by maxAssociationsPerAddress', () => {
    const door = new Door({ maxAssociationsPerAddress: 2 });
    const first = door.open('a');
    expect(door.refuses('a')).toBe(none);
    door.handshake('a');
    expect([door.refuses('a'), door.refuses('b')]).toEqual(['maxAssociationsPerAddress', none]);
    door.end(first);
    expect(door.refuses('a')).toBe(none);
  });
});

describe('handshakes that begin in a second', () => {
  test('are limited by handshakesPerSecond', () => {
    const door = new Door({ handshakesPerSecond: 2 });
    expect(['a', 'b', 'c'].map((network) => door.refuses(network))).toEqual([none, none, 'handshakesPerSecond']);
    door.nowMs += 1000;
    expect(door.refuses('c')).toBe(none);
  });

  test('from one address are limited by handshakesPerSecondPerAddress', () => {
    const door = new Door({ handshakesPerSecondPerAddress: 1 });
    expect(['a', 'a', 'b'].map((network) => door.refuses(network))).toEqual([
      none,
      'handshakesPerSecondPerAddress',
      none,
    ]);
    door.nowMs += 1000;
    expect(door.refuses('a')).toBe(none);
  });

  test('are not those that find no room', () => {
    const door = new Door({ maxHandshakes: 1, handshakesPerSecond: 1 });
    const only = door.handshake('a');
    expect([door.refuses('b'), door.refuses('c')]).toEqual(['maxHandshakes', 'maxHandshakes']);
    door.end(only);
    expect(door.refuses('b')).toBe(none);
  });
});

describe('a handshake in the place of another, of the same address and port,', () => {
  const standing = { hasPeer: true, replacesHandshake: true };

  test('needs no room', () => {
    const limits = { maxHandshakes: 1, maxHandshakesPerAddress: 1, maxAssociations: 1, maxAssociationsPerAddress: 1 };
    const door = new Door(limits);
    door.handshake('a');
    expect(door.refuses('a', standing)).toBe(none);
  });

  test('counts as begun in its second', () => {
    const door = new Door({ handshakesPerSecondPerAddress: 1 });
    expect([door.refuses('a', standing), door.refuses('a', standing)]).toEqual([none, 'handshakesPerSecondPerAddress']);
    const busy = new Door({ handshakesPerSecond: 1 });
    expect([busy.refuses('a', standing), busy.refuses('b')]).toEqual([none, 'handshakesPerSecond']);
  });
});

describe('a handshake beside an open association of the same address and port', () => {
  const standing = { hasPeer: true };

  test('needs no room among the associations, one of which it will replace', () => {
    const door = new Door({ maxAssociations: 1, maxAssociationsPerAddress: 1 });
    door.open('a');
    expect(door.refuses('a', standing)).toBe(none);
  });

  test.each([{ maxHandshakes: 1 }, { maxHandshakesPerAddress: 1 }])('needs room among the handshakes: %p', (limits) => {
    const door = new Door(limits);
    door.handshake('a');
    expect(door.refuses('a', standing)).toBe(Object.keys(limits)[0]);
  });
});

describe('when what needed no room stays beside what it was to replace', () => {
  test.each(['maxAssociations', 'maxAssociationsPerAddress'])('%s is passed by more than there may be', (limit) => {
    const door = new Door({ [limit]: 2 });
    door.open('a');
    expect(door.passedBy(door.handshake('a'))).toBeUndefined();
    const third = door.handshake('a');
    expect(door.passedBy(third)).toBe(limit);
    door.end(third);
    expect(door.passedBy(third)).toBeUndefined();
  });

  test('those of another address count for the limit of all only', () => {
    const door = new Door({ maxAssociations: 3, maxAssociationsPerAddress: 1 });
    const [one, other] = [door.open('a'), door.open('b')];
    const passed = () => [one, other].map((entry) => door.passedBy(entry));
    expect(passed()).toEqual([undefined, undefined]);
    door.handshake('b');
    expect(passed()).toEqual([undefined, 'maxAssociationsPerAddress']);
    door.handshake('b');
    expect(passed()).toEqual(['maxAssociations', 'maxAssociationsPerAddress']);
  });
});
