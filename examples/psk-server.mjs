import { createServer } from 'dtls-association';

const server = createServer({ psk: { alice: Buffer.from('00112233445566778899aabbccddeeff', 'hex') } });
server.on('secureConnection', (association) => {
  association.on('message', (data) => association.send(data));
});
server.on('peerError', (error, peer) => console.error(`${peer.address}:${peer.port}: ${error.message}`));

await server.listen({ address: '127.0.0.1', port: Number(process.argv[2] ?? 5684) });
console.log(`listening on port ${server.address().port}`);
