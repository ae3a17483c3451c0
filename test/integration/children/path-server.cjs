// A server at the far end of a narrow path. It tells what it knows of the path, and sends as much as it is asked for.
const { createServer } = require('dtls-association');

const { address, udp, ...options } = JSON.parse(process.argv[2]);

const server = createServer(options, (peer) => {
  peer.on('message', (data) => {
    const [verb, size] = data.toString().split(' ');
    if (verb === 'tell') peer.send(JSON.stringify({ mtu: peer.handshake.mtu, maxPayload: peer.maxPayload }));
    if (verb === 'send') peer.send('s'.repeat(Number(size)));
    if (verb.startsWith('x')) peer.send(String(data.length));
  });
});
server.listen({ port: 22334, address, udp }).then(() => process.stdout.write('listening\n'));
