import { once } from 'node:events';
import { type ConnectOptions, DtlsAssociation, type DtlsServer } from '../../lib';
import { deliverAll, Link, type LinkClient } from '../support/link';
import { endpointClient } from '../support/link-endpoint';
import { client, closeLater, key, openPair, patient, psk, serve } from '../support/pair';

/** An association in some phase of its life, and how everything that holds it there is let go. */
export interface Scene {
  association: DtlsAssociation;
  link: Link;
  server: DtlsServer;
  letGo(): void;
}

const nothing = (): void => {};

async function scene(options: Partial<ConnectOptions> = {}): Promise<Scene & { transport: LinkClient }> {
  const link = new Link();
  const server = await serve(link);
  const transport = link.client();
  const association = client(link, { transport, ...options });
  // Whatever ends it is no unhandled error.
  void association.closed;
  return { link, server, transport, association, letGo: nothing };
}

async function open(isServer = false): Promise<Scene> {
  const { link, server, client, peer } = await openPair();
  return { link, server, association: isServer ? peer : client, letGo: nothing };
}

async function closing(end: (association: DtlsAssociation) => void): Promise<Scene> {
  const all = await scene();
  let letGo = nothing;
  all.transport.close = () => {
    return new Promise<void>((resolve) => {
      letGo = resolve;
    }) as never;
  };
  await all.association.startHandshake().opened;
  end(all.association);
  return { ...all, letGo: () => letGo() };
}

async function reconnecting(queue: number): Promise<Scene> {
  const link = new Link();
  const server = await serve(link);
  const { client: association } = endpointClient(link, { reconnect: { queue } });
  const [[peer]] = await Promise.all([
    once(server, 'secureConnection') as Promise<[DtlsAssociation]>,
    association.startHandshake().opened,
  ]);
  const lost = once(association, 'disconnect');
  await peer.close();
  await lost;
  return { association, link, server, letGo: nothing };
}

/** Every phase of an association, by the name of its state and what is special about it. */
export const PHASES = {
  idle: () => scene(),
  'connecting, resolving': async () => {
    const all = await scene();
    const lookup = nothing as never;
    const association = closeLater(new DtlsAssociation({ host: 'dtls.example', port: 1, psk, lookup, ...patient }));
    return { ...all, association: association.startHandshake() };
  },
  'connecting, opening': async () => {
    const all = await scene();
    all.transport.open = nothing;
    all.association.startHandshake();
    return all;
  },
  handshaking: async () => {
    const all = await scene();
    all.link.toClient.hold();
    all.association.startHandshake();
    await all.link.quiet();
    return { ...all, letGo: () => all.link.toClient.release() };
  },
  'handshaking, waiting for pskCallback': async () => {
    let letGo = nothing;
    const answer = new Promise<{ identity: string; key: Uint8Array }>((resolve) => {
      letGo = () => resolve({ identity: 'alice', key });
    });
    const all = await scene({ pskCallback: () => answer, psk: undefined });
    all.association.startHandshake();
    await all.link.quiet();
    return { ...all, letGo };
  },
  open: () => open(),
  'open, on a server': () => open(true),
  reconnecting: () => reconnecting(0),
  'reconnecting, with a queue': () => reconnecting(8),
  closing: () => closing((association) => void association.close()),
  'closing, failed': () => closing((association) => association.destroy(new Error('enough'))),
  closed: async () => {
    const all = await open();
    await all.association.close();
    return all;
  },
  'closed, on a server': async () => {
    const all = await open(true);
    await all.association.close();
    return all;
  },
  'closed, never started': async () => {
    const all = await scene();
    await all.association.close();
    return all;
  },
  'closed, failed': async () => {
    const all = await scene({ handshakeTimeout: 1 });
    all.link.toServer.rule = () => [];
    await all.association.startHandshake().closed;
    all.link.toServer.rule = deliverAll;
    return all;
  },
  'closed, aborted': async () => {
    const controller = new AbortController();
    const all = await scene({ signal: controller.signal });
    all.association.startHandshake();
    controller.abort();
    await all.association.closed;
    return all;
  },
} satisfies Record<string, () => Promise<Scene>>;

export type Phase = keyof typeof PHASES;

export const PHASE_NAMES = Object.keys(PHASES) as Phase[];

export async function enter(phase: Phase): Promise<Scene> {
  const all = await PHASES[phase]();
  void all.association.closed;
  if (!phase.startsWith(all.association.state)) throw new Error(`it is ${all.association.state}, not ${phase}`);
  return all;
}
