import { describe, expect, test } from '@jest/globals';
import { reported, runModule, runScript } from '../support/child';

/** The process ended by itself, with this to say. */
async function ends(body: string, ...values: unknown[]): Promise<void> {
  const outcome = await runScript(body);
  expect(reported(outcome)).toEqual(values);
  expect(outcome.code).toBe(0);
}

/** What of ours is still there when the process has nothing to do any more. */
const leftovers = `
  process.on('exit', () => report(process.getActiveResourcesInfo().filter((name) => /UDP|Timeout/.test(name))));`;

describe('a process ends by itself', () => {
  test('after both sides are closed, and no handle is left', () =>
    ends(
      `
      const server = await echo();
      const association = await open(server);
      association.send('hello');
      await once(association, 'message');
      await association.close();
      await server.close();
      ${leftovers}`,
      [],
    ));

  test('after a client was refused', () =>
    ends(
      `
      const server = await echo();
      const { port } = server.address();
      await server.close();
      await connect({ host: '127.0.0.1', port, psk }).catch((error) => report(error.code));
      ${leftovers}`,
      'ERR_DTLS_REFUSED',
      [],
    ));

  test('after a handshake that failed on both sides', () =>
    ends(
      `
      const server = await echo();
      server.on('peerError', (error) => report(error.code));
      await open(server, { psk: { identity: 'mallory', key } }).catch((error) => report(error.code));
      await server.close();`,
      'ERR_DTLS_PSK_UNKNOWN',
      'ERR_DTLS_PSK_UNKNOWN',
    ));

  test('after a client was closed while it waited', () =>
    ends(
      `
      const silent = require('node:dgram').createSocket('udp4');
      silent.bind(0, '127.0.0.1');
      await once(silent, 'listening');
      const association = new DtlsAssociation({ host: '127.0.0.1', port: silent.address().port, psk });
      association.startHandshake();
      await once(silent, 'message');
      report(await association.close());
      silent.close();`,
      { reason: 'local' },
    ));

  test('after a client was closed while the resolver was busy', () =>
    ends(
      `
      const association = new DtlsAssociation({ host: 'dtls.example', port: 1, psk, lookup: () => {} });
      report(await association.startHandshake().close());`,
      { reason: 'local' },
    ));

  test('after a server could not be bound', () =>
    ends(
      `
      const other = await echo();
      const server = createServer({ psk: { alice: key } });
      const { port, address } = other.address();
      await server.listen({ port, address }).catch((error) => report(error.cause.code));
      await other.close();
      ${leftovers}`,
      'EADDRINUSE',
      [],
    ));

  test('with both sides open and unref called, even while a client pings', () =>
    ends(
      `
      const server = await echo();
      const association = await open(server, { ping: 20 });
      association.unref();
      server.unref();
      report('open');`,
      'open',
    ));

  test('with unref called and keep-alives under way', () =>
    ends(
      `
      const server = await echo();
      const association = await open(server, { keepAlive: { natTimeout: 100 } });
      association.unref();
      server.unref();
      report('open');`,
      'open',
    ));

  test('with unref called before or after a client lost its server and waits to come back', () =>
    ends(
      `
      for (const event of ['secureConnect', 'disconnect']) {
        const server = await echo();
        const association = new DtlsAssociation({
          host: '127.0.0.1', port: server.address().port, psk, reconnect: { initialDelay: 600000, maxDelay: 600000 },
        });
        association.once(event, () => setImmediate(() => association.unref()));
        await association.startHandshake().opened;
        await server.close();
        report(association.state);
      }`,
      'open',
      'open',
    ));

  test('with a handshake under way and unref called', () =>
    ends(`
      const silent = require('node:dgram').createSocket('udp4');
      silent.bind(0, '127.0.0.1');
      await once(silent, 'listening');
      new DtlsAssociation({ host: '127.0.0.1', port: silent.address().port, psk }).startHandshake().unref();
      await once(silent, 'message');
      silent.close();`));
});

describe('a process goes on', () => {
  // An unref'd timer fires only if something else keeps the process alive.
  const later = (act: string): string => `setTimeout(async () => { report('alive'); ${act} }, 50).unref();`;

  test('as long as an association is open', () =>
    ends(
      `
      const server = await echo();
      server.unref();
      const association = await open(server);
      ${later('await association.close();')}`,
      'alive',
    ));

  test('as long as a server listens', () =>
    ends(
      `
      const server = await echo();
      ${later('await server.close();')}`,
      'alive',
    ));

  test('as long as a client waits to come back', () =>
    ends(
      `
      const server = await echo();
      const association = await open(server, { reconnect: { initialDelay: 600000, maxDelay: 600000 } });
      association.once('reconnecting', () => setImmediate(() => {
        report(association.state);
        ${later('await association.close();')}
      }));
      await server.close();`,
      'reconnecting',
      'alive',
    ));

  test('when ref was called after unref', () =>
    ends(
      `
      const server = await echo();
      server.unref();
      const association = await open(server);
      association.unref().ref();
      ${later('await association.close();')}`,
      'alive',
    ));
});

describe('the built package', () => {
  test('is imported by an ES module by its name', async () => {
    const outcome = await runModule(`
      import { connect, createServer, DtlsError } from 'dtls-association';
      import * as all from 'dtls-association';
      const key = Buffer.from('1a2b3c4d5e6f', 'hex');
      const server = createServer({ psk: { alice: key } }, (peer) => peer.on('message', (data) => peer.send(data)));
      await server.listen({ port: 0, address: '127.0.0.1' });
      const { port } = server.address();
      const association = await connect({ host: '127.0.0.1', port, psk: { identity: 'alice', key } });
      association.send('hello');
      for await (const message of association) {
        console.log(JSON.stringify([message.toString(), typeof DtlsError.is, Object.keys(all).includes('DtlsServer')]));
        break;
      }
      await association.close();
      await server.close();`);
    expect(reported(outcome)).toEqual([['hello', 'function', true]]);
    expect(outcome.code).toBe(0);
  });

  test('exports nothing of its inside', async () => {
    const outcome = await runModule(`
      await import('dtls-association/dist/native.js').catch((error) => console.log(JSON.stringify(error.code)));
      const { default: description } = await import('dtls-association/package.json', { with: { type: 'json' } });
      console.log(JSON.stringify(description.name));`);
    expect(outcome.stdout).toBe('"ERR_PACKAGE_PATH_NOT_EXPORTED"\n"dtls-association"\n');
  });
});
