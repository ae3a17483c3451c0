// Only has to compile, as api.ts: the types of dtls-association/testing.
import { connect, createServer, type DtlsAssociation } from 'dtls-association';
import {
  corrupt,
  delay,
  drop,
  dropRecord,
  duplicate,
  type Impairments,
  inTurn,
  type Lane,
  type Late,
  late,
  Network,
  type NetworkClient,
  type RecordName,
  type Rule,
  truncate,
} from 'dtls-association/testing';

export async function onABadLine(key: Buffer): Promise<DtlsAssociation> {
  const network: Network = new Network({ seed: 1, virtualTime: true });
  const server = createServer({ psk: { alice: key } });
  await server.listen({ transport: network.server });
  const transport: NetworkClient = network.client({ address: '192.0.2.7', port: 1, family: 'IPv4' });
  transport.rebind();
  transport.taken = false;
  transport.drain();
  network.inject(Uint8Array.of(1, 2), transport.address);
  network.injectToClient(Buffer.from('noise'), transport.address);
  return connect({ transport, psk: { identity: 'alice', key } });
}

export function bad(lane: Lane): void {
  const impairments: Impairments = { loss: 0.1, delayMs: [10, 50], bytesPerSecond: 10_000 };
  lane.impair(impairments);
  // @ts-expect-error two bounds
  lane.impair({ delayMs: [10] });
  const name: RecordName = 'ServerHello';
  lane.rule = inTurn(drop(1), duplicate(2), delay(3, 10), late(4), truncate(5, 6), corrupt(6, -1), dropRecord(name, 1));
  // @ts-expect-error no such message
  lane.rule = dropRecord('ServerHullo');
  const own: Rule = (datagram, n, client) => {
    const later: Late = { datagram, delayMs: n };
    return client.port === 1 ? [] : [datagram, later];
  };
  lane.rule = own;
  // @ts-expect-error a rule decides at once
  lane.rule = async (datagram) => [datagram];
}

export function withEndpoint(network: Network, key: Buffer): Promise<DtlsAssociation> {
  const { address: host, port } = network.server.address();
  return connect({ host, port, endpoint: network.endpoint(), psk: { identity: 'alice', key }, reconnect: true });
}
