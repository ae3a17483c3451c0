import type { DtlsAssociation } from '../../index';
import { stopRequested } from '../stop';
import { UsageError } from '../usage-error';
import type { BenchReport, BenchReporter } from './events';
import { associationMaker, type HandshakePhase, openAssociations } from './handshakes';
import { htmlWriter } from './html';
import { exchangeMessages, type MessagePhase } from './messages';
import { notesOn } from './notes';
import { type BenchFlags, makePlan, type Plan } from './plan';

/**
 * Loads a server. Returns the exit code: 0 when an association was opened, and answers came if any were expected.
 * Throws for what cannot work, before anything is sent if it can be known then.
 */
export async function runBench(host: string, port: number, flags: BenchFlags, report: BenchReporter): Promise<number> {
  const plan = makePlan(host, port, flags);
  const writeHtml = htmlWriter(flags.html);
  const make = associationMaker(plan, flags);
  let isStopped = false;
  const stop = stopRequested(undefined).then(() => {
    isStopped = true;
  });
  report({ event: 'start', ...plan });
  const handshakes = await openAssociations(plan, make, stop, report);
  const { opened } = handshakes;
  try {
    checkSize(plan, opened[0]);
    const canSend = opened.length > 0 && !isStopped;
    const messages = canSend ? await exchangeMessages(plan, opened, handshakes.retransmits, stop, report) : undefined;
    const result = reportOn(plan, handshakes, messages);
    report(result);
    writeHtml?.(result, {
      answersExpected: plan.answers !== 'none',
      handshakes: handshakes.steps,
      messages: messages?.steps ?? [],
      distribution: messages?.distribution ?? [],
    });
    return result.ok ? 0 : 1;
  } finally {
    await Promise.all(opened.map((association) => association.close()));
  }
}

/** Only a handshake tells what fits a datagram. */
function checkSize({ size }: Plan, association: DtlsAssociation | undefined): void {
  if (association === undefined || size <= association.maxPayload) return;
  throw new UsageError(`--size: with this cipher suite and --mtu, ${association.maxPayload} bytes fit a datagram.`);
}

function reportOn(plan: Plan, { opened, result }: HandshakePhase, messages: MessagePhase | undefined): BenchReport {
  const [first] = opened;
  const answers = messages?.result.answers;
  const facts = {
    event: 'report' as const,
    ok: messages !== undefined && (answers?.answered ?? messages.result.sent) > 0,
    plan,
    ...(first !== undefined && { protocol: first.getProtocol() ?? '', cipher: first.getCipher()?.name ?? '' }),
    handshakes: result,
    ...(messages !== undefined && { messages: messages.result }),
  };
  return { ...facts, notes: notesOn(facts) };
}
