import { parseRecords } from '../../lib/handshake/wire';
import { Network } from '../../lib/testing/network';
import { corrupted, type Rule } from '../../lib/testing/rules';

export type { Lane } from '../../lib/testing/lane';
export { clientAddress } from '../../lib/testing/network';
export { NetworkClient as LinkClient } from '../../lib/testing/network-client';
export { deliverAll, drop, duplicate, inTurn, late, type Rule } from '../../lib/testing/rules';

/** A network as users have it, in real time: OpenSSL's timers run as in production. */
export class Link extends Network {
  constructor(seed = 1) {
    super({ seed, virtualTime: false });
  }
}

/** Loses every datagram that begins with a handshake message of this type. */
export function dropMessage(handshakeType: number): Rule {
  return (datagram) => (datagram[0] === 22 && datagram[13] === handshakeType ? [] : [datagram]);
}

/** Damages the tag of the first datagram that ends with an encrypted record, which is that of a Finished. */
export function damageFinished(): Rule {
  let damaged = false;
  return (datagram) => {
    if (damaged || parseRecords(datagram).at(-1)?.epoch !== 1) return [datagram];
    damaged = true;
    return [corrupted(datagram, -1, 0xff)];
  };
}
