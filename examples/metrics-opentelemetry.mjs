// A server that exports its counters, and a span of each handshake: node metrics-opentelemetry.mjs [PORT]
// To the console here; OTLP exporters in place of the two send them to a collector.
import { subscribe } from 'node:diagnostics_channel';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { ConsoleMetricExporter, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BatchSpanProcessor, ConsoleSpanExporter, TracerProvider } from '@opentelemetry/sdk-trace';
import { createServer } from 'dtls-association';

const server = createServer({ psk: { alice: Buffer.from('00112233445566778899aabbccddeeff', 'hex') } });
server.on('secureConnection', (association) => {
  association.on('message', (data) => association.send(data));
});

const meters = new MeterProvider({
  readers: [new PeriodicExportingMetricReader({ exporter: new ConsoleMetricExporter(), exportIntervalMillis: 10_000 })],
});
const meter = meters.getMeter('dtls-association');
const handshakes = meter.createObservableCounter('dtls.handshakes', { unit: '{handshake}' });
const errors = meter.createObservableCounter('dtls.handshake.errors', { unit: '{handshake}' });
const refused = meter.createObservableCounter('dtls.refused', { unit: '{hello}' });
const messages = meter.createObservableCounter('dtls.messages', { unit: '{message}' });
const associations = meter.createObservableUpDownCounter('dtls.associations', { unit: '{association}' });
// Called when the reader collects, and not between.
meter.addBatchObservableCallback(
  (result) => {
    const { stats } = server;
    const totals = server.totals();
    result.observe(handshakes, stats.handshakesCompleted, { result: 'completed' });
    result.observe(handshakes, stats.handshakesFailed, { result: 'failed' });
    for (const [code, count] of Object.entries(stats.handshakeErrors)) {
      result.observe(errors, count, { 'error.type': code });
    }
    for (const [limit, count] of Object.entries(stats.refused)) result.observe(refused, count, { limit });
    result.observe(messages, totals.messagesSent, { 'network.io.direction': 'transmit' });
    result.observe(messages, totals.messagesReceived, { 'network.io.direction': 'receive' });
    result.observe(associations, server.associations.size);
  },
  [handshakes, errors, refused, messages, associations],
);

const tracers = new TracerProvider({
  spanProcessors: [new BatchSpanProcessor({ exporter: new ConsoleSpanExporter() })],
});
const tracer = tracers.getTracer('dtls-association');
subscribe('dtls-association:handshake', (message) => {
  const { association, handshake, error } = /** @type {import('dtls-association').HandshakeDiagnostic} */ (message);
  if (handshake === undefined) return;
  const endTime = Date.now();
  const span = tracer.startSpan('DTLS handshake', {
    kind: SpanKind.SERVER,
    startTime: endTime - handshake.durationMs,
    attributes: {
      'network.peer.address': association.remote.address,
      'network.peer.port': association.remote.port,
      'dtls.cipher': handshake.cipher,
      'tls.established': error === undefined,
      'dtls.retransmits': handshake.retransmits,
    },
  });
  if (error !== undefined) {
    span.recordException(error, endTime);
    span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
  }
  span.end(endTime);
});

await server.listen({ address: '127.0.0.1', port: Number(process.argv[2] ?? 5684) });
console.log(`listening on port ${server.address().port}`);

// Ctrl+C, or systemd: what was not exported yet is.
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    await server.close();
    await Promise.all([meters.shutdown(), tracers.shutdown()]);
  });
}
