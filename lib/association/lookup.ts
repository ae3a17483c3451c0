import { ipAddress, type RemoteAddress } from '../address';
import { DtlsError, said } from '../errors';
import { isPromise } from '../maybe-promise';
import type { LookupFunction } from '../options/client';

export interface Target {
  readonly host: string;
  readonly port: number;
  readonly family: 0 | 4 | 6;
  readonly lookup: LookupFunction;
  readonly handshakeTimeoutMs: number;
}

type Callback = (error: DtlsError | undefined, addresses: RemoteAddress[]) => void;

/** A lookup under way: what to do with the timer that ends it. */
export interface Lookup {
  cancel(): void;
  ref(): void;
  unref(): void;
}

/**
 * Calls back once with the addresses of a host in the resolver's order, at least one, or with `ERR_DTLS_LOOKUP`;
 * never before it returns.
 */
export function resolveTarget(target: Target, callback: Callback): Lookup {
  const { host, port, family, lookup, handshakeTimeoutMs } = target;
  let done: Callback | undefined = callback;
  let timer: NodeJS.Timeout | undefined;
  const finish: Callback = (error, addresses) => {
    clearTimeout(timer);
    done?.(error, addresses);
    done = undefined;
  };
  const answered = (cause: unknown, found?: unknown): void => {
    const addresses = cause ? [] : usable(found, port);
    const why = cause ? said(cause) : 'the resolver knows no address of it';
    process.nextTick(finish, addresses.length > 0 ? undefined : notFound(host, why, cause), addresses);
  };
  const literal = ipAddress(host, port);
  if (literal !== undefined) {
    process.nextTick(finish, undefined, [literal]);
  } else {
    timer = setTimeout(() => finish(notFound(host, 'the resolver does not answer'), []), handshakeTimeoutMs);
    try {
      const returned: unknown = lookup(host, { all: true, family }, answered);
      // An async function may fail before it calls back.
      if (isPromise(returned)) returned.then(undefined, answered);
    } catch (error) {
      answered(error);
    }
  }
  return {
    cancel: () => {
      clearTimeout(timer);
      done = undefined;
    },
    ref: () => timer?.ref(),
    unref: () => timer?.unref(),
  };
}

function usable(found: unknown, port: number): RemoteAddress[] {
  // A lookup that takes no notice of `all` answers as dns.lookup does without it.
  const list = typeof found === 'string' ? [{ address: found }] : found;
  if (!Array.isArray(list)) return [];
  return list.flatMap((entry?: { address?: unknown } | null) => {
    const address = entry?.address;
    return (typeof address === 'string' ? ipAddress(address, port) : undefined) ?? [];
  });
}

function notFound(host: string, why: string, cause?: unknown): DtlsError {
  return new DtlsError('ERR_DTLS_LOOKUP', `The host ${JSON.stringify(host)} was not found: ${why}.`, {
    cause: cause ?? undefined,
  });
}
