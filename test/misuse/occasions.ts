import type { ConnectOptions, DtlsAssociation, DtlsAssociationEvents, DtlsServer, DtlsServerEvents } from '../../lib';
import { listen, type Messages } from '../support/channels';
import { clientAddress, drop } from '../support/link';
import { key, quick } from '../support/pair';
import { attempt, type Setup, type Stage } from './stage';

/** What is called: what it returns is what the user's function returns, unless undefined. */
export type Hook = () => unknown;

/** When a function of the user's is called. */
export interface Occasion {
  /**
   * What an Error thrown there is: that of a listener, which nobody catches; of a callback, which fails the handshake
   * or says no; of a transport.
   */
  kind: 'listener' | 'callback' | 'transport';
  /** Options that call the hook, or that lead to its call. */
  setup?(hook: Hook): Setup;
  /** Before the server listens. */
  beforeListening?(server: DtlsServer, hook: Hook): void;
  /** Before the subject starts. */
  beforeStart?(stage: Stage, hook: Hook): void;
  /** When it is open. Absent: it is called during the handshake. */
  whenOpen?(stage: Stage): unknown;
}

/** Certificates for the stage; made once. */
export interface Credentials {
  cert: string;
  key: string;
  ca: string;
}

export const credentials: Credentials = { cert: '', key: '', ca: '' };

const say = ({ subject, peer }: Stage): void => {
  for (const one of [subject, peer]) attempt(() => one?.send('from the other side'));
};
const fail = ({ transport }: Stage): void => transport.receiver?.failed(new Error('the channel is gone'), true);
const move = ({ transport, subject }: Stage): void => {
  transport.address = clientAddress(61_000);
  subject.send('from elsewhere');
};
const lose = ({ peer }: Stage): unknown => peer?.close();
const choke = ({ transport, subject }: Stage): void => {
  transport.taken = false;
  subject.send('one too many');
  transport.taken = true;
  transport.receiver?.drained();
};

const coming = (): Setup => ({ onEndpoint: true, client: { reconnect: { initialDelay: 1 } } });
const impatient = (): Setup => ({ client: quick });
const loseHello = ({ link }: Stage): void => {
  link.toServer.rule = drop(link.toServer.sent.length);
};

type ClientEvent = keyof DtlsAssociationEvents;

/** How each event of a client comes about; those of a handshake need nothing. */
const CLIENT_EVENTS: Readonly<Record<Exclude<ClientEvent, 'addressChange'>, Omit<Occasion, 'kind'>>> = {
  secureConnect: {},
  session: {},
  keylog: { setup: () => ({ client: { keylog: true } }) },
  lookup: { setup: () => ({ onEndpoint: true }) },
  infoMessage: {},
  handshakeTimeout: { setup: impatient, beforeStart: loseHello },
  warningMessage: { setup: impatient, beforeStart: loseHello },
  message: { whenOpen: say },
  serverResponse: { whenOpen: say },
  drain: { whenOpen: choke },
  errorMessage: { whenOpen: lose },
  error: { whenOpen: fail },
  close: { whenOpen: lose },
  disconnect: { setup: coming, whenOpen: lose },
  reconnecting: { setup: coming, whenOpen: lose },
};

/** `listening` comes before there is anybody, and nothing of a server warns. */
type Untold = 'listening' | 'warningMessage';

const SERVER_EVENTS: Readonly<Record<Exclude<keyof DtlsServerEvents, Untold>, Omit<Occasion, 'kind'>>> = {
  secureConnection: {},
  infoMessage: {},
  keylog: { setup: () => ({ server: { keylog: true } }) },
  datagramReceived: { whenOpen: say },
  addressChange: { whenOpen: move },
  peerError: { whenOpen: ({ peer }) => peer?.destroy(new Error('enough')) },
  errorMessage: { whenOpen: ({ subject }) => subject.close() },
  stray: { whenOpen: ({ link }) => link.inject(Buffer.alloc(60), clientAddress(62_000)) },
  error: { whenOpen: ({ link }) => link.failServer(new Error('no more')) },
  close: { whenOpen: ({ server }) => server.close() },
};

/** Events of the server's side of an association; the others are those of a client. */
const PEER_EVENTS: Readonly<Partial<Record<ClientEvent, Omit<Occasion, 'kind'>>>> = {
  message: { whenOpen: say },
  addressChange: { whenOpen: move },
  error: { whenOpen: ({ peer }) => peer?.destroy(new Error('enough')) },
  close: { whenOpen: ({ subject }) => subject.close() },
};

const certified = (client: Partial<ConnectOptions> = {}): Setup => ({
  server: { cert: credentials.cert, key: credentials.key },
  client: { ca: credentials.ca, ...client },
});
const carol = (pskCallback: () => unknown): Setup => ({
  server: { pskCallback: pskCallback as never },
  client: { psk: { identity: 'carol', key } },
});
const keptAlive = (keepAlive: object): Setup => ({ client: { keepAlive: { interval: 1, ...keepAlive } as never } });
/** The hook's answer, or that which is expected. */
const either = (hook: Hook, answer: unknown): unknown => hook() ?? answer;

