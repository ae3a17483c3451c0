// Run by the Node matrix: loads the built package in this Node, and shows what differs between versions of OpenSSL.
'use strict';
const { generateKeyPairSync, KeyObject, webcrypto } = require('node:crypto');
const { once } = require('node:events');
const tls = require('node:tls');
const { capabilities, connect, createServer, versions } = require('../../dist');

const key = Buffer.from('1a2b3c4d5e6f', 'hex');
const keys = { psk: { alice: key } };
const psk = { identity: 'alice', key };

async function main() {
  const { openssl, opensslRuntime } = versions();
  if (openssl === 'node' && withoutFork(opensslRuntime) !== withoutFork(process.versions.openssl)) {
    throw new Error(`the addon runs OpenSSL ${opensslRuntime}, this Node has ${process.versions.openssl}`);
  }
  const certified = await selfSigned();
  // In place of the public CAs, which the package reads once.
  tls.setDefaultCACertificates?.([certified.cert]);
  await exchange(keys, { psk });
  const suite = await exchange({ ...keys, ciphers: 'coap' }, { psk, ciphers: 'coap' });
  check('the suite of ciphers: "coap"', suite, 'PSK-AES128-CCM8');
  // Reads the state of the handshake, which OpenSSL numbers differently from version to version.
  const wrongKey = { psk: { ...psk, key: Buffer.from('ffffffffffff', 'hex') }, retransmit: { initial: 20 } };
  check('a wrong key', await refusal('client', keys, wrongKey), 'ERR_DTLS_PSK_MISMATCH');
  const [major, minor] = opensslRuntime.split('.').map(Number);
  check('raw public keys', capabilities().rawPublicKeys, major > 3 || minor >= 2);
  if (!capabilities().rawPublicKeys) return;
  await checkRawPublicKeys();
  // Debian's Node 20 has a newer OpenSSL than others of its age.
  if (tls.setDefaultCACertificates === undefined) return;
  await checkRawPublicKeysAmongCertificates(certified);
}

async function checkRawPublicKeys() {
  for (const type of ['ec', 'ed25519', 'rsa']) {
    const [ours, theirs, stranger] = [keyPair(type), keyPair(type), keyPair(type)];
    const server = { rawPublicKey: theirs.privateKey, trustedPublicKeys: ours.publicKey };
    const client = { rawPublicKey: ours.privateKey, trustedPublicKeys: theirs.publicKey };
    await exchange(server, client);
    const deceived = { ...client, trustedPublicKeys: stranger.publicKey };
    check(`a wrong ${type} key of the server`, await refusal('client', server, deceived), 'ERR_DTLS_RAW_PUBLIC_KEY');
    const impostor = { ...client, rawPublicKey: stranger.privateKey };
    check(`a wrong ${type} key of the client`, await refusal('server', server, impostor), 'ERR_DTLS_RAW_PUBLIC_KEY');
  }
}

/** `certified`: a server that everybody trusts. */
async function checkRawPublicKeysAmongCertificates(certified) {
  await exchange(certified, {});
  const [ours, theirs, stranger] = [keyPair('ec'), keyPair('ec'), keyPair('ec')];
  const trusting = { rawPublicKey: ours.privateKey, trustedPublicKeys: theirs.publicKey };
  const code = await refusal('client', certified, trusting);
  check('a certificate in place of a trusted key', code, 'ERR_DTLS_RAW_PUBLIC_KEY');
  const renewed = { rawPublicKey: theirs.privateKey, trustedPublicKeys: ours.publicKey };
  const unknown = { ...trusting, rawPublicKey: stranger.privateKey };
  const late = await refusal('server', certified, unknown, renewed);
  check('a wrong key after setSecureContext', late, 'ERR_DTLS_RAW_PUBLIC_KEY');
}

/** Certificate and key of a server on this host. */
async function selfSigned() {
  require('reflect-metadata');
  const x509 = require('@peculiar/x509');
  const keys = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=localhost',
    keys,
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'ip', value: '127.0.0.1' }])],
  });
  const key = KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' });
  return { cert: certificate.toString('pem'), key };
}

function keyPair(type) {
  return generateKeyPairSync(type, { namedCurve: 'P-256', modulusLength: 2048 });
}

/** Opens an association, exchanges a message and closes; returns the name of the suite. */
async function exchange(serverOptions, clientOptions) {
  const server = await listen(serverOptions);
  const association = await open(server, clientOptions);
  const answer = once(association, 'message');
  association.send('hello');
  check('the answer', (await answer).toString(), 'hello');
  await association.close();
  await server.close();
  return association.getCipher().name;
}

/** The code with which that side refuses the other; `renewed`: what the server has by then instead. */
async function refusal(side, serverOptions, clientOptions, renewed) {
  const server = await listen(serverOptions);
  if (renewed !== undefined) server.setSecureContext(renewed);
  const refused = once(server, 'peerError');
  const outcome = await open(server, clientOptions).then(
    () => ({ code: 'connected' }),
    (error) => error,
  );
  const error = side === 'client' || outcome.code === 'connected' ? outcome : (await refused)[0];
  await server.close();
  return error.code;
}

async function listen(options) {
  const server = createServer(options, (peer) => peer.on('message', (data) => peer.send(data)));
  await server.listen({ port: 0, address: '127.0.0.1' });
  return server;
}

function open(server, options) {
  return connect({ host: '127.0.0.1', port: server.address().port, ...options });
}

/** Some versions of Node, and their OpenSSL, add that it is the fork with QUIC. */
function withoutFork(version) {
  return version.replace(/\+quic$/, '');
}

function check(what, actual, expected) {
  if (actual !== expected) throw new Error(`${what}: ${actual}, not ${expected}`);
}

main().catch((error) => {
  console.error(error);
  // A server may be open.
  process.exit(1);
});
