import { expect, test } from '@jest/globals';
import { createSecureContext, type DtlsAssociation } from '../../lib';
import { describePeer } from '../support/peers/debian';
import {
  CERTIFICATES_ONLY,
  gnutlsClient,
  gnutlsIdentity,
  gnutlsProblem,
  gnutlsServer,
  gnutlsTrust,
} from '../support/peers/gnutls';
import { accepted, connectTo, refused, serve } from '../support/peers/ours';
import { letTalk, talkToEcho } from '../support/peers/talk';
import { authority } from '../support/pki';

const LABEL = 'EXPORTER-interoperability';
/** The names that OpenSSL and GnuTLS have for one profile. */
const SRTP = 'SRTP_AES128_CM_SHA1_80';
const GNUTLS_SRTP = 'SRTP_AES128_CM_HMAC_SHA1_80';

const root = authority();
const leaf = root.then((ca) => ca.issue({ hosts: ['first.example'] }));

describePeer('our client and gnutls-serv agree on extensions', gnutlsProblem, () => {
  test.concurrent('SNI: the server takes the name that it has', async () => {
    const args = [...CERTIFICATES_ONLY, '--sni-hostname', 'first.example', '--sni-hostname-fatal'];
    await using server = await gnutlsServer(args, gnutlsIdentity(await leaf));
    await using client = await connectTo(server.port, { ca: (await root).cert, servername: 'first.example' });
    await talkToEcho(client);
  });

  test.concurrent('ALPN: a protocol of both', async () => {
    const args = [...CERTIFICATES_ONLY, '--alpn', 'mqtt', '--alpn', 'coap'];
    await using server = await gnutlsServer(args, gnutlsIdentity(await leaf));
    const options = { ca: (await root).cert, servername: 'first.example', ALPNProtocols: ['h2', 'coap'] };
    await using client = await connectTo(server.port, options);
    expect(client.alpnProtocol).toBe('coap');
    await talkToEcho(client);
  });

  test.concurrent('SRTP: a profile of both', async () => {
    const args = [...CERTIFICATES_ONLY, '--srtp-profiles', GNUTLS_SRTP];
    await using server = await gnutlsServer(args, gnutlsIdentity(await leaf));
    const options = { ca: (await root).cert, servername: 'first.example' };
    await using client = await connectTo(server.port, { ...options, srtpProfiles: ['SRTP_AEAD_AES_128_GCM', SRTP] });
    expect(client.srtpProfile).toBe(SRTP);
    await talkToEcho(client);
  });
});

describePeer('gnutls-cli and our server agree on extensions', gnutlsProblem, () => {
  test.concurrent('SNI: our server shows the certificate of the name that is asked for', async () => {
    const other = await (await root).issue({ hosts: ['second.example'] });
    const secureContext = createSecureContext({ cert: other.chain, key: other.key });
    const { chain: cert, key } = await leaf;
    await using server = await serve({ cert, key, SNICallback: async () => secureContext });
    await using client = gnutlsClient(server.port, await asking('second.example'), []);
    expect((await accepted(server)).servername).toBe('second.example');
    await client.says(/^ - subject `CN=second\.example'/m);
    await letTalk(client);
  });

  test.concurrent('ALPN: the first of our server that the client offers', async () => {
    const { chain: cert, key } = await leaf;
    await using server = await serve({ cert, key, ALPNProtocols: ['coap', 'mqtt'] });
    const args = [...(await asking('first.example')), '--alpn', 'mqtt', '--alpn', 'coap'];
    await using client = gnutlsClient(server.port, args, []);
    expect((await accepted(server)).alpnProtocol).toBe('coap');
    await client.says(/^- Application protocol: coap$/m);
    await letTalk(client);
  });

  test.concurrent('ALPN: nothing in common is told by the alert', async () => {
    const { chain: cert, key } = await leaf;
    await using server = await serve({ cert, key, ALPNProtocols: ['coap'] });
    const error = refused(server);
    await using client = gnutlsClient(server.port, [...(await asking('first.example')), '--alpn', 'h2'], []);
    expect(await error).toMatchObject({ code: 'ERR_DTLS_ALPN', alert: 'no_application_protocol' });
    await client.says(/^\*\*\* Received alert \[120\]/m);
  });

  test.concurrent('SRTP: the profile, and keys equal to those that the client exports', async () => {
    const exporting = ['--keymatexport', 'EXTRACTOR-dtls_srtp', '--keymatexportsize', '60'];
    const args = [...(await asking('first.example')), '--srtp-profiles', GNUTLS_SRTP, ...exporting];
    const { chain: cert, key } = await leaf;
    await using server = await serve({ cert, key, srtpProfiles: SRTP });
    await using client = gnutlsClient(server.port, args, []);
    const association = await accepted(server);
    expect(association.srtpProfile).toBe(SRTP);
    await client.says(new RegExp(`^- SRTP profile: ${GNUTLS_SRTP}$`, 'm'));
    const [, exported] = await client.says(/^- Key material: ([0-9a-f]{120})$/m);
    expect(srtpKeysOf(association)).toBe(exported);
    await letTalk(client);
  });

  test.concurrent('both export the same keying material', async () => {
    const exporting = ['--keymatexport', LABEL, '--keymatexportsize', '20'];
    const { chain: cert, key } = await leaf;
    await using server = await serve({ cert, key });
    await using client = gnutlsClient(server.port, [...(await asking('first.example')), ...exporting], []);
    const association = await accepted(server);
    const [, exported] = await client.says(/^- Key material: ([0-9a-f]{40})$/m);
    expect(association.exportKeyingMaterial(20, LABEL).toString('hex')).toBe(exported);
    await letTalk(client);
  });
});

async function asking(name: string): Promise<string[]> {
  const names = ['--verify-hostname', name, '--sni-hostname', name];
  return [...CERTIFICATES_ONLY, ...names, ...gnutlsTrust(await root)];
}

/** Of a server, in the order of RFC 5764 section 4.2. */
function srtpKeysOf(association: DtlsAssociation): string {
  const { localKey, remoteKey, localSalt, remoteSalt } = association.getSrtpKeys() ?? {};
  return [remoteKey, localKey, remoteSalt, localSalt].map((part) => part?.toString('hex')).join('');
}
