import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { type ConnectOptions, capabilities } from '../../lib';
import { pemFile } from '../support/peers/credentials';
import { describePeer } from '../support/peers/debian';
import { gnutlsClient, gnutlsProblem, gnutlsServer } from '../support/peers/gnutls';
import { accepted, connectTo, failureOf, refused, serve } from '../support/peers/ours';
import { letTalk, talkToEcho } from '../support/peers/talk';

const problem = capabilities().rawPublicKeys ? gnutlsProblem : 'raw public keys need OpenSSL 3.2 or later in Node';

const RAW_KEYS = ['--priority', 'NORMAL:-VERS-ALL:+VERS-DTLS1.2:-CTYPE-ALL:+CTYPE-CLI-RAWPK:+CTYPE-SRV-RAWPK'];

interface Keys {
  privateKey: KeyObject;
  publicKey: KeyObject;
}

const [ours, theirs, stranger] = [keyPair(), keyPair(), keyPair()] as const;

function keyPair(): Keys {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

/** A raw public key of either of GnuTLS's programs. */
function gnutlsRawKey({ privateKey, publicKey }: Keys): string[] {
  const keyFile = pemFile(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  const publicFile = pemFile(publicKey.export({ type: 'spki', format: 'pem' }).toString());
  return ['--rawpkkeyfile', keyFile, '--rawpkfile', publicFile];
}

describePeer('our client and gnutls-serv with raw public keys', problem, () => {
  const own: Partial<ConnectOptions> = { rawPublicKey: ours.privateKey };

  test.concurrent('exchange messages', async () => {
    await using server = await gnutlsServer([...RAW_KEYS, '--require-client-cert'], gnutlsRawKey(theirs));
    await using client = await connectTo(server.port, { ...own, trustedPublicKeys: theirs.publicKey });
    expect(client.authorized).toBe(true);
    expect(client.getPeerPublicKey()).toEqual(theirs.publicKey.export({ type: 'spki', format: 'der' }));
    await talkToEcho(client);
  });

  test.concurrent('our client refuses another key, and the server is told', async () => {
    await using server = await gnutlsServer(RAW_KEYS, gnutlsRawKey(theirs));
    const error = await failureOf(server.port, { ...own, trustedPublicKeys: stranger.publicKey });
    expect(error).toMatchObject({ code: 'ERR_DTLS_RAW_PUBLIC_KEY', alert: 'bad_certificate' });
    await server.says(/A TLS fatal alert has been received/);
  });
});

describePeer('gnutls-cli with a raw public key and our server', problem, () => {
  const own = { rawPublicKey: ours.privateKey, trustedPublicKeys: theirs.publicKey };

  test.concurrent('exchange messages', async () => {
    await using server = await serve(own);
    await using client = gnutlsClient(server.port, [...RAW_KEYS, '--insecure'], gnutlsRawKey(theirs));
    const association = await accepted(server);
    expect(association.authorized).toBe(true);
    expect(association.getPeerPublicKey()).toEqual(theirs.publicKey.export({ type: 'spki', format: 'der' }));
    await letTalk(client);
  });

  test.concurrent('our server refuses another key, and the client is told', async () => {
    await using server = await serve(own);
    const error = refused(server);
    await using client = gnutlsClient(server.port, [...RAW_KEYS, '--insecure'], gnutlsRawKey(stranger));
    expect(await error).toMatchObject({ code: 'ERR_DTLS_RAW_PUBLIC_KEY', alert: 'bad_certificate' });
    await client.says(/^\*\*\* Received alert \[42\]/m);
  });
});
