import { type Command, InvalidArgumentError, Option } from 'commander';
import type { ConnectOptions, DtlsVersion, SrtpProfile } from '../index';
import type { CertificateFlags } from './certificates';
import type { PskFlags } from './psk';

/** Flags of every command that prints events. */
export interface OutputFlags {
  json?: true;
  quiet?: true;
}

/** Flags that become options of the library, which checks them. */
export interface SessionFlags {
  ciphers?: string;
  minVersion?: DtlsVersion;
  mtu?: number;
  /** Milliseconds. */
  retransmit?: number;
  /** Seconds. */
  handshakeTimeout?: number;
}

/** Flags of every command that has keys or certificates. */
export interface SecurityFlags extends SessionFlags, PskFlags, CertificateFlags {
  /** True without a file. */
  keylog?: string | true;
}

/** Flags that `dtls client` and `dtls server` share. */
export interface PeerFlags extends OutputFlags, SecurityFlags {
  alpn?: string[];
  useSrtp?: SrtpProfile[];
  trace?: true;
  pcap?: string;
  /** Seconds. */
  duration?: number;
}

type SessionOptions = Pick<ConnectOptions, 'ciphers' | 'minVersion' | 'mtu' | 'retransmit' | 'handshakeTimeout'>;
type PeerOptions = SessionOptions & Pick<ConnectOptions, 'ALPNProtocols' | 'srtpProfiles' | 'enableTrace'>;

/** setTimeout() takes no longer waits. */
const MAX_SECONDS = Math.floor((2 ** 31 - 1) / 1000);

export const jsonOption = (): Option => new Option('--json', 'print one JSON object a line, described below');

export const handshakeTimeoutOption = (defaultS = 60): Option =>
  new Option('--handshake-timeout <seconds>', `give up a handshake after (default: ${defaultS})`).argParser(seconds);

export const retransmitOption = (): Option =>
  new Option('--retransmit <ms>', 'first wait before sending again (default: 1000)').argParser(wholeNumber);

/** `handshakeTimeoutS` is what the help says of the default. */
export function addSessionOptions(command: Command, handshakeTimeoutS?: number): Command {
  return command
    .optionsGroup('Handshake:')
    .option('--ciphers <list>', 'OpenSSL cipher list, or "coap" (default: suites for the credentials)')
    .option('--min-version <version>', 'DTLSv1.2 or DTLSv1 (default: DTLSv1.2)')
    .option('--mtu <bytes>', 'largest datagram to send (default: 1200)', wholeNumber)
    .addOption(handshakeTimeoutOption(handshakeTimeoutS))
    .addOption(retransmitOption());
}

export const durationOption = (): Option =>
  new Option('--duration <seconds>', 'end after (default: at Ctrl-C)').argParser(seconds);

export const keylogOption = (): Option =>
  new Option('--keylog [file]', 'append session secrets to it, or to SSLKEYLOGFILE, for Wireshark');

/** What is agreed on besides keys. */
export function addExtensionOptions(command: Command): Command {
  return command
    .addOption(new Option('--alpn <list>', 'application protocols, separated by commas').argParser(commaList))
    .addOption(new Option('--use-srtp <list>', 'SRTP profiles, separated by colons').argParser(colonList));
}

export function addOutputOptions(command: Command): Command {
  return command
    .optionsGroup('Output:')
    .addOption(jsonOption())
    .option('-q, --quiet', 'print only messages, warnings and errors')
    .addOption(keylogOption())
    .option('--pcap <file>', 'write packets with their secrets to it (mode 0600), for Wireshark')
    .option('--trace', 'describe each message of the handshake on standard error');
}

/** The options that the user gave; the library knows the defaults of the others. */
export function sessionOptions(flags: SessionFlags): SessionOptions {
  const { ciphers, minVersion, mtu, retransmit, handshakeTimeout } = flags;
  return {
    ...(ciphers !== undefined && { ciphers }),
    ...(minVersion !== undefined && { minVersion }),
    ...(mtu !== undefined && { mtu }),
    ...(retransmit !== undefined && { retransmit: { initial: retransmit } }),
    ...(handshakeTimeout !== undefined && { handshakeTimeout: toMs(handshakeTimeout) }),
  };
}

export function peerOptions(flags: PeerFlags): PeerOptions {
  const { alpn, useSrtp, trace } = flags;
  return {
    ...sessionOptions(flags),
    ...(alpn !== undefined && { ALPNProtocols: alpn }),
    ...(useSrtp !== undefined && { srtpProfiles: useSrtp }),
    ...(trace && { enableTrace: true }),
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

export function commaList(text: string): string[] {
  return text.split(',');
}

function colonList(text: string): string[] {
  return text.split(':');
}
