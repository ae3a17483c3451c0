import { DtlsAssociation } from './association/association';
import type { ConnectOptions } from './options/client';
import type { ServerOptions } from './options/server';
import { DtlsServer } from './server/server';

/**
 * Opens an association. Resolves when the handshake is complete; rejects with a `DtlsError` that says why not,
 * an option that cannot be used (`ERR_DTLS_OPTION`) included.
 */
export async function connect(options: ConnectOptions): Promise<DtlsAssociation> {
  return new DtlsAssociation(options).startHandshake().opened;
}

/**
 * Makes a server; `listen` binds it. `onAssociation` is called for each association whose handshake is complete.
 * Throws `ERR_DTLS_OPTION` when an option cannot be used.
 */
export function createServer(
  options: ServerOptions,
  onAssociation?: (association: DtlsAssociation) => void,
): DtlsServer {
  return new DtlsServer(options, onAssociation);
}
