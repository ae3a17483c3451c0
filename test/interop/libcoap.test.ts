import { expect, test } from '@jest/globals';
import { createServer } from '../../lib';
import { IDENTITY, KEY } from '../support/peers/credentials';
import { describePeer } from '../support/peers/debian';
import { coapClient, coapContent, coapGet, coapServer, libcoapProblem } from '../support/peers/libcoap';
import { accepted, connectTo, next } from '../support/peers/ours';

const libraries = ['openssl', 'gnutls'] as const;
/** The suite that CoAP demands (RFC 7252 section 9.1.3.1). */
const CCM8 = 'PSK-AES128-CCM8:@SECLEVEL=0';

describePeer('libcoap', libcoapProblem, () => {
  test.concurrent.each(libraries)('our client gets a resource from coap-server-%s', async (library) => {
    await using server = await coapServer(library);
    await using client = await connectTo(server.port, { ciphers: CCM8 });
    expect(client.getCipher()?.name).toBe('PSK-AES128-CCM8');
    client.send(coapGet(7, 'time'));
    const [answer] = await next<[Buffer]>(client, 'message');
    // 2.05 Content in the acknowledgement of message 7.
    expect(answer.subarray(0, 4)).toEqual(Buffer.from('60450007', 'hex'));
  });

  test.concurrent.each(libraries)('coap-client-%s gets a resource from our server', async (library) => {
    await using server = createServer({ psk: { [IDENTITY]: KEY }, ciphers: CCM8 }, (association) => {
      association.on('message', (request) => association.send(coapContent(request, 'from our server')));
    });
    await server.listen({ port: 0, address: '127.0.0.1' });
    await using client = coapClient(library, server.address()?.port as number, 'greeting');
    const association = await accepted(server);
    expect(association.getCipher()?.name).toBe('PSK-AES128-CCM8');
    await client.says(/^from our server$/m);
    expect(await association.closed).toEqual({ reason: 'peer' });
  });
});
