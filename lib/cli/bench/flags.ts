import { type Command, InvalidArgumentError, Option } from 'commander';
import { addCertificateOptions, servernameOption } from '../certificates';
import { addSessionOptions, jsonOption, keylogOption, numberFrom, seconds } from '../options';
import { addPskOptions } from '../psk';
import { HANDSHAKE_TIMEOUT_S } from './handshakes';

/** One socket each; a system has not many more ports for one address. */
const MAX_ASSOCIATIONS = 60_000;
/** What fits a datagram at the largest --mtu. */
const MAX_SIZE = 16_384;
const MAX_RATE = 10_000_000;

export function addBenchOptions(command: Command): Command {
  command
    .option('-n, --associations <n>', 'number of associations', numberFrom(1, MAX_ASSOCIATIONS), 1)
    .option('--handshakes <n>', 'handshakes at the same time', numberFrom(1, 10_000), 32)
    .addOption(
      new Option('-r, --rate <n>', 'messages per second over all associations')
        .argParser(messagesPerSecond)
        .conflicts('window'),
    )
    .option('-w, --window <n>', 'messages in flight on each association', numberFrom(1, 65_536), 1)
    .option('-s, --size <bytes>', 'bytes of a message', numberFrom(1, MAX_SIZE), 64)
    .option('-d, --duration <seconds>', 'how long to send messages', seconds, 10)
    .addOption(new Option('--one-way', 'expect no answers').conflicts(['anyReply', 'window', 'answerTimeout']))
    .option('--any-reply', 'count any answer, not only an echo')
    .option('--answer-timeout <seconds>', 'a message without an answer is lost after', seconds, 1);
  addPskOptions(command, 'identity that the key belongs to (default: bench)');
  addCertificateOptions(command, 'the server').addOption(servernameOption());
  return addSessionOptions(command, HANDSHAKE_TIMEOUT_S)
    .optionsGroup('Output:')
    .addOption(jsonOption())
    .option('--html <file>', 'write the report as a page with charts')
    .addOption(keylogOption());
}

function messagesPerSecond(text: string): number {
  const value = /^\d*\.?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value > 0 && value <= MAX_RATE) return value;
  throw new InvalidArgumentError(`Messages per second are expected: more than 0, up to ${MAX_RATE}.`);
}
