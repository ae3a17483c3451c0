import { expect, test } from '@jest/globals';
import { describePeer } from '../support/peers/debian';
import {
  CERTIFICATES_ONLY,
  gnutlsClient,
  gnutlsIdentity,
  gnutlsProblem,
  gnutlsServer,
  gnutlsTrust,
} from '../support/peers/gnutls';
import { accepted, connectTo, serve } from '../support/peers/ours';
import { Relay } from '../support/peers/relay';
import { letTalk, talkToEcho } from '../support/peers/talk';
import { authority } from '../support/pki';

const BY = [
  { by: 'by ticket', args: [] },
  { by: 'by session ID', args: ['--noticket'] },
];
const root = authority();
const leaf = root.then((ca) => ca.issue());

describePeer('our client and gnutls-serv', gnutlsProblem, () => {
  test.concurrent.each(BY)('resume a session $by, without certificates on the wire', async ({ args }) => {
    await using server = await gnutlsServer([...CERTIFICATES_ONLY, ...args], gnutlsIdentity(await leaf));
    const options = { ca: (await root).cert };
    await using former = await connectTo(server.port, options);
    const session = former.getSession();
    await former.close();
    await using relay = await Relay.open(server.port);
    await using client = await connectTo(relay.port, { ...options, session });
    expect(client.isSessionReused()).toBe(true);
    expect(client.authorized).toBe(true);
    expect(relay.count('Certificate')).toBe(0);
    await talkToEcho(client);
  });
});

describePeer('gnutls-cli and our server', gnutlsProblem, () => {
  test.concurrent.each(BY)('resume a session $by', async ({ args }) => {
    const { chain: cert, key } = await leaf;
    await using server = await serve({ cert, key });
    const resuming = [...CERTIFICATES_ONLY, ...gnutlsTrust(await root), '--resume', ...args];
    await using client = gnutlsClient(server.port, resuming, []);
    expect((await accepted(server)).isSessionReused()).toBe(false);
    expect((await accepted(server)).isSessionReused()).toBe(true);
    await client.says(/^\*\*\* This is a resumed session$/m);
    await letTalk(client);
  });
});
