'use strict';

// Native UDP sockets on the loopback interface, for the Jest tests and for the programs of this folder.

/**
 * @typedef {import('../../../binding').Binding} Binding
 * @typedef {import('../../../binding').UdpSocket} UdpSocket
 * @typedef {import('../../../binding').UdpSocketOptions} UdpSocketOptions
 */

const SLOT_SIZE = 65_728;
const SLOTS = 4;

/** @type {UdpSocketOptions} */
const DEFAULTS = {
  ipv6Only: false,
  reusePort: false,
  recvBufferSize: 0,
  sendBufferSize: 0,
  ttl: 0,
  dscp: -1,
  reportIcmp: false,
};

const slab = new Uint8Array(SLOTS * SLOT_SIZE);
const received = new Int32Array(4 * SLOTS);

/** @param {number} errno */
function check(errno) {
  if (errno !== 0) throw new Error(`errno ${errno}`);
}

/**
 * A socket that is open and bound to a free port of 127.0.0.1.
 * @param {Binding} binding
 * @param {Partial<UdpSocketOptions>} [options]
 */
function bound(binding, options) {
  if (binding.UdpSocket === undefined) throw new Error('there are no native UDP sockets here');
  const socket = new binding.UdpSocket();
  check(socket.open(4, { ...DEFAULTS, ...options }));
  check(socket.bind('127.0.0.1', 0));
  return socket;
}

/**
 * The number that `to` has for `socket`.
 * @param {UdpSocket} socket
 * @param {UdpSocket} to
 */
function know(socket, to) {
  const { address, port } = to.localAddress();
  return socket.intern(address, port);
}

/**
 * Sends one datagram each; returns as `send`.
 * @param {UdpSocket} socket
 * @param {number} peer
 * @param {string[]} texts
 */
function send(socket, peer, ...texts) {
  const outgoing = Int32Array.from(texts.flatMap((text) => [peer, text.length]));
  return socket.send(Buffer.from(texts.join('')), 0, outgoing, 0, texts.length);
}

/**
 * Everything that waits, merged datagrams taken apart.
 * @param {UdpSocket} socket
 */
function take(socket) {
  /** @type {{ peer: number, port: number, text: string }[]} */
  const datagrams = [];
  for (let entries = socket.receive(slab, received, SLOTS); entries > 0; ) {
    for (let entry = 0; entry < entries; entry += 1) {
      const [peer, offset, size, segmentSize] = received.subarray(4 * entry);
      const { port } = socket.senderOf(entry);
      const step = segmentSize > 0 ? segmentSize : size;
      for (let at = 0; at < size; at += step) {
        const text = Buffer.from(slab).toString('latin1', offset + at, offset + Math.min(at + step, size));
        datagrams.push({ peer, port, text });
      }
    }
    entries = socket.receive(slab, received, SLOTS);
  }
  return datagrams;
}

module.exports = { DEFAULTS, SLOTS, SLOT_SIZE, bound, check, know, send, take };
