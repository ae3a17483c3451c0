import { beforeAll, expect, test } from '@jest/globals';
import type { DtlsAssociation } from '../../lib';
import { describePeer } from '../support/peers/debian';
import {
  CERTIFICATES_ONLY,
  gnutlsClient,
  gnutlsIdentity,
  gnutlsProblem,
  gnutlsServer,
  gnutlsTrust,
} from '../support/peers/gnutls';
import { opensslClient, opensslIdentity, opensslProblem, opensslServer, opensslTrust } from '../support/peers/openssl';
import { accepted, connectTo, serve } from '../support/peers/ours';
import type { PeerProcess, PeerServer } from '../support/peers/process';
import { Relay } from '../support/peers/relay';
import { letTalk, talkTo, talkToEcho } from '../support/peers/talk';
import { type Authority, authority, type Certified } from '../support/pki';

const MTU = 512;
/** s_server and s_client are told the link's MTU: 28 bytes more for IP and UDP. */
const OPENSSL_MTU = ['-mtu', String(MTU + 28)];
const GNUTLS_MTU = [...CERTIFICATES_ONLY, '--mtu', String(MTU)];
/** Three keys of 4096 bits are to be found. */
const MS_TO_MAKE_KEYS = 120_000;

let root: Authority;
let serverLeaf: Certified;
let clientLeaf: Certified;

beforeAll(async () => {
  root = await authority({ keyType: 'rsa-4096' });
  const intermediate = await root.intermediate({ keyType: 'rsa-4096' });
  serverLeaf = await intermediate.issue({ keyType: 'rsa-4096' });
  clientLeaf = await intermediate.issue({ keyType: 'rsa-4096', purpose: 'client', name: 'a client' });
}, MS_TO_MAKE_KEYS);

interface Server {
  name: string;
  problem: string | undefined;
  start(mutual: boolean): Promise<PeerServer>;
  talk(server: PeerServer, client: DtlsAssociation): Promise<void>;
}

const SERVERS: Server[] = [
  {
    name: 'openssl s_server',
    problem: opensslProblem,
    start: (mutual) => {
      const verifying = ['-Verify', '3', '-verify_return_error', ...opensslTrust(root)];
      return opensslServer([...OPENSSL_MTU, ...(mutual ? verifying : [])], opensslIdentity(serverLeaf));
    },
    talk: talkTo,
  },
  {
    name: 'gnutls-serv',
    problem: gnutlsProblem,
    start: (mutual) => {
      const verifying = ['--require-client-cert', '--verify-client-cert', ...gnutlsTrust(root)];
      return gnutlsServer([...GNUTLS_MTU, ...(mutual ? verifying : [])], gnutlsIdentity(serverLeaf));
    },
    talk: (_, client) => talkToEcho(client),
  },
];

for (const { name, problem, start, talk } of SERVERS) {
  describePeer(`our client and ${name}, with chains of RSA-4096 in datagrams of 512 bytes`, problem, () => {
    test.each([false, true])('understand each other (certificates on both sides: %s)', async (mutual) => {
      await using server = await start(mutual);
      await using relay = await Relay.open(server.port);
      const own = mutual ? { cert: clientLeaf.chain, key: clientLeaf.key } : {};
      await using client = await connectTo(relay.port, { ca: root.cert, mtu: MTU, ...own });
      expect(client.authorized).toBe(true);
      await talk(server, client);
      expect(relay.count('Certificate')).toBeGreaterThanOrEqual(mutual ? 10 : 5);
      expect(relay.largest('client')).toBeLessThanOrEqual(MTU);
    });
  });
}

interface Client {
  name: string;
  problem: string | undefined;
  start(port: number, mutual: boolean): PeerProcess;
}

const CLIENTS: Client[] = [
  {
    name: 'openssl s_client',
    problem: opensslProblem,
    start: (port, mutual) => {
      const args = [...OPENSSL_MTU, '-verify_return_error', ...opensslTrust(root)];
      return opensslClient(port, [...args, ...(mutual ? opensslIdentity(clientLeaf) : [])], []);
    },
  },
  {
    name: 'gnutls-cli',
    problem: gnutlsProblem,
    start: (port, mutual) => {
      const args = [...GNUTLS_MTU, ...gnutlsTrust(root)];
      return gnutlsClient(port, [...args, ...(mutual ? gnutlsIdentity(clientLeaf) : [])], []);
    },
  },
];

for (const { name, problem, start } of CLIENTS) {
  describePeer(`${name} and our server, with chains of RSA-4096 in datagrams of 512 bytes`, problem, () => {
    test.each([false, true])('understand each other (certificates on both sides: %s)', async (mutual) => {
      const asking = mutual ? { ca: root.cert, requestCert: true } : {};
      await using server = await serve({ cert: serverLeaf.chain, key: serverLeaf.key, mtu: MTU, ...asking });
      await using relay = await Relay.open(server.port);
      await using client = start(relay.port, mutual);
      const association = await accepted(server);
      expect(association.authorized).toBe(mutual);
      await letTalk(client);
      expect(relay.count('Certificate')).toBeGreaterThanOrEqual(mutual ? 10 : 5);
      expect(relay.largest('server')).toBeLessThanOrEqual(MTU);
    });
  });
}
