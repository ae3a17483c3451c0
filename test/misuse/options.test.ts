import { beforeAll, describe, expect, test } from '@jest/globals';
import { createEndpoint, createSecureContext, createServer, DtlsAssociation } from '../../lib';
import { Link } from '../support/link';
import { closeLater, key, psk } from '../support/pair';
import { authority } from '../support/pki';
import { ODD_NAMES, type OddName, odd } from './odd-values';
import { expectUseful, isOwn, MANY_MS, settledVerdict } from './verdict';

let certified: { cert: string; key: string };
let trusted: { ca: string };

beforeAll(async () => {
  const ca = await authority();
  const { chain, key } = await ca.issue();
  certified = { cert: chain, key };
  trusted = { ca: ca.cert };
});

const CERTIFICATE_OPTIONS = [
  ...['ca', 'crl', 'requestCert', 'rejectUnauthorized', 'verifyFingerprint', 'verifyPeer', 'checkServerIdentity'],
];

/** Where options are given. `use` goes as far with them as is possible without a socket of somebody else's. */
interface Place {
  use(options: never): unknown;
  /** What goes with an option so that it alone is to blame. */
  beside?(option: string): object;
}

const startAndEnd = (options: never): void => {
  const association = new DtlsAssociation(options);
  void association.closed;
  association.startHandshake().destroy();
};

const PLACES: Record<string, Place> = {
  connect: {
    use: startAndEnd,
    beside: (option) => ({
      host: '127.0.0.1',
      port: 5684,
      ...(option === 'psk' ? {} : CERTIFICATE_OPTIONS.includes(option) ? trusted : { psk }),
    }),
  },
  createServer: {
    use: createServer,
    beside: (option) => ({
      ...(CERTIFICATE_OPTIONS.includes(option) ? certified : { psk: { alice: key } }),
      ...(option === 'verifyPeer' ? { requestCert: true } : {}),
    }),
  },
  createSecureContext: { use: createSecureContext },
  listen: {
    use: async (options) => {
      await using server = createServer({ psk: { alice: key } });
      await server.listen(options);
    },
    beside: (option) => (['socket', 'transport'].includes(option) ? {} : { port: 0, address: '127.0.0.1' }),
  },
  createEndpoint: {
    use: async (options) => {
      await using endpoint = await createEndpoint(options);
      endpoint.unref();
    },
    beside: (option) => (option === 'socket' ? {} : { localAddress: '127.0.0.1' }),
  },
  drain: { use: (options) => closeLater(createServer({ psk: { alice: key } })).drain(options) },
  keepAlive: {
    use: (keepAlive) => startAndEnd({ port: 5684, host: '127.0.0.1', psk, keepAlive } as never),
    beside: (option) => (/interval|natTimeout/.test(option) ? {} : { interval: 50, ...asks(option) }),
  },
  reconnect: { use: (reconnect) => startAndEnd({ port: 5684, host: '127.0.0.1', psk, reconnect } as never) },
  retransmit: { use: (retransmit) => startAndEnd({ port: 5684, host: '127.0.0.1', psk, retransmit } as never) },
  limits: { use: (limits) => createServer({ psk: { alice: key }, limits }) },
};

const asks = (option: string): object => (option === 'maxUnanswered' ? { message: 'ping' } : {});

/** What is taken beside undefined, which is as if the option were not there. */
const NAMES: OddName[] = ['x', 'a lone surrogate', 'a secret string'];
const TEXTS: OddName[] = [...NAMES, 'a string with NUL', 'a huge string'];
const BOOLEANS: OddName[] = ['true', 'false'];
const FUNCTIONS: OddName[] = ['a function', 'a class'];
/** Objects by their own enumerable properties, of which these have none. */
const RECORDS: OddName[] = [
  ...(['an empty object', 'a frozen object', 'an object without prototype'] as const),
  ...ODD_NAMES.filter((name) => name.startsWith('what only inherits from')),
];

