'use strict';

// What becomes of the associations of the soak.
const { once } = require('node:events');
const { DtlsAssociation } = require('dtls-association');

const key = Buffer.from('1a2b3c4d5e6f', 'hex');
const psk = { identity: 'alice', key };
/** Longer than the soak takes. */
const SESSION_TIMEOUT_S = 3600;

/**
 * @typedef {import('../../../lib').DtlsAssociation} Association
 * @typedef {import('../../../lib').ConnectOptions} Options
 *
 * @typedef World
 * @property {() => Partial<Options>} way to the server, for one association
 * @property {string} ca who signed the server's certificate
 * @property {Buffer} [session] of an earlier association
 * @property {(association: Association) => void} watch
 */

/** @param {World} world @param {Partial<Options>} [options] */
function start({ way, watch }, options = { psk }) {
  // So many at once may overflow a socket's buffer.
  const retransmit = { initial: 200 };
  const association = new DtlsAssociation(
    /** @type {Options} */ ({ retransmit, sessionTimeout: SESSION_TIMEOUT_S, ...way(), ...options }),
  );
  watch(association);
  // Whatever ends it is told by `closed` as well.
  association.on('error', () => {});
  return association.startHandshake();
}

/** @param {Association} association */
async function talk(association) {
  await association.opened;
  association.send('are you there?');
  await once(association, 'message');
}

/** @param {Association} association @param {string} code */
async function failed(association, code) {
  const { error } = await association.closed;
  if (/** @type {any} */ (error)?.code !== code) throw error ?? new Error(`it did not fail with ${code}`);
}

/** Each resolves when the client's side is over. @type {Record<string, (world: World) => Promise<unknown>>} */
const fates = {
  async closed(world) {
    const association = start(world);
    await talk(association);
    await association.close();
  },
  async 'closed by the server'(world) {
    const association = await start(world).opened;
    association.send('close');
    await association.closed;
  },
  async resumed(world) {
    const { session } = world;
    const association = start(world, { psk, ...(session && { session }) });
    await talk(association);
    if (association.isSessionReused() !== (session !== undefined)) throw new Error('not resumed');
    world.session ??= association.getSession();
    await association.close();
  },
  async certified(world) {
    const association = start(world, { ca: world.ca, servername: 'localhost' });
    await talk(association);
    await association.close();
  },
  async 'destroyed in its handshake'(world) {
    const association = start(world, {
      pskCallback: () => {
        setImmediate(() => association.destroy());
        return new Promise(() => {});
      },
    });
    await association.closed;
  },
  async aborted(world) {
    const controller = new AbortController();
    const association = start(world, { psk, signal: controller.signal });
    setImmediate(() => controller.abort());
    await failed(association, 'ABORT_ERR');
  },
  'with a wrong key': (world) =>
    failed(start(world, { psk: { identity: 'alice', key: Buffer.alloc(6, 1) } }), 'ERR_DTLS_PSK_MISMATCH'),
  async idle(world) {
    const association = start(world);
    await talk(association);
    const { reason } = await association.closed;
    if (reason !== 'peer') throw new Error(`an idle association ended by ${reason}`);
  },
};

/** One of twenty after the other. */
const turns = [
  ...Array(10).fill('closed'),
  ...Array(2).fill('closed by the server'),
  ...Array(3).fill('resumed'),
  ...['certified', 'destroyed in its handshake', 'aborted', 'with a wrong key', 'idle'],
];

/** Those that end by a timer. */
const slow = new Set(['with a wrong key', 'idle']);

module.exports = { SESSION_TIMEOUT_S, fates, key, slow, start, turns };
