import { beforeAll, describe, expect, test } from '@jest/globals';
import { runScript } from '../support/child';
import { authority } from '../support/pki';

let credentials: string;

beforeAll(async () => {
  const ca = await authority();
  const { chain, key } = await ca.issue();
  credentials = JSON.stringify({ cert: chain, key, ca: ca.cert });
});

/** Where `exit` is called: everything of the user's that is ever called from within. */
const PLACES: Readonly<Record<string, string>> = {
  'pskCallback of a client': `open(await echo(), { psk: undefined, pskCallback: exit });`,
  'pskCallback of a server': `open(await echo({ psk: undefined, pskCallback: exit }));`,
  checkServerIdentity: `open(await echo({ cert, key }), { psk: undefined, ca, checkServerIdentity: exit });`,
  verifyPeer: `open(await echo({ cert, key }), { psk: undefined, ca, verifyPeer: exit });`,
  SNICallback: `open(await echo({ cert, key, SNICallback: exit }), { host: 'localhost', psk: undefined, ca });`,
  ALPNCallback: `open(await echo({ ALPNCallback: exit }), { ALPNProtocols: ['coap'] });`,
  lookup: `open(await echo(), { host: 'dtls.example', lookup: exit });`,
  'keepAlive.message': `open(await echo(), { keepAlive: { interval: 1, message: exit } });`,
  'keepAlive.probe': `open(await echo(), { keepAlive: { interval: 1, probe: exit } });`,
  "a transport's open": `new DtlsAssociation({ psk, transport: { ...transport, open: exit } }).startHandshake();`,
  "a transport's send": `
    const open = (receiver) => setImmediate(() => receiver.opened());
    new DtlsAssociation({ psk, transport: { ...transport, open, send: exit } }).startHandshake();`,
  'the event message': `(await open(await echo())).on('message', exit).send('ping');`,
  'the event secureConnect': `
    const { port } = (await echo()).address();
    new DtlsAssociation({ host: '127.0.0.1', port, psk }).on('secureConnect', exit).startHandshake();`,
  'the event lookup': `new DtlsAssociation({ host: '127.0.0.1', port: 1, psk }).on('lookup', exit).startHandshake();`,
  'the event keylog': `
    const { port } = (await echo()).address();
    new DtlsAssociation({ host: '127.0.0.1', port, psk, keylog: true }).on('keylog', exit).startHandshake();`,
  'the event error': `(await open(await echo())).on('error', exit).destroy(new Error('enough'));`,
  'the event close': `(await open(await echo())).on('close', exit).close();`,
  'the event disconnect': `
    const server = await echo();
    (await open(server, { reconnect: true })).on('disconnect', exit);
    server.close();`,
  'the event secureConnection': `
    const server = await echo();
    server.on('secureConnection', exit);
    open(server);`,
  'the event peerError': `
    const server = await echo({ handshakeTimeout: 1000 });
    server.on('peerError', exit).on('secureConnection', (peer) => peer.destroy(new Error('enough')));
    open(server);`,
  'the event stray': `
    const server = await echo();
    server.on('stray', exit);
    require('node:dgram').createSocket('udp4').send('noise', server.address().port, '127.0.0.1');`,
  'the event close of a server': `(await echo()).on('close', exit).close();`,
  'a diagnostics channel': `
    require('node:diagnostics_channel').subscribe('dtls-association:handshake', exit);
    open(await echo());`,
  'what follows opened': `open(await echo()).then(exit);`,
  'what follows close': `(await open(await echo())).close().then(exit);`,
  'the loop over the messages': `
    const association = await open(await echo());
    association.send('ping');
    for await (const message of association) exit(message);`,
};

const prelude = (): string => `
  const { cert, key, ca } = ${credentials};
  const exit = () => process.exit(7);
  const transport = { open() {}, send: () => true, close() {}, ref() {}, unref() {} };`;

describe('process.exit(7)', () => {
  test.each(Object.keys(PLACES))('in %s ends the process with 7, and no complaint', async (place) => {
    const outcome = await runScript(`{${prelude()} ${PLACES[place]}}`);
    expect(outcome).toEqual({ code: 7, stdout: '', stderr: '' });
  });

  test('within a worker ends the worker alone, in the midst of a message', async () => {
    const outcome = await runScript(`
      const { Worker } = require('node:worker_threads');
      const server = await echo();
      const worker = new Worker(\`
        const { connect } = require(process.cwd());
        const { workerData: port } = require('node:worker_threads');
        const key = Buffer.from('1a2b3c4d5e6f', 'hex');
        connect({ host: '127.0.0.1', port, psk: { identity: 'alice', key } }).then((association) => {
          association.on('message', () => process.exit(7)).send('ping');
        });\`, { eval: true, workerData: server.address().port });
      report((await once(worker, 'exit'))[0]);
      const association = await open(server);
      association.send('after all');
      report((await once(association, 'message')).toString());
      await server.close();`);
    expect(outcome).toEqual({ code: 0, stdout: '7\n"after all"\n', stderr: '' });
  });
});
