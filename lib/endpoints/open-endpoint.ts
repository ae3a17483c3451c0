import type { RemoteAddress } from '../address';
import { DgramEndpoint } from './dgram-endpoint';
import type { Endpoint, UdpConfig } from './endpoint';
import { NativeEndpoint } from './native-endpoint';

/** An endpoint as configured, not open yet; with `remote`, for that peer alone. */
export function newUdpEndpoint(config: UdpConfig, remote?: RemoteAddress): Endpoint {
  const isNative = config.socket.udp === 'native' && config.userSocket === undefined;
  return isNative ? new NativeEndpoint(config, remote) : new DgramEndpoint(config, remote);
}