const TAKEN: Readonly<Record<string, OddName[]>> = {
  'connect host': NAMES,
  'connect name': TEXTS,
  'connect servername': NAMES,
  'connect family': ['zero'],
  'connect localPort': ['zero'],
  'connect dscp': ['zero'],
  'connect sendHighWaterMark': ['zero'],
  'connect rejectUnauthorized': BOOLEANS,
  'connect enableTrace': BOOLEANS,
  'connect ping': BOOLEANS,
  'connect reconnect': [...BOOLEANS, ...RECORDS],
  'connect retransmit': RECORDS,
  'connect keylog': BOOLEANS,
  'connect passphrase': [...TEXTS, 'an empty string'],
  'connect pskIdentityHint': NAMES,
  'connect ticketKeys': ['shared bytes'],
  'connect pskCallback': FUNCTIONS,
  'connect checkServerIdentity': FUNCTIONS,
  'connect verifyPeer': FUNCTIONS,
  'connect lookup': FUNCTIONS,
  'createServer psk': RECORDS,
  'createServer pskIdentityHint': NAMES,
  'createServer ticketKeys': ['shared bytes'],
  'createServer passphrase': [...TEXTS, 'an empty string'],
  'createServer keylog': BOOLEANS,
  'createServer rejectUnauthorized': BOOLEANS,
  'createServer requestCert': BOOLEANS,
  'createServer enableTrace': BOOLEANS,
  'createServer migration': BOOLEANS,
  'createServer sendHighWaterMark': ['zero'],
  'createServer idleTimeout': ['zero'],
  'createServer retransmit': RECORDS,
  'createServer limits': RECORDS,
  'createServer cookieSecret': ['a secret', '1 MiB', 'shared bytes'],
  'createServer pskCallback': FUNCTIONS,
  'createServer verifyPeer': FUNCTIONS,
  'createServer SNICallback': FUNCTIONS,
  'createServer ALPNCallback': FUNCTIONS,
  'createSecureContext psk': RECORDS,
  'createSecureContext pskIdentityHint': NAMES,
  'createSecureContext passphrase': [...TEXTS, 'an empty string'],
  'createSecureContext ticketKeys': ['shared bytes'],
  'createSecureContext keylog': BOOLEANS,
  'listen port': ['zero'],
  'listen ipv6Only': BOOLEANS,
  'listen reusePort': BOOLEANS,
  'listen dscp': ['zero'],
  'createEndpoint localPort': ['zero'],
  'createEndpoint ipv6Only': BOOLEANS,
  'createEndpoint reusePort': BOOLEANS,
  'createEndpoint dscp': ['zero'],
  'createEndpoint sendHighWaterMark': ['zero'],
  'drain deadline': ['zero'],
  'keepAlive message': [...NAMES, 'a string with NUL', ...FUNCTIONS, 'a secret', 'shared bytes'],
  'keepAlive probe': FUNCTIONS,
  'reconnect maxAttempts': ['Infinity'],
  'reconnect queue': ['zero'],
  'limits maxForgedRecords': ['zero'],
};

/** Without which nothing can be done. */
const REQUIRED = ['connect port', 'createServer psk', 'keepAlive interval', 'keepAlive natTimeout'];
/** Given as undefined, they leave a server without anything to listen on. */
const ALTERNATIVES = ['listen port', 'listen socket', 'listen transport'];
/** To be found with neither their contents nor a part of them in any error. */
const SECRETS = /^(psk|key|cert|pfx|passphrase|ticketKeys|cookieSecret|session|rawPublicKey|pskCallback)$/;

/** The options that are known, from the refusal of one that is not: a new one is in these tests by itself. */
async function optionsOf({ use }: Place): Promise<string[]> {
  const refusal = await settledVerdict(() => use({ noSuchOption: 1 } as never));
  const names = typeof refusal === 'string' ? undefined : /Known are (.*)\./.exec(refusal.message)?.[1];
  if (names === undefined) throw new Error('an unknown option was taken');
  return names.split(', ');
}

