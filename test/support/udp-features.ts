import { jest } from '@jest/globals';
import type { Binding, UdpSocket, UdpSocketOptions } from '../../binding';
import { binding } from '../../lib/native';

export type UdpFeatures = Pick<UdpSocketOptions, 'gso' | 'gro' | 'mmsg'>;

/** For a test: native sockets made from now on do without what is false, as on an older kernel. They are in the list. */
export function limitUdpSockets(features: UdpFeatures): UdpSocket[] {
  const sockets: UdpSocket[] = [];
  const { UdpSocket: Native } = binding as Required<Binding>;
  class Limited extends (Native as new () => UdpSocket & object) {
    override open(family: 4 | 6, options: UdpSocketOptions): number {
      return super.open(family, { ...options, ...features });
    }
  }
  jest.spyOn(binding as Required<Binding>, 'UdpSocket').mockImplementation(() => {
    const socket = new Limited();
    sockets.push(socket);
    return socket;
  });
  return sockets;
}
