import { describe, expect, test } from '@jest/globals';
import type { RemoteAddress } from '../../lib/address';
import { PeerRouter } from '../../lib/endpoints/peer-router';
import { ipv4, Receiver } from '../support/endpoint';

function make(isTaken: () => boolean = () => true) {
  const sent: Array<[text: string, to: RemoteAddress]> = [];
  const router = new PeerRouter((datagram, to) => {
    sent.push([Buffer.from(datagram).toString(), to]);
    return isTaken();
  });
  return { router, sent };
}

describe('a router', () => {
  test('leads a datagram to whoever is attached to its sender, by address and port', () => {
    const { router } = make();
    const receivers = [new Receiver(), new Receiver(), new Receiver()] as const;
    router.attach(ipv4(1), receivers[0]);
    router.attach(ipv4(2), receivers[1]);
    router.attach(ipv4(1, '192.0.2.8'), receivers[2]);
    for (const [text, from] of [
      ['a', ipv4(2)],
      ['b', ipv4(1, '192.0.2.8')],
      ['c', ipv4(1)],
    ] as const) {
      expect(router.datagram(Buffer.from(text), from)).toBe(true);
    }
    expect(receivers.map(({ texts }) => texts)).toEqual([['c'], ['a'], ['b']]);
  });

  test('says of a datagram of anybody else that it has no receiver', () => {
    const { router } = make();
    const receiver = new Receiver();
    const channel = router.attach(ipv4(1), receiver);
    expect(router.datagram(Buffer.from('hello'), ipv4(2))).toBe(false);
    channel.release();
    expect(router.datagram(Buffer.from('hello'), ipv4(1))).toBe(false);
    expect(receiver.texts).toEqual([]);
  });

  test('refuses a second receiver for a peer until the first is released', () => {
    const { router } = make();
    const channel = router.attach(ipv4(5684), new Receiver());
    const message = 'the endpoint has an association with 192.0.2.7:5684 already; close it, or use another endpoint';
    expect(() => router.attach(ipv4(5684), new Receiver())).toThrow(message);
    channel.release();
    const next = new Receiver();
    router.attach(ipv4(5684), next);
    router.datagram(Buffer.from('hello'), ipv4(5684));
    expect(next.texts).toEqual(['hello']);
  });

  test('sends to the peer of the channel, and has no outlet', () => {
    const { router, sent } = make();
    const channel = router.attach(ipv4(1), new Receiver());
    expect(channel.send(Buffer.from('hello'))).toBe(true);
    expect(channel.outlet).toBeUndefined();
    expect(sent).toEqual([['hello', ipv4(1)]]);
  });

  test('tells of room those whose send went over the mark, once', () => {
    let isTaken = true;
    const { router } = make(() => isTaken);
    const [modest, greedy] = [new Receiver(), new Receiver()];
    const channels = [router.attach(ipv4(1), modest), router.attach(ipv4(2), greedy)] as const;
    channels[0].send(Buffer.from('hello'));
    isTaken = false;
    for (let i = 0; i < 2; i++) expect(channels[1].send(Buffer.from('hello'))).toBe(false);
    isTaken = true;
    channels[1].send(Buffer.from('hello'));
    for (let i = 0; i < 2; i++) router.drained();
    expect([modest.drains, greedy.drains]).toEqual([0, 1]);
  });

  test.each([true, false])('tells an error to everybody, who may go for it: fatal %s', (fatal) => {
    const { router } = make();
    const receivers = [new Receiver(), new Receiver()];
    for (const [port, receiver] of receivers.entries()) {
      const channel = router.attach(ipv4(port), receiver);
      const { failed } = Receiver.prototype;
      receiver.failed = (...told) => {
        channel.release();
        failed.apply(receiver, told);
      };
    }
    const error = new Error('the cable is cut');
    router.failed(error, fatal);
    router.failed(error, fatal);
    expect(receivers.map(({ errors }) => errors)).toEqual([[[error, fatal]], [[error, fatal]]]);
  });
});
