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
  const association = await connect({
    host: '127.0.0.1',
    port: server.address().port,
    psk: { identity: 'alice', key },
  });
  const answer = new Promise((resolve) => association.once('message', resolve));
  association.send('hello');
  if ((await answer).toString() !== 'hello') throw new Error('the answer differs');
  await association.close();
  await checkWrongKey(server.address().port);
  await server.close();
}

// Reads the state of the handshake, which OpenSSL numbers differently from version to version.
async function checkWrongKey(port) {
  const psk = { identity: 'alice', key: Buffer.from('ffffffffffff', 'hex') };
  const code = await connect({ host: '127.0.0.1', port, psk, retransmit: { initial: 20 } }).then(
    () => 'connected',
    (error) => error.code,
  );
  if (code !== 'ERR_DTLS_PSK_MISMATCH') throw new Error(`a wrong key ended as ${code}`);
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
