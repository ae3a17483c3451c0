import { insecureWarning } from '../certificates';
import type { BenchReport } from './events';
import { count, duration, percent, plural } from './format';

/** From this share of a core on, this program is suspected to be the limit. */
const BUSY = 0.95;
/** From this share of the median latency on, our own delay spoils the measurement. */
const SPOILING_LAG = 0.5;
const NOTABLE_UNSENT = 0.001;
const INSECURE = insecureWarning('the server').message;

/** What a reader of the report should know before trusting its figures. */
export function notesOn({ plan, messages, handshakes }: Omit<BenchReport, 'notes'>): string[] {
  const notes = plan.insecure ? [INSECURE] : [];
  if (messages === undefined) return notes;
  const { answers, unsent = 0, sent, sendLagMs, cpuCores, transportErrors } = messages;
  if (answers !== undefined && answers.foreign > 0) {
    const text = `${plural(answers.foreign, 'message')} came that are no echo of what was sent.`;
    notes.push(answers.answered > 0 ? text : `${text} If this server answers in its own words, use --any-reply.`);
  }
  if (answers?.answered === 0 && answers.foreign === 0) {
    notes.push('Nothing came back. If this server sends no answers, use --one-way.');
  }
  if (answers !== undefined && answers.late > 0) {
    notes.push(`${plural(answers.late, 'answer')} came after --answer-timeout; such messages count as lost.`);
  }
  if (unsent > (sent + unsent) * NOTABLE_UNSENT) {
    notes.push(
      `${count(unsent)} messages that the rate asked for were not sent: this program or its network is too slow for it.`,
    );
  }
  const p50 = answers?.latencyMs?.p50 ?? Number.POSITIVE_INFINITY;
  if (sendLagMs !== undefined && sendLagMs.p50 > p50 * SPOILING_LAG) {
    notes.push(`Half of the messages left ${duration(sendLagMs.p50)} late or more: much of the latency is our own.`);
  }
  if (plan.rate === undefined && cpuCores > BUSY) {
    notes.push(`This program used ${percent(cpuCores)} of a core: it may be the limit, and not the server.`);
  }
  if (transportErrors > 0) {
    notes.push(`The network reported ${plural(transportErrors, 'error')}: has the server stopped listening?`);
  }
  if (handshakes.failed > 0) notes.push('The messages used only those associations that opened.');
  return notes;
}
