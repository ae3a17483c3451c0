import { PacketCapture } from '../index';
import type { Report } from './events';
import { usingFile } from './files';

/** The file of --pcap. */
export class PcapFile {
  readonly capture: PacketCapture;
  readonly #file: string;
  readonly #report: Report;
  #hasFailed = false;

  /** Throws a UsageError when it cannot be written. */
  constructor(file: string, report: Report) {
    this.#file = file;
    this.#report = report;
    this.capture = usingFile('--pcap', () => new PacketCapture(file));
    this.capture.on('error', (error) => {
      this.#hasFailed = true;
      report({ event: 'error', message: `--pcap: ${error.message}; the file is incomplete` });
    });
  }

  /** Whether all is in the file now. */
  async close(): Promise<boolean> {
    await this.capture.close();
    const { packetsDropped } = this.capture;
    if (this.#hasFailed || packetsDropped === 0) return !this.#hasFailed;
    this.#report({ event: 'warning', message: `${packetsDropped} packets are missing in ${this.#file}` });
    return false;
  }
}
