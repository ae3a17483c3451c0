// Sessions outlive it, for its ticket keys are in a file: node resuming-server.mjs [PORT] [DIRECTORY]
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'dtls-association';

const [port = '5684', directory = 'certificates'] = process.argv.slice(2);
const keyFile = `${directory}/ticket.key`;
if (!existsSync(keyFile)) writeFileSync(keyFile, randomBytes(48), { mode: 0o600 });

const server = createServer({
  cert: readFileSync(`${directory}/server.crt`),
  key: readFileSync(`${directory}/server.key`),
  ticketKeys: readFileSync(keyFile),
  sessionTimeout: 24 * 60 * 60,
});
server.on('secureConnection', (association) => {
  association.send(association.isSessionReused() ? 'welcome back' : 'welcome');
});
server.on('peerError', (error, peer) => console.error(`${peer.address}:${peer.port}: ${error.message}`));

await server.listen({ address: '127.0.0.1', port: Number(port) });
console.log(`listening on port ${server.address().port}`);
