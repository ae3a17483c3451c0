import { writeFileSync } from 'node:fs';
import { scratchFile } from './credentials';
import { missing, programs } from './debian';
import { pcap, SERVER_PORT } from './pcap';
import { PeerProcess } from './process';
import type { Datagram } from './relay';

export const tsharkProblem = missing(programs('tshark'), ['tshark']);

export interface Decrypted {
  /** Of handshake messages, in order; 20 is Finished, which travels encrypted. */
  handshakeTypes: number[];
  /** What the application data says. */
  texts: string[];
}

let captures = 0;

/** What tshark makes of datagrams with these key log lines. */
export async function decrypt(datagrams: readonly Datagram[], keylog: string): Promise<Decrypted> {
  const base = scratchFile(`capture-${++captures}`);
  writeFileSync(`${base}.pcap`, pcap(datagrams));
  writeFileSync(`${base}.keys`, keylog);
  // Wireshark's DTLS takes the key log of its TLS.
  const keys = ['-o', `tls.keylog_file:${base}.keys`];
  return dissect(`${base}.pcap`, ['-d', `udp.port==${SERVER_PORT},dtls`, ...keys]);
}

/** What tshark finds in a file, read once from its beginning to its end. */
export async function dissect(file: string, args: readonly string[] = []): Promise<Decrypted> {
  const fields = ['-T', 'fields', '-e', 'dtls.handshake.type', '-e', 'data.data'];
  const output = await tshark(['-r', file, ...args, ...fields]);
  const rows = output.split('\n').map((line) => line.split('\t'));
  const column = (index: number) => rows.flatMap((row) => row[index]?.split(',') ?? []).filter((value) => value !== '');
  return {
    handshakeTypes: column(0)
      .filter((value) => /^\d+$/.test(value))
      .map(Number),
    texts: column(1).map((hex) => Buffer.from(hex, 'hex').toString()),
  };
}

/** What Wireshark's experts have to say about a file, checksums included. */
export function expertise(file: string): Promise<string> {
  const checks = ['ip', 'udp'].flatMap((protocol) => ['-o', `${protocol}.check_checksum:TRUE`]);
  return tshark(['-r', file, ...checks, '-q', '-z', 'expert']);
}

async function tshark(args: readonly string[]): Promise<string> {
  await using program = new PeerProcess('tshark', ['-n', ...args]);
  const { code } = await program.exited;
  if (code !== 0) throw new Error(`tshark: ${program.output}`);
  return program.output.replace(/^Running as user .*\n/m, '');
}
