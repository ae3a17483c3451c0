import { expect, test } from '@jest/globals';
import { freePort } from '../support/peers/process';

test('two peers are never told the same port', async () => {
  const ports = new Set<number>();
  // Of some 28,000: without a memory some 35 of them come twice.
  for (let i = 1; i <= 1400; i++) {
    ports.add(await freePort());
    expect(ports.size).toBe(i);
  }
});
