import { expect, test } from '@jest/globals';
import { DtlsAssociation } from '../../lib';
import { IDENTITY, KEY } from '../support/peers/credentials';
import { describePeer } from '../support/peers/debian';
import { opensslClient, opensslIdentity, opensslProblem, opensslServer, PSK } from '../support/peers/openssl';
import { accepted, serve } from '../support/peers/ours';
import { Relay } from '../support/peers/relay';
import { letTalk, talkTo } from '../support/peers/talk';
import { decrypt, tsharkProblem } from '../support/peers/tshark';
import { authority } from '../support/pki';

const FINISHED = 20;
/** tshark 4.0 does not decrypt our default for pre-shared keys, ChaCha20-Poly1305, in DTLS. */
const SUITE = 'PSK-AES128-GCM-SHA256';

const root = authority();
const leaf = root.then((ca) => ca.issue());

describePeer('tshark reads a capture with our key log', opensslProblem ?? tsharkProblem, () => {
  test.each(['PSK', 'certificate'] as const)('of our client, %s', async (kind) => {
    const credentials = kind === 'PSK' ? ['-nocert', ...PSK] : opensslIdentity(await leaf);
    await using server = await opensslServer([], credentials);
    await using relay = await Relay.open(server.port);
    const own = kind === 'PSK' ? { psk: { identity: IDENTITY, key: KEY }, ciphers: SUITE } : { ca: (await root).cert };
    await using client = new DtlsAssociation({ host: '127.0.0.1', port: relay.port, ...own, keylog: true });
    let keylog = '';
    client.on('keylog', (lines) => {
      keylog += lines;
    });
    await client.startHandshake().opened;
    await talkTo(server, client);
    const { handshakeTypes, texts } = await decrypt(relay.datagrams, keylog);
    expect(handshakeTypes).toContain(FINISHED);
    expect(texts).toEqual(['from our client\n', 'from the server\n']);
  });

  test.each(['PSK', 'certificate'] as const)('of our server, %s', async (kind) => {
    const { chain: cert, key } = await leaf;
    const own = kind === 'PSK' ? { psk: { [IDENTITY]: KEY }, ciphers: SUITE } : { cert, key };
    await using server = await serve({ ...own, keylog: true });
    let keylog = '';
    server.on('keylog', (lines) => {
      keylog += lines;
    });
    await using relay = await Relay.open(server.port);
    await using client = opensslClient(relay.port);
    await accepted(server);
    await letTalk(client);
    const { handshakeTypes, texts } = await decrypt(relay.datagrams, keylog);
    expect(handshakeTypes).toContain(FINISHED);
    expect(texts).toEqual(['from their client\n', 'from their client\n']);
  });

  test('and without it sees neither the Finished nor a message', async () => {
    await using server = await serve({ ciphers: SUITE });
    await using relay = await Relay.open(server.port);
    await using client = opensslClient(relay.port);
    await accepted(server);
    await letTalk(client);
    const { handshakeTypes, texts } = await decrypt(relay.datagrams, '');
    expect(handshakeTypes).not.toContain(FINISHED);
    expect(texts).toEqual([]);
  });
});
