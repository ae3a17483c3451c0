// Plain UDP over node:dgram, without any TLS: the ceiling of what goes over node:dgram.
import dgram from 'node:dgram';
import { once } from 'node:events';
import { commandLine, printLine } from './common.mjs';
import { echo, flood, inBatches } from './load.mjs';

const { command, host, port, size, seconds, window } = commandLine();
const socket = dgram.createSocket('udp4');
socket.connect(port, host);
await once(socket, 'connect');

const commands = {
  flood() {
    const message = Buffer.alloc(size, 'm');
    return flood({ ...inBatches((callback) => socket.send(message, callback)), seconds });
  },

  echo() {
    const { replied, result } = echo({
      send: (_i, message) => socket.send(message),
      size,
      count: 1,
      window,
      seconds,
    });
    socket.on('message', replied);
    return result;
  },
};

printLine(await commands[command]());
socket.close();
