// The npm package node-dtls-client: flood.
import { once } from 'node:events';
import { commandLine, importPeer, PSK, printLine } from './common.mjs';
import { flood, inBatches } from './load.mjs';

const { dtls } = await importPeer('node-dtls-client');
const { host, port, size, seconds } = commandLine();
const socket = dtls.createSocket({
  type: 'udp4',
  address: host,
  port,
  psk: { [PSK.identity]: PSK.key },
  ciphers: ['TLS_PSK_WITH_AES_128_GCM_SHA256'],
});
await once(socket, 'connected');
const message = Buffer.alloc(size, 'm');
printLine(await flood({ ...inBatches((callback) => socket.send(message, callback)), seconds }));
socket.close();
