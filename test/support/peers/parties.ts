import { authority } from '../pki';

/** Who takes part in the handshakes with foreign programs: an authority, another that nobody trusts, and two leaves. */
export const root = authority();
export const stranger = authority({ name: 'Unknown CA' });
export const serverLeaf = root.then((ca) => ca.issue());
export const clientLeaf = root.then((ca) => ca.issue({ purpose: 'client', name: 'a client' }));

/** Clients that a server with requestCert refuses: what it says to its user, and to them. */
export const refusedClients = [
  { what: 'no certificate', issuer: undefined, code: 'ERR_DTLS_CERT_MISSING', alert: 'handshake_failure', number: 40 },
  {
    what: 'one of an unknown authority',
    issuer: stranger,
    code: 'ERR_DTLS_CERT_UNTRUSTED',
    alert: 'unknown_ca',
    number: 48,
  },
];
