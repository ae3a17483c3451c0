import { isIP } from 'node:net';
import { createSecureContext, DtlsAssociation } from '../../index';
import { identityOptions, usesCertificates, verificationOptions } from '../certificates';
import { roundMs } from '../connected';
import { keylogWriter } from '../keylog';
import { sessionOptions } from '../options';
import { chooseKey } from '../psk';
import type { BenchReporter, HandshakeResult } from './events';
import { Meter } from './meter';
import { type MakeAssociation, Opening } from './opening';
import type { BenchFlags, Plan } from './plan';
import type { Step } from './timeline';

/** Less than the library's: a silent server would hold up the run for minutes. */
export const HANDSHAKE_TIMEOUT_S = 10;

/** How the phase of the handshakes went. */
export interface HandshakePhase {
  opened: readonly DtlsAssociation[];
  /** Flights sent again until now. */
  retransmits(): number;
  result: HandshakeResult;
  steps: readonly Step[];
}

/** Throws for flags that the library refuses. */
export function associationMaker({ host, port }: Plan, flags: BenchFlags): MakeAssociation {
  const { ciphers, minVersion, ...session } = sessionOptions({ handshakeTimeout: HANDSHAKE_TIMEOUT_S, ...flags });
  const withCertificates = usesCertificates(flags);
  const key = chooseKey(flags, withCertificates);
  const keylog = keylogWriter(flags.keylog);
  const secureContext = createSecureContext({
    ...(key !== undefined && { psk: { identity: flags.pskIdentity ?? 'bench', key } }),
    ...identityOptions(flags),
    ...(ciphers !== undefined && { ciphers }),
    ...(minVersion !== undefined && { minVersion }),
    keylog: keylog !== undefined,
  });
  // The host is looked up just once, but each certificate is to be for its name.
  const servername = flags.servername ?? (withCertificates && isIP(host) === 0 ? host : undefined);
  const verification = { ...verificationOptions(flags), servername };
  const make = (address = host): DtlsAssociation => {
    const association = new DtlsAssociation({ host: address, port, secureContext, ...verification, ...session });
    if (keylog !== undefined) association.on('keylog', keylog);
    return association;
  };
  // One that is never started: what the library refuses must be known before the run begins.
  make();
  return make;
}

/** Opens the associations; `stop` gives up those that are not open yet. */
export async function openAssociations(
  plan: Plan,
  make: MakeAssociation,
  stop: Promise<void>,
  report: BenchReporter,
): Promise<HandshakePhase> {
  const opening = new Opening(plan.associations, make);
  const { opened, failures } = opening;
  const counts = () => ({ opened: opened.length, failed: failures.total });
  const meter = new Meter(counts, opening.latency, ({ elapsedMs, rates, latency }) => {
    report({
      event: 'progress',
      phase: 'handshakes',
      elapsedMs: roundMs(elapsedMs),
      ...counts(),
      openedPerSecond: rates.opened,
      retransmits: opening.retransmits,
      ...(latency !== undefined && { latencyMs: latency }),
    });
  });
  stop.then(() => opening.stop());
  await opening.run(plan.handshakesAtOnce);
  const durationMs = meter.stop();
  const latencyMs = opening.latency.all.summary();
  const result = {
    durationMs: roundMs(durationMs),
    ...counts(),
    openedPerSecond: (opened.length * 1000) / durationMs,
    retransmits: opening.retransmits,
    ...(latencyMs !== undefined && { latencyMs }),
    failures: failures.list(),
  };
  report({ event: 'handshakes', ...result });
  return { opened, retransmits: () => opening.retransmits, result, steps: meter.timeline.steps };
}
