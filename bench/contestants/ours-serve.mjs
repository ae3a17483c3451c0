// One dtls-association server and its counters.
import { createServer } from 'dtls-association';
import { MTU, PSK, SUITE } from './common.mjs';

const FLOOD_END = Buffer.from('FLOOD-END');
/** All clients have the same address here, and come as fast as they can. */
const MANY = 1_000_000;
const LIMITS = {
  maxAssociations: MANY,
  maxAssociationsPerAddress: MANY,
  maxHandshakes: MANY,
  maxHandshakesPerAddress: MANY,
  handshakesPerSecond: MANY,
  handshakesPerSecondPerAddress: MANY,
};

const modes = {
  echo(association, counters) {
    association.on('message', (data) => {
      counters.messages++;
      counters.bytes += data.length;
      association.send(data);
    });
  },

  sink(association, counters) {
    const own = { messages: 0, bytes: 0, firstAt: 0, lastAt: 0 };
    association.on('message', (data) => {
      if (data.length === FLOOD_END.length && FLOOD_END.equals(data)) {
        const us = Math.round((own.lastAt - own.firstAt) * 1000);
        association.send(`FLOOD-STAT ${own.messages} ${own.bytes} ${us}`);
        return;
      }
      own.lastAt = performance.now();
      if (own.messages === 0) own.firstAt = own.lastAt;
      own.messages++;
      own.bytes += data.length;
      counters.messages++;
      counters.bytes += data.length;
    });
  },
};

/** Every datagram that the socket brought is in one of these. */
function countedDatagrams(server) {
  const { cookiesSent, handshakesStarted, dropped, refused } = server.stats;
  const ofStrangers = [...Object.values(dropped), ...Object.values(refused)];
  return ofStrangers.reduce(
    (sum, count) => sum + count,
    server.totals().datagramsReceived + cookiesSent + handshakesStarted,
  );
}

/** `listenOptions` are those of `server.listen`. */
export async function serve({ mode, port, udp, ...listenOptions }) {
  const counters = { messages: 0, bytes: 0 };
  const server = createServer({ psk: { [PSK.identity]: PSK.key }, ciphers: SUITE, mtu: MTU, limits: LIMITS });
  server.on('secureConnection', (association) => modes[mode](association, counters));
  await server.listen({ port, address: '127.0.0.1', ...(udp && { udp }), ...listenOptions });
  return {
    port: server.address().port,
    counters: () => ({
      ...counters,
      counted: countedDatagrams(server),
      handshakes: server.stats.handshakesCompleted,
      associations: server.associations.size,
    }),
    close: () => server.close(),
  };
}
