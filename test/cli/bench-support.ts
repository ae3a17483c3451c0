import type { BenchReport } from '../../lib/cli/bench/events';
import { type BenchFlags, makePlan } from '../../lib/cli/bench/plan';

/** The flags of `dtls bench` as they are when the user gives none, but for these. */
export function benchFlags(flags: Partial<BenchFlags> = {}): BenchFlags {
  return {
    associations: 1,
    handshakes: 32,
    window: 1,
    size: 64,
    duration: 10,
    answerTimeout: 1,
    pskIdentity: 'bench',
    ...flags,
  };
}

/** A run in which everything went well, but for what `changes` say. */
export function benchReport(
  changes: Partial<BenchReport> = {},
  messages: Partial<NonNullable<BenchReport['messages']>> = {},
): BenchReport {
  const latencyMs = { min: 0.1, mean: 0.2, p50: 0.15, p90: 0.4, p99: 1.25, p999: 2.5, max: 12.5 };
  return {
    event: 'report',
    ok: true,
    plan: makePlan('127.0.0.1', 5684, benchFlags({ associations: 100 })),
    protocol: 'DTLSv1.2',
    cipher: 'PSK-AES128-GCM-SHA256',
    handshakes: {
      durationMs: 250,
      opened: 100,
      failed: 0,
      openedPerSecond: 400,
      retransmits: 0,
      latencyMs,
      failures: [],
    },
    messages: {
      durationMs: 10_000,
      sent: 123_456,
      sentPerSecond: 12_345.6,
      answers: {
        answered: 123_456,
        answeredPerSecond: 12_345.6,
        lost: 0,
        lostShare: 0,
        late: 0,
        foreign: 0,
        latencyMs,
      },
      transportErrors: 0,
      ended: [],
      cpuCores: 0.5,
      ...messages,
    },
    notes: [],
    ...changes,
  };
}
