import { describe, expect, test } from '@jest/globals';
import { diagnose, type HandshakeFailure } from '../../lib/handshake/diagnosis';
import type { HandshakeInfo } from '../../lib/handshake/info';

const info: HandshakeInfo = {
  flightsSent: 1,
  flightsReceived: 1,
  datagramsSent: 1,
  datagramsReceived: 1,
  retransmits: 0,
  repeatsReceived: 0,
  lastSent: 'ClientHello',
  lastReceived: 'ServerHello',
  mtu: 1200,
  ciphers: ['PSK-AES128-GCM-SHA256', 'PSK-AES128-CCM8'],
  cipher: undefined,
  durationMs: 60_040,
};
const psk: HandshakeInfo = { ...info, cipher: 'PSK-AES128-GCM-SHA256' };

const fatal = (description: number): number => (2 << 8) | description;

function failure(details: Partial<HandshakeFailure>): HandshakeFailure {
  return {
    role: 'client',
    peer: { address: '192.0.2.1', port: 5684, family: 'IPv4' },
    how: 'failed',
    info,
    finishedSent: false,
    wasClean: true,
    reason: '',
    alertReceived: -1,
    alertSent: -1,
    pskIdentity: 'alice',
    waitedFor: undefined,
    verifyError: 0,
    ...details,
  };
}

type Case = [name: string, details: Partial<HandshakeFailure>, code: string, words: RegExp];

function cases(...all: Case[]): void {
  test.each(all)('%s', (_, details, code, words) => {
    const error = diagnose(failure(details));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(words);
    expect(error.message).toMatch(/^[A-Z]/);
  });
}

test('every error carries the peer and the handshake', () => {
  const error = diagnose(failure({ reason: 'no shared cipher', alertSent: fatal(40) }));
  expect(error).toMatchObject({
    peer: { address: '192.0.2.1', port: 5684, family: 'IPv4' },
    handshake: info,
    reason: 'no shared cipher',
    alert: 'handshake_failure',
  });
});

test('what is not known is absent', () => {
  const error = diagnose(failure({ peer: undefined, how: 'timeout', info: { ...info, datagramsReceived: 0 } }));
  expect(Object.keys(error).sort()).toEqual(['code', 'handshake']);
  expect(error.message).toContain('the server');
});

test('a received alert is told rather than the one sent', () => {
  expect(diagnose(failure({ alertReceived: fatal(40), alertSent: fatal(80) })).alert).toBe('handshake_failure');
});

test('the peer is named as a server or client, an IPv6 address in brackets', () => {
  const peer = { address: '2001:db8::1', port: 5684, family: 'IPv6' } as const;
  expect(diagnose(failure({ peer, how: 'wrongKey' })).message).toContain('the server [2001:db8::1]:5684');
  expect(diagnose(failure({ role: 'server', how: 'wrongKey' })).message).toContain('the client 192.0.2.1:5684');
});

describe('wrong key', () => {
  const words = /keys differ: the server 192\.0\.2\.1:5684 .*Finished.*same key for the identity "alice"/;
  cases(
    ['seen in what the peer sends', { how: 'wrongKey', info: psk }, 'ERR_DTLS_PSK_MISMATCH', words],
    ['told by bad_record_mac', { alertReceived: fatal(20), info: psk }, 'ERR_DTLS_PSK_MISMATCH', words],
    ['told by decryption_failed', { alertReceived: fatal(21), info: psk }, 'ERR_DTLS_PSK_MISMATCH', words],
    ['told by decrypt_error', { alertReceived: fatal(51), info: psk }, 'ERR_DTLS_PSK_MISMATCH', words],
    [
      'a close_notify in answer to our Finished',
      { alertReceived: (1 << 8) | 0, info: psk, finishedSent: true },
      'ERR_DTLS_PSK_MISMATCH',
      words,
    ],
    ['a close after our Finished', { how: 'closed', info: psk, finishedSent: true }, 'ERR_DTLS_PSK_MISMATCH', words],
    [
      'silence after our Finished',
      { how: 'timeout', info: psk, finishedSent: true },
      'ERR_DTLS_PSK_MISMATCH',
      /fell silent after our Finished .*60\.0 s: most likely the pre-shared keys for the identity "alice" differ/,
    ],
  );

  test('an identity that nobody named yet is not made up', () => {
    expect(diagnose(failure({ how: 'wrongKey', pskIdentity: '' })).message).toContain('the identity in use');
  });

  test('the identity of a peer is escaped', () => {
    const { message } = diagnose(failure({ how: 'wrongKey', pskIdentity: 'a"\n\u001b[31m' }));
    expect(message).toContain(String.raw`"a\"\n\u001b[31m"`);
  });
});

describe('timeout', () => {
  const code = 'ERR_DTLS_HANDSHAKE_TIMEOUT';
  cases(
    [
      'nothing came back',
      { how: 'timeout', info: { ...info, datagramsReceived: 0, lastReceived: undefined } },
      code,
      /^Nothing came back from the server 192\.0\.2\.1:5684 in 60\.0 s: .*port.*firewall/,
    ],
    [
      'only a HelloVerifyRequest came back',
      { how: 'timeout', info: { ...info, lastReceived: 'HelloVerifyRequest' } },
      code,
      /answered the first ClientHello and not the second.*mtu.*cookie/,
    ],
    [
      'it broke in the middle',
      { how: 'timeout', info: { ...psk, retransmits: 5 } },
      code,
      /last sent ClientHello, last received ServerHello, 5 retransmissions.*mtu/,
    ],
    [
      'of a server whose client fell silent',
      { role: 'server', how: 'timeout', info: psk, finishedSent: true },
      code,
      /handshake with the client .* did not complete/,
    ],
    [
      'only bytes that are no DTLS came back',
      { how: 'timeout', info: { ...info, lastReceived: undefined } },
      code,
      /answers, but with something that is no DTLS, for 60\.0 s: check the port/,
    ],
  );
});

