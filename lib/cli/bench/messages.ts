import { setTimeout as sleep } from 'node:timers/promises';
import type { DtlsAssociation } from '../../index';
import { roundMs } from '../connected';
import type { AnswerResult, BenchReporter, MessageResult } from './events';
import type { PercentilePoint } from './latency';
import { Meter } from './meter';
import type { Plan } from './plan';
import type { Step } from './timeline';
import { Traffic } from './traffic';

/** How the phase of the messages went. */
export interface MessagePhase {
  result: MessageResult;
  steps: readonly Step[];
  distribution: PercentilePoint[];
}

/**
 * Loads the server over associations that are open: until the time is over, until `stop`, or until all of them have
 * ended. Then waits for the last answers.
 */
export async function exchangeMessages(
  plan: Plan,
  associations: readonly DtlsAssociation[],
  retransmits: () => number,
  stop: Promise<void>,
  report: BenchReporter,
): Promise<MessagePhase> {
  const traffic = new Traffic(plan, associations);
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  const meter = meterOf(traffic, plan, retransmits, report);
  await Promise.race([traffic.start(), stop, sleep(plan.durationMs)]);
  const unsent = traffic.stopSending();
  const durationMs = meter.stop();
  const { user, system } = process.cpuUsage(cpuBefore);
  await traffic.settled();
  // Answers that came in the meantime belong to the summary, though to no step.
  traffic.latency.endStep();

  const { sent } = traffic;
  const result: MessageResult = {
    durationMs: roundMs(durationMs),
    sent,
    sentPerSecond: (sent * 1000) / durationMs,
    ...(plan.rate !== undefined && { unsent, sendLagMs: traffic.lag.summary() }),
    ...(plan.answers !== 'none' && { answers: answersTo(traffic, startedAt, durationMs) }),
    transportErrors: associations.reduce((sum, { stats }) => sum + stats.transportErrors, 0),
    ended: traffic.ended.list(),
    cpuCores: (user + system) / 1000 / durationMs,
  };
  return { result, steps: meter.timeline.steps, distribution: traffic.latency.all.distribution() };
}

function meterOf(traffic: Traffic, plan: Plan, retransmits: () => number, report: BenchReporter): Meter {
  const counts = () => ({ sent: traffic.sent, answered: traffic.answered, lost: traffic.lost });
  return new Meter(counts, traffic.latency, ({ elapsedMs, rates, latency }) => {
    const { answered, lost } = traffic;
    report({
      event: 'progress',
      phase: 'messages',
      elapsedMs: roundMs(elapsedMs),
      associations: traffic.openCount,
      sent: traffic.sent,
      sentPerSecond: rates.sent,
      ...(plan.answers !== 'none' && { answered, answeredPerSecond: rates.answered, lost }),
      retransmits: retransmits(),
      ...(latency !== undefined && { latencyMs: latency }),
    });
  });
}

function answersTo(traffic: Traffic, startedAt: number, durationMs: number): AnswerResult {
  const { sent, answered, lost, late, foreign } = traffic;
  const latencyMs = traffic.latency.all.summary();
  return {
    answered,
    // The last ones may have come after the last message left.
    answeredPerSecond: (answered * 1000) / Math.max(durationMs, traffic.lastAnswerAt - startedAt),
    lost,
    lostShare: sent === 0 ? 0 : lost / sent,
    late,
    foreign,
    ...(latencyMs !== undefined && { latencyMs }),
  };
}
