import type { Failures } from './error-tally';
import type { AnswerResult, BenchReport, HandshakeResult, MessageResult } from './events';
import { bytesPerSecond, count, duration, percent, perSecond, plural } from './format';
import type { BriefLatency, Latency } from './latency';
import type { Plan } from './plan';

/** A part of the report: its title, and what is to say about what. */
export interface Section {
  title: string;
  rows: Array<{ label: string; text: string; isBad?: boolean }>;
}

/** "127.0.0.1:5684" */
export function describeTarget({ host, port }: Plan): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** "100 associations, 1 message in flight on each, 64 bytes, echo expected, 10 s" */
export function describePlan(plan: Plan): string {
  const answers = { echo: 'echo expected', any: 'any answer counts', none: 'one way' };
  return [
    plural(plan.associations, 'association'),
    describePace(plan),
    plural(plan.size, 'byte'),
    answers[plan.answers],
    duration(plan.durationMs),
  ].join(', ');
}

function describePace({ rate, window, associations }: Plan): string {
  if (rate !== undefined) return `${perSecond(rate)}`;
  if (window === undefined) return 'as fast as it goes';
  return `${plural(window, 'message')} in flight${associations === 1 ? '' : ' on each'}`;
}

export function describeBrief({ p50, p99, max }: BriefLatency): string {
  return inARow({ p50, p99, max });
}

/** The report in words, for the terminal and the page alike. */
export function sectionsOf({ handshakes, messages, plan }: BenchReport): Section[] {
  const sections = [handshakeSection(handshakes, plan)];
  if (messages !== undefined) sections.push(messageSection(messages, plan));
  return sections;
}

function handshakeSection(result: HandshakeResult, { associations, handshakesAtOnce }: Plan): Section {
  const { opened, failed, openedPerSecond, durationMs, latencyMs, retransmits, failures } = result;
  const pace = `in ${duration(durationMs)}, ${perSecond(openedPerSecond)}, ${count(Math.min(handshakesAtOnce, associations))} at a time`;
  const rows: Section['rows'] = [
    { label: 'opened', text: `${count(opened)} of ${count(associations)} ${pace}`, isBad: opened === 0 },
  ];
  if (latencyMs !== undefined) rows.push({ label: 'each took', text: describeLatency(latencyMs) });
  rows.push({ label: 'retransmits', text: count(retransmits) });
  if (failed > 0) rows.push(...failureRows('failed', failures));
  return { title: 'Handshakes', rows };
}

function messageSection(result: MessageResult, plan: Plan): Section {
  const { sent, sentPerSecond, durationMs, unsent, sendLagMs, answers, ended, cpuCores } = result;
  const volume = bytesPerSecond(sentPerSecond * plan.size);
  const rows: Section['rows'] = [
    { label: 'sent', text: `${count(sent)} in ${duration(durationMs)}, ${perSecond(sentPerSecond)}, ${volume}` },
  ];
  if (unsent) rows.push({ label: 'not sent', text: `${count(unsent)} that were due`, isBad: true });
  if (answers !== undefined) rows.push(...answerRows(answers, plan));
  if (sendLagMs !== undefined) rows.push({ label: 'sent late by', text: describeLatency(sendLagMs) });
  rows.push({ label: 'our CPU', text: `${percent(cpuCores)} of a core` });
  rows.push(...failureRows('ended', ended));
  return { title: 'Messages', rows };
}

function answerRows(
  { answered, answeredPerSecond, lost, lostShare, latencyMs }: AnswerResult,
  plan: Plan,
): Section['rows'] {
  const within = `without an answer within ${duration(plan.answerTimeoutMs ?? 0)}`;
  const rows = [
    { label: 'answered', text: `${count(answered)}, ${perSecond(answeredPerSecond)}`, isBad: answered === 0 },
    { label: 'lost', text: lost === 0 ? '0' : `${count(lost)} (${percent(lostShare)}) ${within}`, isBad: lost > 0 },
  ];
  return latencyMs === undefined ? rows : [...rows, { label: 'latency', text: describeLatency(latencyMs) }];
}

function failureRows(label: string, failures: readonly Failures[]): Section['rows'] {
  return failures.map(({ code, count: times, message }) => {
    return { label, text: `${count(times)} × ${code}: ${message}`, isBad: true };
  });
}

function describeLatency({ min, mean, p50, p90, p99, p999, max }: Latency): string {
  if (duration(min) === duration(max)) return duration(max);
  return inARow({ mean, p50, p90, p99, 'p99.9': p999, max });
}

function inARow(latencies: Readonly<Record<string, number>>): string {
  return Object.entries(latencies)
    .map(([name, ms]) => `${name} ${duration(ms)}`)
    .join(', ');
}
