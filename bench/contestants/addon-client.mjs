// Handshakes over this addon alone: its sockets and sessions without the library around them, which means no events, no
// promises, no timers, nobody judged, and no other server than one that behaves. The least that JavaScript can do.
import { createRequire } from 'node:module';
import { createSecureContext } from 'dtls-association';
import { commandLine, MTU, PSK, printLine, SUITE, startPhase } from './common.mjs';

// Internal to the package, so they are taken from where they are built.
const require = createRequire(import.meta.url);
const { binding, MAX_PLAINTEXT, Status } = require('../../dist/native.js');
const { parseConnectOptions } = require('../../dist/options/client.js');
const { nativeContextOf } = require('../../dist/secure-context.js');

/** Mirror native/udp/udp_socket.h. */
const SLOTS = 2;
const SLOT_SIZE = 65_728;
const RECEIVED_FIELDS = 4;

const { host, port, count, concurrency, 'warm-up': warmUp = 1 } = commandLine();
const secureContext = createSecureContext({ psk: PSK, ciphers: SUITE });
const { native, socket: socketOptions } = parseConnectOptions({ host, port, secureContext, mtu: MTU });
const context = nativeContextOf(secureContext);

const slab = Buffer.allocUnsafeSlow(SLOTS * SLOT_SIZE);
const received = new Int32Array(SLOTS * RECEIVED_FIELDS);
const outgoing = Buffer.allocUnsafeSlow(MAX_PLAINTEXT);
/** The number of the peer, 0 on a socket of one, and the size of a datagram. */
const entry = new Int32Array(2);
const room = Buffer.allocUnsafeSlow(MAX_PLAINTEXT);

/** Calls back when a handshake is complete and its close_notify has left. */
function handshake(done) {
  const session = new binding.Session(context, native);
  const handle = session.handle();
  const socket = new binding.UdpSocket();

  const flush = () => {
    for (;;) {
      entry[1] = session.takeDatagram(outgoing, 0);
      if (entry[1] === 0) return;
      socket.send(outgoing, 0, entry, 0, 1);
    }
  };
  const close = () => {
    session.shutdown();
    flush();
    session.destroy();
    socket.close();
    done();
  };
  /** True: the handshake is complete. */
  const take = (offset, length) => binding.receive(handle, slab, offset, length, room, 0) === Status.Established;
  const onReadable = () => {
    const entries = socket.receive(slab, received, SLOTS);
    for (let i = 0; i < entries; i++) {
      const [, offset, size, segmentSize] = received.subarray(i * RECEIVED_FIELDS, (i + 1) * RECEIVED_FIELDS);
      const step = segmentSize || size;
      for (let at = 0; at < size; at += step) {
        if (take(offset + at, Math.min(step, size - at))) return close();
      }
    }
    flush();
  };

  socket.open(4, socketOptions);
  socket.connect(host, port);
  socket.start(onReadable);
  session.start();
  flush();
}

function repeat(times) {
  return new Promise((resolve) => {
    let begun = 0;
    let ended = 0;
    const next = () => {
      if (begun === times) return;
      begun++;
      handshake(() => {
        if (++ended === times) resolve();
        else next();
      });
    };
    for (let i = 0; i < concurrency; i++) next();
  });
}

await repeat(warmUp);
const endPhase = startPhase();
await repeat(count);
printLine(endPhase(count, 'handshake'));
