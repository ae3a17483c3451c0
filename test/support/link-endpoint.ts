import { type ConnectOptions, DtlsAssociation, DtlsEndpoint } from '../../lib';
import { NetworkEndpoint } from '../../lib/testing/network-endpoint';
import type { Link } from './link';
import { closeLater, patient, psk } from './pair';

export { NetworkEndpoint as LinkEndpoint };

/** A client over an endpoint of its own that has not started yet. */
export function endpointClient(
  link: Link,
  options: Partial<ConnectOptions> = {},
): { client: DtlsAssociation; endpoint: NetworkEndpoint } {
  const endpoint = new NetworkEndpoint(link);
  const where = { host: '192.0.2.1', port: 22334, endpoint: new DtlsEndpoint(endpoint) };
  return { client: closeLater(new DtlsAssociation({ ...where, psk, ...patient, ...options })), endpoint };
}