/** What is wrong with how the place deals with each odd value. */
async function problemsOf(place: string, option: string): Promise<string[]> {
  const { use, beside = () => ({}) } = PLACES[place] as Place;
  const expected = new Set<OddName>(TAKEN[`${place} ${option}`]);
  if (![...REQUIRED, ...ALTERNATIVES].includes(`${place} ${option}`)) expected.add('undefined');
  const problems: string[] = [];
  for (const name of ODD_NAMES) {
    try {
      const verdict = await settledVerdict(() => use({ ...beside(option), [option]: odd(name) } as never));
      const isTaken = verdict === 'taken';
      if (isTaken !== expected.has(name)) problems.push(`${name}: ${isTaken ? 'taken' : 'refused'}`);
      if (verdict === 'own' && !isOwn(name)) problems.push(`${name}: it throws nothing itself`);
      if (typeof verdict === 'string') continue;
      expectUseful(verdict, SECRETS.test(option));
      const isAbsent = name === 'undefined' && ALTERNATIVES.includes(`${place} ${option}`);
      const namesIt = verdict.message.includes(option) || verdict.option?.startsWith(option) || isAbsent;
      if (!namesIt) problems.push(`${name}: who knows what is meant by "${verdict.message}"`);
    } catch (error) {
      problems.push(`${name}: ${error instanceof Error ? error.stack : String(error)}`);
    }
  }
  return problems;
}

describe.each(Object.keys(PLACES))('%s refuses by name whatever an option cannot be:', (place) => {
  test(
    'each that it knows',
    async () => {
      const options = await optionsOf(PLACES[place] as Place);
      const problems: Record<string, string[]> = {};
      for (const option of options) {
        const found = await problemsOf(place, option);
        if (found.length > 0) problems[option] = found;
      }
      expect(problems).toEqual({});
    },
    MANY_MS,
  );

  test('and whatever stands in place of the options', async () => {
    const { use } = PLACES[place] as Place;
    const problems: string[] = [];
    for (const name of ODD_NAMES) {
      try {
        const verdict = await settledVerdict(() => use(odd(name) as never));
        if (typeof verdict !== 'string') expectUseful(verdict, true);
        else if (verdict === 'own' ? !isOwn(name) : !OPTIONAL[place]?.includes(name))
          problems.push(`${name}: ${verdict}`);
      } catch (error) {
        problems.push(`${name}: ${error instanceof Error ? error.stack : String(error)}`);
      }
    }
    expect(problems).toEqual([]);
  });
});

/** Where nothing has to be given, or something that is no object may be. */
const OPTIONAL: Readonly<Record<string, OddName[]>> = {
  createSecureContext: ['undefined', ...RECORDS],
  createEndpoint: ['undefined', ...RECORDS],
  drain: ['undefined', ...RECORDS],
  keepAlive: ['undefined'],
  reconnect: ['undefined', ...BOOLEANS, ...RECORDS],
  retransmit: ['undefined', ...RECORDS],
  limits: ['undefined', ...RECORDS],
};

