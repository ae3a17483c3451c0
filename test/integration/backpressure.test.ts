import { describe, expect, test } from '@jest/globals';
import { reported, runScript } from '../support/child';

// The kernel takes what goes over loopback at once. With this option Node waits a turn of the event loop before it
// hands a datagram over, as it does when the send buffer of a real interface is full.
const slowKernel = ['--test-udp-no-try-send'];

describe('send returns false above sendHighWaterMark, and drain says when to go on', () => {
  test('on a client', async () => {
    const outcome = await runScript(
      `
      const server = await echo();
      const association = await open(server, { sendHighWaterMark: 3000 });
      const [peer] = server.associations;
      for (let round = 0; round < 3; round++) {
        let taken = 0;
        while (association.send(Buffer.alloc(1000))) taken++;
        report(taken);
        await once(association, 'drain');
      }
      await association.close();
      await peer.closed;
      report(peer.stats.messagesReceived);
      await server.close();`,
      slowKernel,
    );
    // Two messages of 1000 bytes and their overhead are below the mark, the third goes above it, taken all the same.
    expect(reported(outcome)).toEqual([2, 2, 2, 9]);
  });

  test('on a server, for the association that sent', async () => {
    const outcome = await runScript(
      `
      const server = createServer({ psk: { alice: key }, sendHighWaterMark: 100 });
      await server.listen({ port: 0, address: '127.0.0.1' });
      const associations = [await open(server), await open(server)];
      const [busy, quiet] = server.associations;
      quiet.on('drain', () => report('drain of the other one'));
      report(busy.send(Buffer.alloc(200)));
      await once(busy, 'drain');
      report(busy.send('a little'));
      await server.close();`,
      slowKernel,
    );
    expect(reported(outcome)).toEqual([false, true]);
  });
});

test('close waits until everything has been handed to the kernel', async () => {
  const outcome = await runScript(
    `
    const server = await echo();
    const association = await open(server);
    const [peer] = server.associations;
    for (let i = 0; i < 50; i++) association.send('message ' + i);
    await association.close();
    report((await peer.closed).reason);
    report(peer.stats.messagesReceived);
    await server.close();`,
    slowKernel,
  );
  expect(reported(outcome)).toEqual(['peer', 50]);
});