const CALLBACKS: Readonly<Record<string, Omit<Occasion, 'kind'>>> = {
  'pskCallback of a client': {
    setup: (hook) => ({
      client: { psk: undefined, pskCallback: (() => either(hook, { identity: 'alice', psk: key })) as never },
    }),
  },
  'pskCallback of a server': { setup: (hook) => carol(() => either(hook, key)) },
  checkServerIdentity: { setup: (hook) => certified({ checkServerIdentity: (() => hook()) as never }) },
  'verifyPeer of a client': { setup: (hook) => certified({ verifyPeer: (() => either(hook, true)) as never }) },
  'verifyPeer of a server': {
    setup: (hook) => ({
      server: {
        ...{ cert: credentials.cert, key: credentials.key, ca: credentials.ca, requestCert: true },
        ...{ verifyPeer: (() => either(hook, true)) as never, rejectUnauthorized: false },
      },
      client: { ...credentials },
    }),
  },
  SNICallback: {
    setup: (hook) => ({
      ...certified(),
      server: { cert: credentials.cert, key: credentials.key, SNICallback: ((_name: string) => hook()) as never },
    }),
  },
  'SNICallback with done': {
    setup: (hook) => ({
      ...certified(),
      server: {
        ...{ cert: credentials.cert, key: credentials.key },
        SNICallback: (_name, done) => {
          const answer = hook();
          done(null);
          return answer as never;
        },
      },
    }),
  },
  ALPNCallback: {
    setup: (hook) => ({
      server: { ALPNCallback: ({ protocols }) => either(hook, protocols[0]) as string },
      client: { ALPNProtocols: ['coap'] },
    }),
  },
  lookup: {
    setup: (hook) => ({
      onEndpoint: true,
      client: {
        host: 'dtls.example',
        lookup: (_host, _options, callback) => {
          const answer = hook();
          callback(null, [{ address: '192.0.2.1', family: 4 }]);
          return answer as never;
        },
      },
    }),
  },
  'keepAlive.message': { setup: (hook) => keptAlive({ message: () => either(hook, 'ping') }), whenOpen: () => {} },
  'keepAlive.probe': { setup: (hook) => keptAlive({ probe: () => either(hook, true) }), whenOpen: () => {} },
};

/** `method` of the transport calls the hook first. */
function intrude<T extends object>(transport: T, method: keyof T, hook: Hook): void {
  const original = transport[method] as (...args: unknown[]) => unknown;
  transport[method] = ((...args: unknown[]) => {
    const answer = hook();
    return original.apply(transport, args) ?? answer;
  }) as never;
}

const TRANSPORTS: Readonly<Record<string, Omit<Occasion, 'kind'>>> = {
  "open of a client's transport": { beforeStart: ({ transport }, hook) => intrude(transport, 'open', hook) },
  "send of a client's transport": { beforeStart: ({ transport }, hook) => intrude(transport, 'send', hook) },
  "send of a client's transport, later": {
    beforeStart: ({ transport, subject }, hook) => void subject.opened.then(() => intrude(transport, 'send', hook)),
    whenOpen: say,
  },
  "close of a client's transport": {
    beforeStart: ({ transport }, hook) => intrude(transport, 'close', hook),
    whenOpen: ({ subject }) => void subject.close(),
  },
  "send of a server's transport": { beforeStart: ({ link }, hook) => intrude(link.server, 'send', hook) },
};

const CHANNELS: Readonly<Record<keyof Messages, Omit<Occasion, 'kind'>>> = {
  handshake: {},
  retransmission: { setup: impatient, beforeStart: loseHello },
  drop: { whenOpen: ({ link }) => link.inject(Buffer.alloc(60), clientAddress(62_000)) },
  alert: { whenOpen: ({ subject }) => subject.close() },
  migration: { whenOpen: move },
};

function listeners<T extends object>(
  table: T,
  nameOf: (event: string) => string,
  attach: (event: string, occasion: Omit<Occasion, 'kind'>) => Partial<Occasion>,
): Array<[string, Occasion]> {
  return Object.entries(table).map(([event, occasion]) => {
    return [nameOf(event), { ...occasion, ...attach(event, occasion), kind: 'listener' }];
  });
}

function callbacks(table: Readonly<Record<string, Omit<Occasion, 'kind'>>>, kind: Occasion['kind']) {
  return Object.entries(table).map(([name, occasion]): [string, Occasion] => [name, { ...occasion, kind }]);
}

/** Everything of the user's that is ever called, by its name. */
export const OCCASIONS: Readonly<Record<string, Occasion>> = Object.fromEntries([
  ...listeners(
    CLIENT_EVENTS,
    (event) => `the event ${event} of a client`,
    (event, { beforeStart }) => ({
      beforeStart: (stage, hook) => {
        beforeStart?.(stage, hook);
        stage.subject.on(event as 'message', hook);
      },
    }),
  ),
  ...listeners(
    PEER_EVENTS,
    (event) => `the event ${event} of a server's association`,
    (event, { whenOpen }) => ({
      beforeStart: ({ server }, hook) => {
        server.on('secureConnection', (peer: DtlsAssociation) => peer.on(event as 'message', hook));
      },
      whenOpen,
    }),
  ),
  ...listeners(
    SERVER_EVENTS,
    (event) => `the event ${event} of a server`,
    (event) => ({ beforeListening: (server, hook) => void server.on(event as 'listening', hook) }),
  ),
  ...listeners(
    CHANNELS,
    (channel) => `the diagnostics channel ${channel}`,
    (channel, { beforeStart }) => ({
      beforeStart: (stage, hook) => {
        beforeStart?.(stage, hook);
        listen(channel as 'drop', hook);
      },
    }),
  ),
  ['onAssociation', { kind: 'listener', setup: (hook: Hook) => ({ onAssociation: hook }) }] as const,
  ...callbacks(CALLBACKS, 'callback'),
  ...callbacks(TRANSPORTS, 'transport'),
]) as Readonly<Record<string, Occasion>>;
