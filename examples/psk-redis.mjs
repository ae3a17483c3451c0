// A server whose keys are in Redis, shared by any number of processes: node psk-redis.mjs [PORT] [URL]
import { setTimeout } from 'node:timers/promises';
import { createServer } from 'dtls-association';
import { createClient } from 'redis';

const [port = '5684', url = 'redis://127.0.0.1:6379'] = process.argv.slice(2);
// Without a queue: a device hears at once that Redis is away, and may come back.
const redis = createClient({ url, disableOfflineQueue: true });
redis.on('error', (error) => console.error(`Redis: ${error.message}`));
await redis.connect();

const server = createServer({
  async pskCallback(identity) {
    // Before the device gives up, which could not tell a slow Redis from a wrong key.
    const late = setTimeout(2000).then(() => {
      throw new Error('Redis did not answer in time');
    });
    const key = await Promise.race([redis.get(`psk:${identity}`), late]);
    // No key: an unknown identity.
    return key === null ? undefined : Buffer.from(key, 'hex');
  },
  // A device whose key was deleted resumes its session for so many seconds, since nobody asks for the key then; and its
  // open association stays until you close it.
  sessionTimeout: 60,
});
server.on('secureConnection', (association) => {
  association.on('message', (data) => association.send(`${association.pskIdentity} said ${data}`));
});
server.on('peerError', (error, peer) => console.error(`${peer.address}:${peer.port}: ${error.message}`));

await server.listen({ address: '127.0.0.1', port: Number(port) });
console.log(`listening on port ${server.address().port}`);
