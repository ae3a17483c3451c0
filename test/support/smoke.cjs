// Run by the Node matrix: loads the built package in this Node, completes a handshake and exchanges a message.
'use strict';
const { connect, createServer, versions } = require('../../dist');

async function main() {
  const { openssl, opensslRuntime } = versions();
  if (openssl === 'node' && opensslRuntime !== process.versions.openssl.replace(/\+quic$/, '')) {
    throw new Error(`the addon runs OpenSSL ${opensslRuntime}, this Node has ${process.versions.openssl}`);
  }
  const key = Buffer.from('1a2b3c4d5e6f', 'hex');
  const server = createServer({ psk: { alice: key } }, (peer) => peer.on('message', (data) => peer.send(data)));
  await server.listen({ port: 0, address: '127.0.0.1' });
  const association = await connect({ host: '127.0.0.1', port: server.address().port, psk: { identity: 'alice', key } });
  const answer = new Promise((resolve) => association.once('message', resolve));
  association.send('hello');
  if ((await answer).toString() !== 'hello') throw new Error('the answer differs');
  await association.close();
  await server.close();
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