describe('refused by the peer', () => {
  cases(
    [
      'unknown_psk_identity',
      { alertReceived: fatal(115), info: psk },
      'ERR_DTLS_PSK_UNKNOWN',
      /unknown_psk_identity: it has no key for the identity "alice"/,
    ],
    [
      'protocol_version',
      { alertReceived: fatal(70) },
      'ERR_DTLS_VERSION',
      /does not speak the protocol version of this side/,
    ],
    [
      'handshake_failure before a suite was chosen',
      { alertReceived: fatal(40) },
      'ERR_DTLS_NO_SHARED_CIPHER',
      /no cipher suite in common. This side has PSK-AES128-GCM-SHA256, PSK-AES128-CCM8/,
    ],
    ['insufficient_security', { alertReceived: fatal(71) }, 'ERR_DTLS_NO_SHARED_CIPHER', /no cipher suite in common/],
    [
      'handshake_failure after a suite was chosen',
      { alertReceived: fatal(40), info: psk, reason: 'sslv3 alert handshake failure' },
      'ERR_DTLS_HANDSHAKE',
      /alert handshake_failure \(sslv3 alert handshake failure\)\.$/,
    ],
    [
      'illegal_parameter after our Finished',
      { alertReceived: fatal(47), info: psk, finishedSent: true },
      'ERR_DTLS_HANDSHAKE',
      /some servers .* no key for the identity "alice"/,
    ],
    [
      'internal_error after our Finished',
      { alertReceived: fatal(80), info: psk, finishedSent: true },
      'ERR_DTLS_HANDSHAKE',
      /some servers .* no key for the identity "alice"/,
    ],
    ['internal_error before', { alertReceived: fatal(80) }, 'ERR_DTLS_HANDSHAKE', /the alert internal_error\.$/],
    ['bad_record_mac without a pre-shared key', { alertReceived: fatal(20) }, 'ERR_DTLS_HANDSHAKE', /bad_record_mac/],
    ['an alert of the future', { alertReceived: fatal(200) }, 'ERR_DTLS_HANDSHAKE', /the alert alert 200|alert 200/],
    ['close_notify', { alertReceived: 1 << 8 }, 'ERR_DTLS_CLOSED', /closed the association during the handshake/],
  );
});

test.each([
  ['pskCallback', /took 60\.0 s, waiting for the pskCallback to answer/],
  ['callback', /took 60\.0 s, waiting for a callback of this side to answer/],
] as const)('a deadline that passes while a %s is asked is its fault, whatever was sent', (waitedFor, words) => {
  const error = diagnose(failure({ how: 'timeout', waitedFor, info: psk, finishedSent: true }));
  expect(error.code).toBe('ERR_DTLS_HANDSHAKE_TIMEOUT');
  expect(error.message).toMatch(words);
});

describe('refused by this side', () => {
  cases(
    [
      'unknown_psk_identity',
      { role: 'server', alertSent: fatal(115), info: psk },
      'ERR_DTLS_PSK_UNKNOWN',
      /client 192\.0\.2\.1:5684 named the identity "alice", for which neither psk nor pskCallback has a key/,
    ],
    [
      'no shared cipher',
      { role: 'server', alertSent: fatal(40), reason: 'no shared cipher' },
      'ERR_DTLS_NO_SHARED_CIPHER',
      /ended with the alert handshake_failure: .*no cipher suite in common/,
    ],
    [
      'the pskCallback of a client gave nothing',
      { alertSent: fatal(40), reason: 'psk identity not found', info: psk },
      'ERR_DTLS_PSK_UNKNOWN',
      /pskCallback gave no credentials/,
    ],
    [
      'protocol_version',
      { role: 'server', alertSent: fatal(70), reason: 'unsupported protocol' },
      'ERR_DTLS_VERSION',
      /client 192\.0\.2\.1:5684 does not speak a protocol version that this side allows; see minVersion/,
    ],
    [
      'no_application_protocol',
      { role: 'server', alertSent: fatal(120) },
      'ERR_DTLS_ALPN',
      /offers no application protocol that this side has; see ALPNProtocols/,
    ],
    [
      'no certificate',
      { role: 'server', alertSent: fatal(40), reason: 'peer did not return a certificate' },
      'ERR_DTLS_CERT_MISSING',
      /has no certificate, and one is required/,
    ],
    [
      'an expired certificate',
      { alertSent: fatal(45), reason: 'certificate verify failed', verifyError: 10 },
      'ERR_DTLS_CERT_EXPIRED',
      /certificate of the server 192\.0\.2\.1:5684 is refused \(CERT_HAS_EXPIRED\)/,
    ],
    [
      'any other alert',
      { alertSent: fatal(47), reason: 'length mismatch' },
      'ERR_DTLS_HANDSHAKE',
      /failed: length mismatch \(alert illegal_parameter sent\)/,
    ],
  );
});

describe('anything else', () => {
  cases(
    ['with a reason', { reason: 'internal error' }, 'ERR_DTLS_HANDSHAKE', /failed: internal error\.$/],
    ['without one', {}, 'ERR_DTLS_HANDSHAKE', /failed: OpenSSL gave no reason\.$/],
    ['closed', { how: 'closed' }, 'ERR_DTLS_CLOSED', /closed the association during the handshake/],
  );
});
