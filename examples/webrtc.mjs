// What two WebRTC peers do: certificates of their own making, each known to the other by its fingerprint, and keys for
// SRTP. Needs the `openssl` command.
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { MessageChannel } from 'node:worker_threads';
import { connect, createServer } from 'dtls-association';
import { clientTransport, serverTransport } from './message-port-transport.mjs';

const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
/** A key and a self-signed certificate for it. */
const selfSigned = () =>
  execFileSync('openssl', ['req', '-x509', ...curve, '-noenc', '-keyout', '-', '-subj', '/CN=WebRTC'], {
    stdio: 'pipe',
  }).toString();
/** The line `a=fingerprint:` of an SDP. */
const fingerprintOf = (/** @type {string} */ pem) => `sha-256 ${new X509Certificate(pem).fingerprint256}`;

const mine = selfSigned();
const theirs = selfSigned();
// The signalling server carries these.
const offer = { fingerprint: fingerprintOf(theirs) };
const answer = { fingerprint: fingerprintOf(mine) };
// In place of the ICE connection.
const { port1, port2 } = new MessageChannel();

/** @type {import('dtls-association').SrtpProfile[]} */
const srtpProfiles = ['SRTP_AEAD_AES_128_GCM', 'SRTP_AES128_CM_SHA1_80'];
const server = createServer({ cert: mine, key: mine, verifyFingerprint: offer.fingerprint, srtpProfiles });
server.on('secureConnection', (association) => tell('server', association));
await server.listen({ transport: serverTransport(port1) });

const association = await connect({
  cert: theirs,
  key: theirs,
  verifyFingerprint: answer.fingerprint,
  srtpProfiles,
  transport: clientTransport(port2),
});
tell('client', association);
await association.close();
await server.close();

/** @param {import('dtls-association').DtlsAssociation} association */
function tell(/** @type {string} */ role, association) {
  const keys = association.getSrtpKeys();
  if (keys === undefined) throw new Error('no SRTP profile in common');
  const { profile, localKey, localSalt, remoteKey, remoteSalt } = keys;
  const lengths = [localKey, localSalt, remoteKey, remoteSalt].map(({ length }) => length);
  console.log(`${role}: ${profile}, keys and salts of ${lengths.join(', ')} bytes`);
}
