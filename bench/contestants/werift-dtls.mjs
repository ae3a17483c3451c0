// The npm package werift-dtls: flood, and a server for it that discards, because the package has certificates only.
// Its records are sealed with AES128-GCM as everybody's here.
import dgram from 'node:dgram';
import { once } from 'node:events';
import { commandLine, importPeer, printLine } from './common.mjs';
import { flood, inBatches } from './load.mjs';

// The file that its package.json calls `main` is not in the package.
const werift = await importPeer('werift-dtls/lib/dtls/src/index.js');
const { CipherContext, DtlsClient, DtlsServer, HashAlgorithm, SignatureAlgorithm } = werift;
const { command, host, port, size, seconds } = commandLine();
const socket = dgram.createSocket('udp4');
/** Called by the kernel's side of the next datagram that leaves. */
let callback;
const transport = {
  onData() {},
  async send(datagram, to) {
    if (to === undefined) socket.send(datagram, callback);
    else socket.send(datagram, to[1], to[0]);
  },
  close: async () => socket.close(),
};

async function client() {
  socket.connect(port, host);
  await once(socket, 'connect');
  socket.on('message', (datagram) => transport.onData(datagram));
  const association = new DtlsClient({ transport });
  const connected = new Promise((resolve) => association.onConnect.once(resolve));
  await association.connect();
  await connected;
  const message = Buffer.alloc(size, 'm');
  const sendOne = (sent) => {
    callback = sent;
    association.send(message);
  };
  printLine(await flood({ ...inBatches(sendOne), seconds }));
  socket.close();
}

async function server() {
  const signatureHash = { hash: HashAlgorithm.sha256_4, signature: SignatureAlgorithm.ecdsa_3 };
  const { keyPem, certPem } = await CipherContext.createSelfSignedCertificateWithKey(signatureHash);
  const association = new DtlsServer({ transport, signatureHash, cert: certPem, key: keyPem });
  let peer;
  let datagrams = 0;
  const reply = transport.send;
  transport.send = (datagram) => reply(datagram, [peer.address, peer.port]);
  const handshake = (datagram, from) => {
    peer = from;
    transport.onData(datagram);
  };
  socket.on('message', handshake);
  association.onConnect.once(() => {
    socket.off('message', handshake);
    socket.on('message', () => {
      datagrams++;
    });
  });
  process.once('SIGTERM', () => {
    printLine({ datagrams });
    socket.close();
  });
  socket.bind(0, '127.0.0.1', () => {
    // Otherwise this server, which is slow to read, would lose much of what the client sends.
    socket.setRecvBufferSize(4 << 20);
    process.stdout.write(`READY ${socket.address().port}\n`);
  });
}

await (command === 'server' ? server() : client());
