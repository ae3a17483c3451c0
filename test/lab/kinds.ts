import { randomBytes } from 'node:crypto';
import { type ConnectOptions, createSecureContext, type ServerOptions } from '../../lib';
import { key, psk } from '../support/pair';
import { authority, type KeyType } from '../support/pki';

/** What the KeyExchange messages hold (RFC 4279, RFC 5489, RFC 8422). */
export type KeyExchange = 'PSK' | 'ECDHE-PSK' | 'ECDHE';

/** A way to make a handshake. */
export interface Kind {
  readonly client: Partial<ConnectOptions>;
  readonly server: Partial<ServerOptions>;
  /** A first handshake, which is left alone, makes the session for the one that is tried. */
  readonly isResumed: boolean;
  readonly exchange: KeyExchange;
  /** Bytes of its nonce that a record shows (RFC 5288, RFC 7905). */
  readonly nonce: number;
}

export const KIND_NAMES = [
  'a pre-shared key',
  'a pre-shared key and ECDHE',
  'a pre-shared key, resumed by ticket',
  'a pre-shared key, resumed by session ID',
  "the server's certificate",
  'certificates of both sides',
  'certificates of both sides, resumed by session ID',
  'certificates of both sides, resumed by ticket',
] as const;

export type KindName = (typeof KIND_NAMES)[number];

/** The smallest: a flight with a certificate has several datagrams. */
const narrow = { mtu: 256 };
/**
 * The smallest for a ticket with a certificate in it, of 640 bytes at most: a ClientHello has to fit one datagram
 * (`HasRoomFor` of native/tls/connection.cc), else the handshake is a full one.
 */
const roomForTicket = { mtu: 1152 };

/** They are made once: thousands of handshakes share them. With Ed25519, whatever is signed has always one size. */
async function contexts(keyType: KeyType) {
  const ca = await authority({ keyType });
  const [ofServer, ofClient] = await Promise.all([
    ca.issue({ keyType }),
    ca.issue({ keyType, name: 'sensor-7', purpose: 'client' }),
  ]);
  const server = { cert: ofServer.chain, key: ofServer.key };
  const client = { cert: ofClient.chain, key: ofClient.key };
  const keys = { psk: { alice: key } };
  return {
    plain: createSecureContext({ psk, ciphers: 'PSK-AES128-GCM-SHA256' }),
    forwardSecret: createSecureContext({ psk, ciphers: 'ECDHE-PSK-CHACHA20-POLY1305' }),
    ticketing: createSecureContext({ ...keys, ticketKeys: randomBytes(48) }),
    hinting: createSecureContext({ ...keys, pskIdentityHint: 'ours' }),
    // Who asks for certificates gives session IDs, to clients with a key as well.
    mixed: createSecureContext({ ...keys, ...server, ca: ca.cert }),
    certified: createSecureContext(server),
    mutual: createSecureContext({ ...server, ca: ca.cert }),
    // Who asks for certificates gives tickets only with keys for them.
    mutualTicketing: createSecureContext({ ...server, ca: ca.cert, ticketKeys: randomBytes(48) }),
    trusting: createSecureContext({ ca: ca.cert }),
    proving: createSecureContext({ ...client, ca: ca.cert }),
  };
}

export async function makeKinds(keyType: KeyType = 'p-256'): Promise<Record<KindName, Kind>> {
  const { plain, forwardSecret, ticketing, hinting, mixed, certified, mutual, mutualTicketing, trusting, proving } =
    await contexts(keyType);
  const withKey = { exchange: 'PSK', nonce: 8 } as const;
  const withCertificate = { exchange: 'ECDHE', nonce: 8 } as const;
  const pskClient = { secureContext: plain };
  const provingClient = { secureContext: proving, ...narrow };
  const askingServer = { secureContext: mutual, requestCert: true, ...narrow };
  return {
    'a pre-shared key': { client: pskClient, server: { secureContext: ticketing }, isResumed: false, ...withKey },
    'a pre-shared key and ECDHE': {
      client: { secureContext: forwardSecret },
      server: { secureContext: hinting },
      isResumed: false,
      exchange: 'ECDHE-PSK',
      nonce: 0,
    },
    'a pre-shared key, resumed by ticket': {
      client: pskClient,
      server: { secureContext: ticketing },
      isResumed: true,
      ...withKey,
    },
    'a pre-shared key, resumed by session ID': {
      client: pskClient,
      server: { secureContext: mixed, requestCert: true },
      isResumed: true,
      ...withKey,
    },
    "the server's certificate": {
      client: { secureContext: trusting, ...narrow },
      server: { secureContext: certified, ...narrow },
      isResumed: false,
      ...withCertificate,
    },
    'certificates of both sides': {
      client: provingClient,
      server: askingServer,
      isResumed: false,
      ...withCertificate,
    },
    'certificates of both sides, resumed by session ID': {
      client: provingClient,
      server: askingServer,
      isResumed: true,
      ...withCertificate,
    },
    'certificates of both sides, resumed by ticket': {
      client: { ...provingClient, ...roomForTicket },
      server: { ...askingServer, secureContext: mutualTicketing, ...roomForTicket },
      isResumed: true,
      ...withCertificate,
    },
  };
}
