// Plain UDP over the batched socket of this library, without any TLS: the ceiling of what goes over it. The endpoint is
// internal to the package, so it is taken from where it is built.
import { createRequire } from 'node:module';
import { commandLine, printLine } from './common.mjs';
import { echo, flood } from './load.mjs';

const { NativeEndpoint } = createRequire(import.meta.url)('../../dist/endpoints/native-endpoint.js');
const { parseSocket } = createRequire(import.meta.url)('../../dist/options/socket.js');

const { command, host, port, size, seconds, window } = commandLine();
const remote = { address: host, port, family: 'IPv4' };
const local = { address: '0.0.0.0', port: 0, family: 4, sendHighWaterMark: 65_536 };
const endpoint = new NativeEndpoint({ ...local, socket: parseSocket({ udp: 'native' }) }, remote);
const listeners = { datagram: () => {}, drained: () => {} };
await endpoint.open({ stranger: () => {}, failed: () => {} });
const channel = endpoint.attach(remote, {
  datagram: (bytes, offset) => listeners.datagram(bytes, offset),
  drained: () => listeners.drained(),
  failed: () => {},
});

const commands = {
  flood() {
    const message = Buffer.alloc(size, 'm');
    const onDrain = (listener) => {
      listeners.drained = listener;
    };
    return flood({ send: () => channel.send(message), onDrain, seconds });
  },

  echo() {
    const { replied, result } = echo({ send: (_i, message) => channel.send(message), size, count: 1, window, seconds });
    const first = Buffer.alloc(1);
    listeners.datagram = (bytes, offset) => {
      first[0] = bytes[offset];
      replied(first);
    };
    return result;
  },
};

printLine(await commands[command]());
await endpoint.close();
