import { type Command, InvalidArgumentError, Option } from 'commander';
import type { ConnectOptions } from '../index';

/** Flags of every command that prints events. */
export interface OutputFlags {
  json?: true;
  quiet?: true;
}

/** Flags that become options of the library. */
export interface SessionFlags {
  ciphers?: string;
  mtu?: number;
  /** Milliseconds. */
  retransmit?: number;
  /** Seconds. */
  handshakeTimeout?: number;
}

/** Flags of every command that has keys. */
export interface SecurityFlags extends SessionFlags {
  psk?: string;
  pskFile?: string;
  pskIdentity?: string;
  keylog?: string;
}

/** Flags that `dtls client` and `dtls server` share. */
export interface PeerFlags extends OutputFlags, SecurityFlags {
  /** Seconds. */
  duration?: number;
}

type SessionOptions = Pick<ConnectOptions, 'ciphers' | 'mtu' | 'retransmit' | 'handshakeTimeout'>;

/** setTimeout() takes no longer waits. */
const MAX_SECONDS = Math.floor((2 ** 31 - 1) / 1000);

export const jsonOption = (): Option => new Option('--json', 'print one JSON object a line, described below');

export const handshakeTimeoutOption = (defaultS = 60): Option =>
  new Option('--handshake-timeout <seconds>', `give up a handshake after (default: ${defaultS})`).argParser(seconds);

export const retransmitOption = (): Option =>
  new Option('--retransmit <ms>', 'first wait before sending again (default: 1000)').argParser(wholeNumber);

/** `handshakeTimeoutS` is what the help says of the default. */
export function addSecurityOptions(command: Command, handshakeTimeoutS?: number): Command {
  return command
    .addOption(new Option('--psk <hex>', 'pre-shared key, visible to other users').conflicts('pskFile'))
    .option('--psk-file <file>', 'file that holds the pre-shared key in hex')
    .option('--ciphers <list>', 'OpenSSL cipher list (default: the PSK suites)')
    .option('--mtu <bytes>', 'largest datagram to send (default: 1200)', wholeNumber)
    .option('--keylog <file>', 'append session secrets to it, for Wireshark')
    .addOption(handshakeTimeoutOption(handshakeTimeoutS))
    .addOption(retransmitOption());
}

export function addPeerOptions(command: Command): Command {
  return addSecurityOptions(command)
    .option('--duration <seconds>', 'end after (default: at Ctrl-C)', seconds)
    .addOption(jsonOption())
    .option('-q, --quiet', 'print only messages, warnings and errors');
}

/** The options that the user gave; the library knows the defaults of the others. */
export function sessionOptions({ ciphers, mtu, retransmit, handshakeTimeout }: SessionFlags): SessionOptions {
  return {
    ...(ciphers !== undefined && { ciphers }),
    ...(mtu !== undefined && { mtu }),
    ...(retransmit !== undefined && { retransmit: { initial: retransmit } }),
    ...(handshakeTimeout !== undefined && { handshakeTimeout: toMs(handshakeTimeout) }),
  };
}

export function toMs(valueS: number): number {
  return Math.ceil(valueS * 1000);
}

export function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('A whole number is expected.');
  return Number(text);
}

export function numberFrom(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`A whole number from ${min} to ${max} is expected.`);
  };
}

export function seconds(text: string): number {
  const value = /^\d*\.?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value > 0 && value <= MAX_SECONDS) return value;
  throw new InvalidArgumentError(`Seconds are expected: more than 0, up to ${MAX_SECONDS}.`);
}
