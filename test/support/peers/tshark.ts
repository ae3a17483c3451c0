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
  const fields = ['-T', 'fields', '-e', 'dtls.handshake.type', '-e', 'data.data'];
  // Wireshark's DTLS takes the key log of its TLS.
  const keys = ['-o', `tls.keylog_file:${base}.keys`];
  const args = ['-n', '-r', `${base}.pcap`, '-d', `udp.port==${SERVER_PORT},dtls`, ...keys, ...fields];
  await using tshark = new PeerProcess('tshark', args);
  const { code } = await tshark.exited;
  if (code !== 0) throw new Error(`tshark: ${tshark.output}`);
  const rows = tshark.output.split('\n').map((line) => line.split('\t'));
  const column = (index: number) => rows.flatMap((row) => row[index]?.split(',') ?? []).filter((value) => value !== '');
  return {
    handshakeTypes: column(0)
      .filter((value) => /^\d+$/.test(value))
      .map(Number),
    texts: column(1).map((hex) => Buffer.from(hex, 'hex').toString()),
  };
}
