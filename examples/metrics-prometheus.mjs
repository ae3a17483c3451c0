// A server whose counters Prometheus reads: node metrics-prometheus.mjs [PORT] [METRICS_PORT]
import { subscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'dtls-association';
import { Counter, Gauge, Histogram, register } from 'prom-client';

const [port = '5684', metricsPort = '9684'] = process.argv.slice(2);

const server = createServer({ psk: { alice: Buffer.from('00112233445566778899aabbccddeeff', 'hex') } });
server.on('secureConnection', (association) => {
  association.on('message', (data) => association.send(data));
});
server.on('peerError', (error, peer) => console.error(`${peer.address}:${peer.port}: ${error.message}`));

const { stats } = server;
let totals = server.totals();
counter('dtls_handshakes_total', 'Handshakes that are over', 'result', () => ({
  completed: stats.handshakesCompleted,
  failed: stats.handshakesFailed,
}));
counter('dtls_handshake_errors_total', 'Failed handshakes by error', 'code', () => stats.handshakeErrors);
counter('dtls_refused_total', 'Hellos left unanswered', 'limit', () => stats.refused);
counter('dtls_dropped_total', 'Datagrams that came to nothing', 'reason', () => ({
  ...stats.dropped,
  ...totals.dropped,
}));
counter('dtls_messages_total', 'Application messages', 'direction', () => ({
  sent: totals.messagesSent,
  received: totals.messagesReceived,
}));
counter('dtls_bytes_total', 'UDP payload', 'direction', () => ({
  sent: totals.bytesSent,
  received: totals.bytesReceived,
}));
new Gauge({
  name: 'dtls_associations',
  help: 'Open associations',
  collect() {
    this.set(server.associations.size);
  },
});
const durations = new Histogram({
  name: 'dtls_handshake_duration_seconds',
  help: 'From the first datagram of a completed handshake to its end',
  labelNames: ['session'],
});
subscribe('dtls-association:handshake', (message) => {
  const { association, handshake, error } = /** @type {import('dtls-association').HandshakeDiagnostic} */ (message);
  if (handshake === undefined || error !== undefined) return;
  durations.observe({ session: association.isSessionReused() ? 'resumed' : 'new' }, handshake.durationMs / 1000);
});

const http = createHttpServer(async (_request, response) => {
  // Once a scrape: it visits every association.
  totals = server.totals();
  response.setHeader('content-type', register.contentType).end(await register.metrics());
}).listen(Number(metricsPort), '127.0.0.1');
await once(http, 'listening');
await server.listen({ address: '127.0.0.1', port: Number(port) });
const { port: scraped } = /** @type {import('node:net').AddressInfo} */ (http.address());
console.log(`listening on port ${server.address().port}, metrics at http://127.0.0.1:${scraped}/metrics`);

/** What the server has counted already, copied when Prometheus asks. @param {() => Record<string, number>} read */
function counter(/** @type {string} */ name, /** @type {string} */ help, /** @type {string} */ label, read) {
  new Counter({
    name,
    help,
    labelNames: [label],
    collect() {
      this.reset();
      for (const [value, count] of Object.entries(read())) this.inc({ [label]: value }, count);
    },
  });
}
