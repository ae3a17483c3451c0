import { readFileSync } from 'node:fs';
import { createServer } from 'dtls-association';

const [port = '5684', directory = 'certificates'] = process.argv.slice(2);

const server = createServer({
  cert: readFileSync(`${directory}/server.crt`),
  key: readFileSync(`${directory}/server.key`),
});
server.on('secureConnection', (association) => {
  association.on('message', (data) => association.send(data));
});
server.on('peerError', (error, peer) => console.error(`${peer.address}:${peer.port}: ${error.message}`));

await server.listen({ address: '127.0.0.1', port: Number(port) });
console.log(`listening on port ${server.address().port}`);