describe('what stands within an option is refused as well:', () => {
  const client = (options: object) => startAndEnd({ host: '127.0.0.1', port: 5684, ...options } as never);
  const server = (options: object) => createServer(options as never);
  const table = { psk: { alice: key } };
  const within: Record<string, [use: (value: unknown) => unknown, taken?: OddName[]]> = {
    'psk.identity': [(identity) => client({ psk: { identity, key } }), [...NAMES, 'a secret']],
    'psk.key': [(key) => client({ psk: { identity: 'alice', key } }), ['a secret', 'shared bytes']],
    'a key of the table': [(alice) => server({ psk: { alice } }), ['a secret', 'shared bytes']],
    'a key of a Map': [(alice) => server({ psk: new Map([['alice', alice]]) }), ['a secret', 'shared bytes']],
    'an identity of a Map': [(alice) => server({ psk: new Map([[alice, key]]) }), [...NAMES, 'a secret']],
    'ca[0]': [(ca) => client({ ca: [ca] })],
    'crl[0]': [(crl) => client({ ...trusted, crl: [crl] })],
    'cert[0]': [(cert) => server({ key: certified.key, cert: [cert] })],
    'key[0]': [(key) => server({ cert: certified.cert, key: [key] })],
    'key[0].pem': [(pem) => server({ cert: certified.cert, key: [{ pem }] })],
    'key[0].passphrase': [
      (passphrase) => server({ cert: certified.cert, key: [{ pem: certified.key, passphrase }] }),
      ['undefined', 'an empty string', ...TEXTS],
    ],
    'pfx[0]': [(pfx) => server({ pfx: [pfx] })],
    'pfx[0].buf': [(buf) => server({ pfx: [{ buf }] })],
    'ticketKeys[0]': [(one) => server({ ...table, ticketKeys: [one] }), ['shared bytes']],
    'cookieSecret[0]': [(one) => server({ ...table, cookieSecret: [one] }), ['a secret', '1 MiB', 'shared bytes']],
    'srtpProfiles[0]': [(one) => server({ ...table, srtpProfiles: [one] })],
    'ALPNProtocols[0]': [(one) => server({ ...table, ALPNProtocols: [one] }), [...NAMES, 'a string with NUL']],
    'verifyFingerprint[0]': [(one) => client({ ...trusted, verifyFingerprint: [one] })],
    'trustedPublicKeys[0]': [(one) => client({ trustedPublicKeys: [one] })],
  };

  test.each(Object.keys(within))('%s', async (name) => {
    const [use, taken = []] = within[name] as (typeof within)[string];
    const problems: string[] = [];
    for (const value of ODD_NAMES) {
      try {
        const verdict = await settledVerdict(() => use(odd(value)));
        if ((verdict === 'taken') !== taken.includes(value)) problems.push(`${value}: ${verdict}`);
        if (verdict === 'own' && !isOwn(value)) problems.push(`${value}: it throws nothing itself`);
        if (typeof verdict !== 'string') expectUseful(verdict, /key|Secret|pfx|pass/.test(name));
      } catch (error) {
        problems.push(`${value}: ${error instanceof Error ? error.stack : String(error)}`);
      }
    }
    expect(problems).toEqual([]);
  });
});

test.each(['ca', 'crl'])('%s that is none is refused although all suites are for pre-shared keys', async (option) => {
  for (const use of [createServer, startAndEnd] as Array<(options: never) => unknown>) {
    const isServer = use === createServer;
    const options = { ...(isServer ? { psk: { alice: key } } : { port: 5684, psk }), [option]: 'not a certificate' };
    const verdict = await settledVerdict(() => use(options as never));
    expect(verdict).toMatchObject({ code: 'ERR_DTLS_PEM', option });
  }
});

test('a transport without one of its methods is refused with the name of the method', async () => {
  const { server } = new Link();
  const whole = new Link().client();
  for (const method of ['open', 'send', 'close', 'ref', 'unref'] as const) {
    const verdict = await settledVerdict(() =>
      startAndEnd({ psk, transport: { ...bound(whole), [method]: 5 } } as never),
    );
    expect(verdict).toMatchObject({ code: 'ERR_DTLS_OPTION', option: 'transport' });
    expect((verdict as Error).message).toContain(method);
  }
  for (const method of ['open', 'address', 'send', 'close', 'ref', 'unref'] as const) {
    const listening = createServer({ psk: { alice: key } });
    const verdict = await settledVerdict(() =>
      listening.listen({ transport: { ...server, [method]: undefined } as never }),
    );
    expect(verdict).toMatchObject({ code: 'ERR_DTLS_OPTION', option: 'transport' });
    expect((verdict as Error).message).toContain(method);
  }
});

const bound = (transport: object): object =>
  Object.fromEntries(['open', 'send', 'close', 'ref', 'unref'].map((name) => [name, () => transport]));
