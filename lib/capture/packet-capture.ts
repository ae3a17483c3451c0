import { EventEmitter } from 'node:events';
import { Writable } from 'node:stream';
import { emitSafely } from '../emit';
import { optionError } from '../errors';
import { isObject, show } from '../options/check';
import { PacketRecorder } from './packet-recorder';

/** What a `PacketCapture` emits, with the arguments. */
export interface PacketCaptureEvents {
  /**
   * The file or stream failed, and nothing is written any more; all that used the capture goes on. Without a listener
   * it is a warning of the process, not an uncaught exception.
   */
  error: [error: Error];
}

/** Undefined for what is no capture. */
let recorderOf: (capture: unknown) => PacketRecorder | undefined;

/**
 * A pcapng file of the datagrams of clients and servers, each as a packet, with the secrets to decrypt them: for the
 * option `capture`, of as many of them as you like at one time. Wireshark shows what was said without any setting.
 *
 * Whoever has the file can decrypt what is in it. A path is created, or emptied, and made readable for its owner only;
 * a `Writable` is written to and stays open. Nobody waits for a slow disk: up to 16 MiB wait for it, and packets that
 * come then are missing in the file and counted.
 *
 * Throws `ERR_DTLS_OPTION`, whose `cause` is the system's error when the file cannot be opened.
 */
export class PacketCapture extends EventEmitter<PacketCaptureEvents> {
  readonly #recorder: PacketRecorder;
  #closing: Promise<void> | undefined;

  static {
    recorderOf = (capture) => (isObject(capture) && #recorder in capture ? capture.#recorder : undefined);
  }

  constructor(file: string | Writable) {
    super();
    if (!(file instanceof Writable) && (typeof file !== 'string' || file === '')) {
      throw optionError('file', file, `a path or a stream.Writable is expected, not ${show(file)}.`);
    }
    try {
      this.#recorder = new PacketRecorder(file, (error) => this.#failed(error));
    } catch (cause) {
      throw optionError('file', file, `it cannot be written: ${(cause as Error).message}.`, cause);
    }
  }

  /** Packets that are not in the file, because the disk was too slow or failed. */
  get packetsDropped(): number {
    return this.#recorder.packetsDropped;
  }

  /**
   * Writes what waits, and closes a file that was given as a path. Resolves when done, also when the file has failed;
   * may be called again. Close what uses the capture first: what comes later is not recorded.
   */
  close(): Promise<void> {
    this.#closing ??= this.#recorder.close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #failed(error: Error): void {
    if (this.listenerCount('error') > 0) emitSafely(this, 'error', error);
    else process.emitWarning(`A PacketCapture failed, its file is incomplete: ${error.message}`, 'DtlsCaptureWarning');
  }
}

/** The option `capture`. Throws `ERR_DTLS_OPTION`. */
export function parseCapture(capture: unknown): PacketRecorder | undefined {
  if (capture === undefined) return undefined;
  const recorder = recorderOf(capture);
  if (recorder === undefined) {
    throw optionError('capture', undefined, `a PacketCapture is expected, not ${show(capture)}.`);
  }
  if (recorder.isClosed) throw optionError('capture', undefined, 'it is closed; make a new PacketCapture.');
  return recorder;
}
