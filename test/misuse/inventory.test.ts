import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import * as api from '../../lib';
import { parseKeepAlive } from '../../lib/options/keep-alive';
import * as testing from '../../lib/testing';
import { Link } from '../support/link';
import { key, psk } from '../support/pair';
import { authority } from '../support/pki';
import { OCCASIONS } from './occasions';
import { settledVerdict } from './verdict';

/** Where each export is misused. */
const EXPORTS: Readonly<Record<string, string>> = {
  connect: 'options.test.ts, arguments.test.ts, answers.test.ts',
  createServer: 'options.test.ts, arguments.test.ts, order-server.test.ts',
  createEndpoint: 'options.test.ts, order-server.test.ts',
  createSecureContext: 'options.test.ts, arguments.test.ts',
  DtlsAssociation: 'arguments.test.ts, order.test.ts, reentrancy.test.ts',
  DtlsServer: 'order-server.test.ts, reentrancy.test.ts',
  DtlsEndpoint: 'order-server.test.ts',
  DtlsError: 'arguments.test.ts',
  PacketCapture: 'arguments.test.ts, order-server.test.ts',
  SecureContext: 'order-server.test.ts',
  QT_EXAMPLE_KEY: 'a constant',
  capabilities: 'takes nothing',
  versions: 'takes nothing',
};

/** Those of dtls-association/testing, which are misused in testing.test.ts; rules of the user's in testing-rules.test.ts. */
const TESTING_EXPORTS = [
  ...['Network', 'corrupt', 'delay', 'deliverAll', 'drop', 'dropRecord'],
  ...['duplicate', 'inTurn', 'late', 'truncate'],
];

test('every export is in the table', () => {
  expect(new Set(Object.keys(api))).toEqual(new Set(Object.keys(EXPORTS)));
  expect(new Set(Object.keys(testing))).toEqual(new Set(TESTING_EXPORTS));
});

test.each([
  ['capabilities', api.capabilities],
  ['versions', api.versions],
])('%s gives something new each time, so that nobody spoils it', (_, give) => {
  const [one, other] = [give(), give()];
  expect(one).toEqual(other);
  expect(one).not.toBe(other);
});

/** The events of an interface, as it is declared. */
function eventsOf(file: string, name: string): string[] {
  const source = readFileSync(path.join(__dirname, '../../lib', file), 'utf8');
  const [, heritage = '', body = ''] = new RegExp(`interface ${name}([^{]*)\\{(.*?)\\n\\}`, 's').exec(source) ?? [];
  const own = [...body.matchAll(/^ {2}(\w+): \[/gm)].map(([, event]) => event as string);
  const inherited = ['MessageSignals', 'ClientSignals', 'ServerSignals'].filter((other) => heritage.includes(other));
  return [...own, ...inherited.flatMap((other) => eventsOf('qt/narrator.ts', other))];
}

describe('every event is an occasion of reentrancy.test.ts:', () => {
  const occasions = Object.keys(OCCASIONS);

  test.each(eventsOf('association/events.ts', 'DtlsAssociationEvents'))('%s of an association', (event) => {
    expect(occasions.some((name) => name.startsWith(`the event ${event} of a`))).toBe(true);
  });

  test.each(
    // The one comes before there is anybody and has tests of its own; nothing of a server warns.
    eventsOf('server/server.ts', 'DtlsServerEvents').filter(
      (event) => !['listening', 'warningMessage'].includes(event),
    ),
  )('%s of a server', (event) => {
    expect(occasions).toContain(`the event ${event} of a server`);
  });

  test('and there are as many as are documented', () => {
    expect(eventsOf('association/events.ts', 'DtlsAssociationEvents')).toHaveLength(16);
    expect(eventsOf('server/server.ts', 'DtlsServerEvents')).toHaveLength(12);
    expect(eventsOf('capture/packet-capture.ts', 'PacketCaptureEvents')).toEqual(['error']);
  });
});

/** The options that an unknown one is told of. */
async function optionsOf(use: (options: never) => unknown): Promise<string[]> {
  const refusal = await settledVerdict(() => use({ noSuchOption: 1 } as never));
  return /Known are (.*)\./.exec((refusal as Error).message)?.[1]?.split(', ') ?? [];
}

describe('every option that takes a function is an occasion:', () => {
  const cases: Array<[string, (options: never) => unknown, () => Promise<object>]> = [
    [
      'of a client',
      (options) => new api.DtlsAssociation(options),
      async () => ({ host: '127.0.0.1', port: 1, ca: (await authority()).cert }),
    ],
    [
      'of a server',
      api.createServer,
      async () => {
        const { chain, key: pem } = await (await authority()).issue();
        return { cert: chain, key: pem, requestCert: true, psk: { alice: key } };
      },
    ],
    ['of keepAlive', (options) => parseKeepAlive(options, 1200), async () => ({ interval: 1 })],
  ];

  test.each(cases)('%s', async (_, use, base) => {
    const beside = await base();
    const missing: string[] = [];
    for (const option of await optionsOf(use)) {
      const verdict = await settledVerdict(() => use({ ...beside, [option]: () => {} } as never));
      const isThere = Object.keys(OCCASIONS).some((name) => name.includes(option));
      if (verdict === 'taken' && !isThere) missing.push(option);
    }
    expect(missing).toEqual([]);
  });
});

describe('a listener of listening', () => {
  const listen = async (act: (server: api.DtlsServer) => unknown): Promise<[api.DtlsServer, Link]> => {
    const link = new Link();
    const server = api.createServer({ psk: { alice: key } });
    server.on('listening', () => act(server));
    await server.listen({ transport: link.server }).catch(() => {});
    return [server, link];
  };

  test.each<[string, (server: api.DtlsServer) => unknown]>([
    ['closes the server', (server) => server.close()],
    ['drains the server', (server) => server.drain()],
    ['listens again, and closes', (server) => [server.listen({ port: 0 }).catch(() => {}), server.close()]],
  ])('that %s leaves nothing open', async (_, act) => {
    const [server, link] = await listen(act);
    await server.close();
    expect(link.serverIsOpen).toBe(false);
  });

  test('that throws leaves the server as it is, and its error to the process', async () => {
    const uncaught: unknown[] = [];
    process.setUncaughtExceptionCaptureCallback((error) => uncaught.push(error));
    const [server, link] = await listen(() => {
      throw undefined;
    });
    const client = await api.connect({ psk, transport: link.client() });
    process.setUncaughtExceptionCaptureCallback(null);
    expect(uncaught).toEqual([undefined]);
    await client.close();
    await server.close();
  });
});
