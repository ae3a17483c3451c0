import { expect, test } from '@jest/globals';
import { DtlsAssociation } from '../../lib';
import { Opening } from '../../lib/cli/bench/opening';
import { echoServer } from '../support/loopback';
import { closeLater, psk } from '../support/pair';

test('so many handshakes run at the same time, and no more', async () => {
  const { port } = await echoServer();
  let running = 0;
  let most = 0;
  const opening = new Opening(20, () => {
    most = Math.max(most, ++running);
    const association = closeLater(new DtlsAssociation({ host: '127.0.0.1', port, psk }));
    return association.on('secureConnect', () => running--);
  });
  await opening.run(3);
  expect(most).toBe(3);
  expect(opening.opened).toHaveLength(20);
  expect(opening.latency.endStep()).toBeDefined();
});

test('the address that answered is used for the associations that follow', async () => {
  const { port } = await echoServer();
  const addresses: Array<string | undefined> = [];
  const opening = new Opening(3, (address = 'localhost') => {
    addresses.push(address);
    return closeLater(new DtlsAssociation({ host: address, port, psk }));
  });
  await opening.run(1);
  expect(addresses).toEqual(['localhost', '127.0.0.1', '127.0.0.1']);
});

test('a handshake that is given up is no failure', async () => {
  const { port } = await echoServer();
  const opening = new Opening(5, () => closeLater(new DtlsAssociation({ host: '127.0.0.1', port, psk })));
  const done = opening.run(2);
  opening.stop();
  await done;
  expect([opening.opened.length, opening.failures.total]).toEqual([0, 0]);
});
