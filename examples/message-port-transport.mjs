// Datagrams over a MessagePort, in place of whatever else carries them: an ICE connection, a radio, a test.

/**
 * For `connect({ transport })`: one peer.
 * @param {import('node:worker_threads').MessagePort} port
 * @returns {import('dtls-association').Transport}
 */
export function clientTransport(port) {
  return {
    remote: { address: 'peer', port: 0, family: 'unknown' },
    open(receiver) {
      port.on('message', (datagram) => receiver.datagram(datagram));
      queueMicrotask(() => receiver.opened());
    },
    ...sender(port),
  };
}

/**
 * For `server.listen({ transport })`: any number of peers, told apart by `from` and `to`; here there is one.
 * @param {import('node:worker_threads').MessagePort} port
 * @returns {import('dtls-association').ServerTransport}
 */
export function serverTransport(port) {
  return {
    async open(receiver) {
      port.on('message', (datagram) => receiver.datagram(datagram, { address: 'peer', port: 0, family: 'unknown' }));
    },
    address: () => ({ address: 'here', port: 0, family: 'unknown' }),
    ...sender(port),
  };
}

function sender(/** @type {import('node:worker_threads').MessagePort} */ port) {
  return {
    send(/** @type {Uint8Array} */ datagram) {
      port.postMessage(datagram);
      return true;
    },
    close: async () => port.close(),
    ref: () => port.ref(),
    unref: () => port.unref(),
  };
}
