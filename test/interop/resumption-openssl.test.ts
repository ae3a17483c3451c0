import { randomBytes } from 'node:crypto';
import { expect, test } from '@jest/globals';
import type { ConnectOptions, ServerOptions } from '../../lib';
import { scratchFile } from '../support/peers/credentials';
import { describePeer } from '../support/peers/debian';
import { opensslClient, opensslIdentity, opensslProblem, opensslServer, opensslTrust } from '../support/peers/openssl';
import { accepted, connectTo, type ListeningServer, serve } from '../support/peers/ours';
import { Relay } from '../support/peers/relay';
import { letTalk, talkTo } from '../support/peers/talk';
import { authority } from '../support/pki';

const root = authority();
const serverLeaf = root.then((ca) => ca.issue());
const clientLeaf = root.then((ca) => ca.issue({ purpose: 'client', name: 'a client' }));

describePeer('our client resumes a session of openssl s_server', opensslProblem, () => {
  test.concurrent.each([
    { by: 'by ticket', args: [] },
    { by: 'by session ID', args: ['-no_ticket'] },
  ])('$by, without certificates on the wire', async ({ args }) => {
    await using server = await opensslServer(args, opensslIdentity(await serverLeaf));
    const options: Partial<ConnectOptions> = { ca: (await root).cert };
    const session = await sessionWith(server.port, options);
    await using relay = await Relay.open(server.port);
    await using client = await connectTo(relay.port, { ...options, session });
    expect(client.isSessionReused()).toBe(true);
    expect(client.authorized).toBe(true);
    expect(client.getPeerX509Certificate()?.raw).toEqual((await serverLeaf).der);
    expect(relay.count('Certificate')).toBe(0);
    await server.says(/^Reused session-id$/m);
    await talkTo(server, client);
  });

  test.concurrent('that was made with a certificate of ours', async () => {
    const args = ['-Verify', '2', '-verify_return_error', ...opensslTrust(await root)];
    await using server = await opensslServer(args, opensslIdentity(await serverLeaf));
    const { chain: cert, key } = await clientLeaf;
    const options = { ca: (await root).cert, cert, key };
    const session = await sessionWith(server.port, options);
    await using client = await connectTo(server.port, { ...options, session });
    expect(client.isSessionReused()).toBe(true);
    await talkTo(server, client);
  });

  test.concurrent('or makes a new one when the server has forgotten it', async () => {
    const credentials = opensslIdentity(await serverLeaf);
    const options: Partial<ConnectOptions> = { ca: (await root).cert };
    await using former = await opensslServer([], credentials);
    const session = await sessionWith(former.port, options);
    await using server = await opensslServer([], credentials);
    await using client = await connectTo(server.port, { ...options, session });
    expect(client.isSessionReused()).toBe(false);
    await talkTo(server, client);
  });
});

/** The session of a first association, which is closed. */
async function sessionWith(port: number, options: Partial<ConnectOptions>): Promise<Buffer> {
  await using client = await connectTo(port, options);
  expect(client.isSessionReused()).toBe(false);
  return client.getSession() as Buffer;
}

describePeer('openssl s_client resumes a session of our server', opensslProblem, () => {
  test.concurrent.each([
    { by: 'by ticket', args: [] },
    { by: 'by session ID', args: ['-no_ticket'] },
  ])('$by, without certificates on the wire', async ({ by, args }) => {
    const { chain: cert, key } = await serverLeaf;
    await using server = await serve({ cert, key });
    const { file, hasTicket } = await storedSession(server, by, args);
    expect(hasTicket).toBe(by === 'by ticket');
    await using relay = await Relay.open(server.port);
    await using client = opensslClient(relay.port, ['-sess_in', file, ...args], []);
    expect((await accepted(server)).isSessionReused()).toBe(true);
    expect(relay.count('Certificate')).toBe(0);
    await client.says(/^Reused, .*Cipher is ECDHE-ECDSA-AES128-GCM-SHA256$/m);
    await letTalk(client);
  });

  // A ticket would carry the client's certificate and make a long ClientHello: only who shares ticket keys gets one.
  test.concurrent.each<{ by: string; tickets: Partial<ServerOptions> }>([
    { by: 'ID', tickets: {} },
    { by: 'ticket', tickets: { ticketKeys: randomBytes(48) } },
  ])('by $by, that stands for its certificate', async ({ by, tickets }) => {
    const { chain: cert, key } = await serverLeaf;
    await using server = await serve({ cert, key, ca: (await root).cert, requestCert: true, ...tickets });
    const { file, hasTicket } = await storedSession(server, by, opensslIdentity(await clientLeaf));
    expect(hasTicket).toBe(by === 'ticket');
    await using client = opensslClient(server.port, ['-sess_in', file], []);
    const association = await accepted(server);
    expect(association).toMatchObject({ authorized: true });
    expect(association.isSessionReused()).toBe(true);
    expect(association.getPeerCertificate().subject.CN).toBe('a client');
    await letTalk(client);
  });

  test.concurrent('with another of our servers that has the same ticket keys', async () => {
    const { chain: cert, key } = await serverLeaf;
    const options = { cert, key, ticketKeys: randomBytes(48) };
    await using former = await serve(options);
    const { file } = await storedSession(former, 'shared', []);
    await using server = await serve(options);
    await using client = opensslClient(server.port, ['-sess_in', file], []);
    expect((await accepted(server)).isSessionReused()).toBe(true);
    await letTalk(client);
  });

  test.concurrent('or makes a new one with a server that knows nothing of it', async () => {
    const { chain: cert, key } = await serverLeaf;
    await using former = await serve({ cert, key });
    const { file } = await storedSession(former, 'foreign', []);
    await using server = await serve({ cert, key });
    await using client = opensslClient(server.port, ['-sess_in', file], []);
    expect((await accepted(server)).isSessionReused()).toBe(false);
    await letTalk(client);
  });
});

interface StoredSession {
  file: string;
  hasTicket: boolean;
}

/** What s_client has stored of a first association, which is closed. */
async function storedSession(server: ListeningServer, name: string, args: string[]): Promise<StoredSession> {
  const file = scratchFile(`${name}.session`);
  await using client = opensslClient(server.port, ['-sess_out', file, ...args], []);
  const association = await accepted(server);
  expect(association.isSessionReused()).toBe(false);
  await letTalk(client);
  client.endInput();
  await association.closed;
  await client.exited;
  return { file, hasTicket: client.output.includes('TLS session ticket:') };
}
