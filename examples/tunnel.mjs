// An association through a TCP connection: each datagram behind its length, in two bytes.
import { once } from 'node:events';
import net from 'node:net';
import { connect, createServer } from 'dtls-association';

const key = Buffer.from('00112233445566778899aabbccddeeff', 'hex');

/** Calls back with each datagram that comes whole. @param {(datagram: Uint8Array) => void} callback */
function read(/** @type {net.Socket} */ socket, callback) {
  let rest = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 2 && rest.length >= 2 + rest.readUInt16BE()) {
      const end = 2 + rest.readUInt16BE();
      callback(rest.subarray(2, end));
      rest = rest.subarray(end);
    }
  });
}

/** False: the socket has enough for now, and `drain` follows. @param {Uint8Array} datagram */
function write(/** @type {net.Socket} */ socket, datagram) {
  return socket.write(Buffer.concat([Buffer.of(datagram.length >> 8, datagram.length & 0xff), datagram]));
}

/** @returns {import('dtls-association').Transport} */
function clientTunnel(/** @type {number} */ port) {
  const socket = new net.Socket();
  return {
    remote: { address: '127.0.0.1', port, family: 'IPv4' },
    open(receiver) {
      socket.connect(port, '127.0.0.1', () => receiver.opened());
      read(socket, (datagram) => receiver.datagram(datagram));
      socket.on('drain', () => receiver.drained());
      socket.on('error', (error) => receiver.failed(error, true));
      socket.on('close', () => receiver.failed(new Error('the tunnel is closed'), true));
    },
    send: (datagram) => write(socket, datagram),
    async close() {
      for (const event of ['data', 'drain', 'error', 'close']) socket.removeAllListeners(event);
      socket.on('error', () => {}).end();
    },
    ref: () => void socket.ref(),
    unref: () => void socket.unref(),
  };
}

/** @returns {import('dtls-association').ServerTransport} */
function serverTunnel() {
  /** @type {Map<string, net.Socket>} */
  const sockets = new Map();
  const server = net.createServer();
  const address = () => {
    const { address, port } = /** @type {net.AddressInfo} */ (server.address());
    return { address, port, family: /** @type {const} */ ('IPv4') };
  };
  return {
    address,
    async open(receiver) {
      server.on('connection', (socket) => {
        const from = { address: socket.remoteAddress ?? '', port: socket.remotePort ?? 0, family: address().family };
        const name = `${from.address}:${from.port}`;
        sockets.set(name, socket);
        read(socket, (datagram) => receiver.datagram(datagram, from));
        socket.on('drain', () => receiver.drained());
        socket.on('error', () => socket.destroy());
        socket.on('close', () => sockets.delete(name));
      });
      await once(server.listen(0, '127.0.0.1'), 'listening');
    },
    send(datagram, to) {
      const socket = sockets.get(`${to.address}:${to.port}`);
      return socket === undefined || write(socket, datagram);
    },
    async close() {
      server.close();
      for (const socket of sockets.values()) socket.end();
    },
    ref: () => void server.ref(),
    unref: () => void server.unref(),
  };
}

const server = createServer({ psk: { alice: key } }, (association) => {
  association.on('message', (data) => association.send(data));
});
await server.listen({ transport: serverTunnel() });

const association = await connect({
  psk: { identity: 'alice', key },
  transport: clientTunnel(server.address().port),
});
association.send('hello');
for await (const data of association) {
  console.log(data.toString());
  await association.close();
}
await server.close();
