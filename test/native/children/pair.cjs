'use strict';

// Two sessions in memory, for the Jest tests and for the programs of this folder.

const binding = require('./addon.cjs');

/**
 * @typedef {import('../../../binding').ContextOptions} ContextOptions
 * @typedef {import('../../../binding').Session} Session
 * @typedef {import('../../../binding').ClientSessionOptions} ClientSessionOptions
 * @typedef {import('../../../binding').ServerSessionOptions} ServerSessionOptions
 */

const IDENTITY = Buffer.from('alice');
const KEY = Buffer.from('0123456789abcdef');
const ADDRESS = Buffer.from('192.0.2.1:5684');

/** @type {ContextOptions} */
const CONTEXT_OPTIONS = {
  ciphers: 'PSK-AES128-GCM-SHA256',
  minVersion: 0xfefd,
  maxVersion: 0xfefd,
  groups: '',
  signatureAlgorithms: '',
  keylog: false,
  sessionTimeoutS: 300,
  maxFragmentLength: 0,
  identities: [],
  eddsaSignatureAlgorithms: '',
  peerSignatureAlgorithms: '',
  rawPublicKeys: false,
};

/** With a first timeout that no test waits for. @type {ClientSessionOptions & ServerSessionOptions} */
const SESSION_OPTIONS = {
  mtu: 1200,
  initialTimeoutMs: 100_000,
  maxTimeoutMs: 100_000,
  requestCert: false,
  requireCert: false,
  requireTrust: true,
  tickets: false,
  sessionIdContext: Buffer.from('ours'),
  srtpProfiles: '',
  serverName: '',
  alpnProtocols: Buffer.alloc(0),
  session: Buffer.alloc(0),
};

const room = Buffer.alloc(65_536);

/** @param {Partial<ContextOptions>} [options] */
function createContext(options) {
  return new binding.Context({ ...CONTEXT_OPTIONS, ...options });
}

/**
 * The outgoing datagrams of a session or listener.
 * @param {{ takeDatagram: Session['takeDatagram'] }} source
 */
function takeAll(source) {
  const datagrams = [];
  for (let size = source.takeDatagram(room, 0); size > 0; size = source.takeDatagram(room, 0)) {
    datagrams.push(Buffer.from(room.subarray(0, size)));
  }
  return datagrams;
}

/** @param {Session} session */
function isEstablished(session) {
  // Progress.Stage and Stage.Established of lib/native.ts.
  return (session.progress() & 3) === 3;
}

/**
 * A client and a server that knows it. `client` and `server` replace options of their contexts, `clientSession` and
 * `serverSession` those of their sessions.
 */
class Pair {
  /**
   * @param {{
   *   client?: Partial<ContextOptions>,
   *   server?: Partial<ContextOptions>,
   *   clientSession?: Partial<ClientSessionOptions>,
   *   serverSession?: Partial<ServerSessionOptions>,
   * }} [options]
   */
  constructor({ client, server, clientSession, serverSession } = {}) {
    this.clientContext = createContext({ psk: { identity: IDENTITY, key: KEY }, ...client });
    this.serverContext = createContext({ pskTable: [[IDENTITY, KEY]], ...server });
    this.client = new binding.Session(this.clientContext, { ...SESSION_OPTIONS, ...clientSession });
    this.listener = new binding.Listener(this.serverContext, { ...SESSION_OPTIONS, ...serverSession });
    this.listener.setCookieKeys([Buffer.alloc(32, 1)]);
    /** @type {Session | undefined} */
    this.server = undefined;
    /** What the last `receive` of each side told. */
    this.status = { client: 0, server: 0 };
    /** Called with the server's session before it starts. @type {(session: Session) => void} */
    this.onServer = () => {};
  }

  /** Runs the handshake as far as it gets without a timeout. */
  handshake() {
    this.client.start();
    for (let datagrams = takeAll(this.client); datagrams.length > 0; datagrams = takeAll(this.client)) {
      for (const datagram of datagrams) this.toServer(datagram);
      for (const datagram of takeAll(this.server ?? this.listener)) {
        this.status.client = feed(this.client, datagram);
      }
    }
    return this;
  }

  /** @param {Buffer} datagram */
  toServer(datagram) {
    if (this.server !== undefined) {
      this.status.server = feed(this.server, datagram);
    } else if (this.listener.accept(datagram, ADDRESS) === 2) {
      this.server = this.listener.promote();
      this.onServer(this.server);
      this.server.start();
    }
  }

  /** The server's session, which exists after the cookie exchange. */
  get accepted() {
    if (this.server === undefined) throw new Error('the cookie exchange is not complete');
    return this.server;
  }

  get established() {
    return isEstablished(this.client) && this.server !== undefined && isEstablished(this.server);
  }

  destroy() {
    this.client.destroy();
    this.listener.destroy();
    this.server?.destroy();
  }
}

/**
 * Sends a message between two established sessions; what arrives.
 * @param {Session} from
 * @param {Session} to
 * @param {string} message
 */
function send(from, to, message) {
  const size = feed(to, write(from, message));
  return room.toString('utf8', 0, Math.max(0, size));
}

/**
 * The datagram that carries a message.
 * @param {Session} session
 * @param {string | Uint8Array} message
 */
function write(session, message) {
  const datagram = Buffer.alloc(2048);
  return datagram.subarray(0, binding.write(session.handle(), Buffer.from(message), datagram, 0));
}

/**
 * Gives a session a datagram of its own memory.
 * @param {Session} session
 * @param {Uint8Array} datagram
 * @param {Uint8Array} into
 */
function feed(session, datagram, into = room, offset = 0) {
  return binding.receive(session.handle(), datagram, 0, datagram.length, into, offset);
}

module.exports = {
  ADDRESS,
  CONTEXT_OPTIONS,
  IDENTITY,
  KEY,
  Pair,
  SESSION_OPTIONS,
  createContext,
  feed,
  send,
  takeAll,
  write,
};
