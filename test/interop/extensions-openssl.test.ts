import { expect, test } from '@jest/globals';
import { createSecureContext } from '../../lib';
import { pemFile } from '../support/peers/credentials';
import { describePeer } from '../support/peers/debian';
import { opensslClient, opensslIdentity, opensslProblem, opensslServer } from '../support/peers/openssl';
import { accepted, connectTo, refused, serve } from '../support/peers/ours';
import { letTalk, talkTo } from '../support/peers/talk';
import { authority } from '../support/pki';

const LABEL = 'EXPORTER-interoperability';
const EXPORTING = ['-keymatexport', LABEL, '-keymatexportlen', '20'];
const EXPORTED = /^ {4}Keying material: ([0-9A-F]{40})$/m;
const SRTP = 'SRTP_AES128_CM_SHA1_80';
const SRTP_NEGOTIATED = /^SRTP Extension negotiated, profile=SRTP_AES128_CM_SHA1_80$/m;

const root = authority();
const first = root.then((ca) => ca.issue({ hosts: ['first.example'] }));
const second = root.then((ca) => ca.issue({ hosts: ['second.example'] }));

describePeer('our client and openssl s_server agree on extensions', opensslProblem, () => {
  async function servesBoth(): Promise<string[]> {
    const { chain, key } = await second;
    const other = ['-servername', 'second.example', '-cert2', pemFile(chain), '-key2', pemFile(key)];
    return [...opensslIdentity(await first), ...other];
  }

  test.concurrent.each(['first.example', 'second.example'])(
    'SNI: the server shows the certificate of %s',
    async (servername) => {
      await using server = await opensslServer([], await servesBoth());
      await using client = await connectTo(server.port, { ca: (await root).cert, servername });
      expect(client.getPeerX509Certificate()?.subject).toBe(`CN=${servername}`);
      expect(client.servername).toBe(servername);
      await server.says(new RegExp(`^Hostname in TLS extension: "${servername}"$`, 'm'));
      await talkTo(server, client);
    },
  );

  test.concurrent('ALPN: the first of the server that we offer', async () => {
    await using server = await opensslServer(['-alpn', 'coap,mqtt'], opensslIdentity(await first));
    const ALPNProtocols = ['h2', 'mqtt', 'coap'];
    await using client = await connectTo(server.port, {
      ca: (await root).cert,
      servername: 'first.example',
      ALPNProtocols,
    });
    expect(client.alpnProtocol).toBe('coap');
    await server.says(/^ALPN protocols selected: coap$/m);
    await talkTo(server, client);
  });

  test.concurrent('ALPN: a server that selects nothing', async () => {
    await using server = await opensslServer([], opensslIdentity(await first));
    await using client = await connectTo(server.port, {
      ca: (await root).cert,
      servername: 'first.example',
      ALPNProtocols: ['coap'],
    });
    expect(client.alpnProtocol).toBe(false);
    await talkTo(server, client);
  });

  test.concurrent('SRTP: the profile, and keys equal to those that the server exports', async () => {
    const args = ['-use_srtp', SRTP, '-keymatexport', 'EXTRACTOR-dtls_srtp', '-keymatexportlen', '60'];
    await using server = await opensslServer(args, opensslIdentity(await first));
    await using client = await connectTo(server.port, {
      ca: (await root).cert,
      servername: 'first.example',
      srtpProfiles: ['SRTP_AEAD_AES_128_GCM', SRTP],
    });
    expect(client.srtpProfile).toBe(SRTP);
    await server.says(SRTP_NEGOTIATED);
    const [, exported] = await server.says(/^ {4}Keying material: ([0-9A-F]{120})$/m);
    const { localKey, remoteKey, localSalt, remoteSalt } = client.getSrtpKeys() ?? {};
    expect([localKey, remoteKey, localSalt, remoteSalt].map((part) => part?.toString('hex')).join('')).toBe(
      exported?.toLowerCase(),
    );
    await talkTo(server, client);
  });

  test.concurrent('both export the same keying material', async () => {
    await using server = await opensslServer(EXPORTING, opensslIdentity(await first));
    await using client = await connectTo(server.port, { ca: (await root).cert, servername: 'first.example' });
    const [, exported] = await server.says(EXPORTED);
    expect(client.exportKeyingMaterial(20, LABEL).toString('hex')).toBe(exported?.toLowerCase());
    await talkTo(server, client);
  });
});

describePeer('openssl s_client and our server agree on extensions', opensslProblem, () => {
  test.concurrent.each([
    { asked: 'second.example', shown: 'second.example' },
    { asked: 'third.example', shown: 'first.example' },
  ])('SNI: asked for $asked our server shows $shown', async ({ asked, shown }) => {
    const other = await second;
    const secureContext = createSecureContext({ cert: other.chain, key: other.key });
    const { chain: cert, key } = await first;
    await using server = await serve({
      cert,
      key,
      SNICallback: async (name) => (name === 'second.example' ? secureContext : undefined),
    });
    await using client = opensslClient(server.port, ['-servername', asked], []);
    const association = await accepted(server);
    expect(association.servername).toBe(asked);
    await client.says(new RegExp(`^subject=CN = ${shown}$`, 'm'));
    await letTalk(client);
  });

  test.concurrent('ALPN: the first of our server that the client offers', async () => {
    const { chain: cert, key } = await first;
    await using server = await serve({ cert, key, ALPNProtocols: ['coap', 'mqtt'] });
    await using client = opensslClient(server.port, ['-alpn', 'h2,mqtt,coap'], []);
    expect((await accepted(server)).alpnProtocol).toBe('coap');
    await client.says(/^ALPN protocol: coap$/m);
    await letTalk(client);
  });

  test.concurrent('ALPN: nothing in common is told by the alert', async () => {
    const { chain: cert, key } = await first;
    await using server = await serve({ cert, key, ALPNProtocols: ['coap'] });
    const error = refused(server);
    await using client = opensslClient(server.port, ['-alpn', 'h2'], []);
    expect(await error).toMatchObject({ code: 'ERR_DTLS_ALPN', alert: 'no_application_protocol' });
    await client.says(/SSL alert number 120$/m);
  });

  test.concurrent('SRTP: the profile, and keys equal to those that the client exports', async () => {
    const { chain: cert, key } = await first;
    await using server = await serve({ cert, key, srtpProfiles: SRTP });
    const args = ['-use_srtp', `SRTP_AEAD_AES_128_GCM:${SRTP}`];
    const exporting = ['-keymatexport', 'EXTRACTOR-dtls_srtp', '-keymatexportlen', '60'];
    await using client = opensslClient(server.port, [...args, ...exporting], []);
    const association = await accepted(server);
    expect(association.srtpProfile).toBe(SRTP);
    await client.says(SRTP_NEGOTIATED);
    const [, exported] = await client.says(/^ {4}Keying material: ([0-9A-F]{120})$/m);
    const { localKey, remoteKey, localSalt, remoteSalt } = association.getSrtpKeys() ?? {};
    expect([remoteKey, localKey, remoteSalt, localSalt].map((part) => part?.toString('hex')).join('')).toBe(
      exported?.toLowerCase(),
    );
    await letTalk(client);
  });

  test.concurrent('both export the same keying material', async () => {
    const { chain: cert, key } = await first;
    await using server = await serve({ cert, key });
    await using client = opensslClient(server.port, EXPORTING, []);
    const association = await accepted(server);
    const [, exported] = await client.says(EXPORTED);
    expect(association.exportKeyingMaterial(20, LABEL).toString('hex')).toBe(exported?.toLowerCase());
    await letTalk(client);
  });
});
