import { describe, expect, test } from '@jest/globals';
import { reported, runScript } from '../support/child';

/** Reports what nobody caught, instead of ending. */
const watch = `process.on('uncaughtException', (error) => report('uncaught: ' + error.message));`;

const refused = `
  const server = await echo();
  const { port } = server.address();
  await server.close();
  const association = new DtlsAssociation({ host: '127.0.0.1', port, psk });`;

describe('an error that nobody can hear of ends the process, as that of any emitter', () => {
  test('of a handshake', async () => {
    const { code, stderr } = await runScript(`${refused} association.startHandshake();`);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/ERR_DTLS_REFUSED/);
  });

  test('given to destroy', async () => {
    const { code, stderr } = await runScript(`${refused} association.destroy(new Error('enough of this'));`);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/enough of this/);
  });

  test('of an open association, when only opened was read', async () => {
    const { code, stderr } = await runScript(`
      const server = await echo();
      const association = await open(server);
      association.destroy(new Error('enough of this'));`);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/enough of this/);
  });

  test('but not when closed was read', async () => {
    const outcome = await runScript(`
      const server = await echo();
      const association = await open(server);
      association.closed.then(({ error }) => report(error.message));
      association.destroy(new Error('enough of this'));
      await server.close();`);
    expect(reported(outcome)).toEqual(['enough of this']);
    expect(outcome.code).toBe(0);
  });

  test('but not when a promise was read', async () => {
    const outcome = await runScript(`${refused}
      association.startHandshake().closed.then(({ reason, error }) => report([reason, error.code]));`);
    expect(reported(outcome)).toEqual([['error', 'ERR_DTLS_REFUSED']]);
    expect(outcome.code).toBe(0);
  });

  test('of a bad peer never ends a server, whether anybody listens or not', async () => {
    const outcome = await runScript(`
      const server = await echo();
      await open(server, { psk: { identity: 'mallory', key } }).catch(({ code }) => report(code));
      const association = await open(server);
      association.send('hello');
      report((await once(association, 'message')).toString());
      for (const peer of server.associations) peer.destroy(new Error('enough of this'));
      report((await association.closed).reason);
      await server.close();`);
    expect(reported(outcome)).toEqual(['ERR_DTLS_PSK_UNKNOWN', 'hello', 'peer']);
    expect(outcome.code).toBe(0);
  });
});

test('a promise that is rejected and never read ends no process', async () => {
  const outcome = await runScript(`${refused}
    association.on('error', (error) => report(error.code));
    association.startHandshake();`);
  expect(reported(outcome)).toEqual(['ERR_DTLS_REFUSED']);
  expect(outcome.code).toBe(0);
});

describe('what a listener throws is an uncaught exception, and stops nothing else:', () => {
  const thrower = (text: string): string => `() => { throw new Error('${text}'); }`;

  test('message', async () => {
    const outcome = await runScript(`${watch}
      const server = await echo();
      const association = await open(server);
      const other = await open(server);
      association.once('message', ${thrower('in message')});
      const texts = [];
      association.on('message', (data) => texts.push(data.toString()));
      for (const text of ['a', 'b', 'c']) association.send(text);
      while (texts.length < 2) await once(association, 'message');
      report(texts);
      other.send('hello');
      report((await once(other, 'message')).toString());
      report((await association.close()).reason);
      await other.close();
      await server.close();`);
    // The first message ends at the listener that throws.
    expect(reported(outcome)).toEqual(['uncaught: in message', ['b', 'c'], 'hello', 'local']);
    expect(outcome.code).toBe(0);
  });

  test('secureConnect, handshakeTimeout, infoMessage and close of a client', async () => {
    const outcome = await runScript(`${watch}
      const server = await echo();
      const association = new DtlsAssociation({ host: '127.0.0.1', port: server.address().port, psk });
      association.once('infoMessage', ${thrower('in infoMessage')});
      association.once('secureConnect', ${thrower('in secureConnect')});
      association.once('close', ${thrower('in close')});
      await association.startHandshake().opened;
      association.send('hello');
      report((await once(association, 'message')).toString());
      report((await association.close()).reason);
      await server.close();`);
    expect(reported(outcome)).toEqual([
      'uncaught: in infoMessage',
      'uncaught: in secureConnect',
      'hello',
      'local',
      'uncaught: in close',
    ]);
    expect(outcome.code).toBe(0);
  });

  test('secureConnection, peerError and close of a server', async () => {
    const outcome = await runScript(`${watch}
      const server = await echo();
      server.prependOnceListener('secureConnection', ${thrower('in secureConnection')});
      server.once('peerError', ${thrower('in peerError')});
      server.once('close', ${thrower('in close')});
      const first = await open(server);
      await open(server, { psk: { identity: 'mallory', key } }).catch(({ code }) => report(code));
      const second = await open(server);
      second.send('hello');
      report((await once(second, 'message')).toString());
      report(server.associations.size);
      await Promise.all([first.close(), second.close()]);
      await server.close();`);
    const values = reported(outcome);
    expect(values).toContain('uncaught: in peerError');
    expect(values.filter((value) => value !== 'uncaught: in peerError')).toEqual([
      'uncaught: in secureConnection',
      'ERR_DTLS_PSK_UNKNOWN',
      'hello',
      2,
      'uncaught: in close',
    ]);
    expect(outcome.code).toBe(0);
  });

  test('error', async () => {
    const outcome = await runScript(`${watch} ${refused}
      association.on('error', ${thrower('in error')});
      association.on('close', ({ reason }) => report(reason));
      association.startHandshake();`);
    expect(reported(outcome).sort()).toEqual(['error', 'uncaught: in error']);
    expect(outcome.code).toBe(0);
  });
});
