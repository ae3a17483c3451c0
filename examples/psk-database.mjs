// A server that looks keys up in SQLite, without making others wait: node psk-database.mjs [PORT] [FILE]
import { createClient } from '@libsql/client';
import { createServer } from 'dtls-association';

const [port = '5684', file = 'devices.db'] = process.argv.slice(2);
const database = createClient({ url: `file:${file}` });
await database.execute('CREATE TABLE IF NOT EXISTS devices (identity TEXT PRIMARY KEY, psk BLOB NOT NULL)');
await database.execute({
  sql: 'INSERT OR IGNORE INTO devices VALUES (?, ?)',
  args: ['alice', Buffer.from('00112233445566778899aabbccddeeff', 'hex')],
});

const server = createServer({
  async pskCallback(identity) {
    const { rows } = await database.execute({ sql: 'SELECT psk FROM devices WHERE identity = ?', args: [identity] });
    const psk = rows[0]?.psk;
    // Anything else is an unknown identity.
    return psk instanceof ArrayBuffer ? new Uint8Array(psk) : undefined;
  },
});
server.on('secureConnection', (association) => {
  association.on('message', (data) => association.send(`${association.pskIdentity} said ${data}`));
});
server.on('peerError', (error, peer) => console.error(`${peer.address}:${peer.port}: ${error.message}`));

await server.listen({ address: '127.0.0.1', port: Number(port) });
console.log(`listening on port ${server.address().port}`);
