import type { Failures } from './error-tally';
import type { BriefLatency, Latency } from './latency';
import type { Plan } from './plan';

export interface Start extends Plan {
  event: 'start';
}

/** Each second of the handshakes. */
export interface HandshakeProgress {
  event: 'progress';
  phase: 'handshakes';
  elapsedMs: number;
  opened: number;
  failed: number;
  openedPerSecond: number;
  retransmits: number;
  /** Of the second that is over; absent when no handshake was completed in it. */
  latencyMs?: BriefLatency;
}

/** Each second of the messages. */
export interface MessageProgress {
  event: 'progress';
  phase: 'messages';
  elapsedMs: number;
  /** How many are open. */
  associations: number;
  sent: number;
  sentPerSecond: number;
  /** These are absent when no answers are expected. */
  answered?: number;
  answeredPerSecond?: number;
  lost?: number;
  retransmits: number;
  /** Of the second that is over; absent when no answer came in it. */
  latencyMs?: BriefLatency;
}

export interface HandshakeResult {
  /** Of the whole phase. */
  durationMs: number;
  opened: number;
  failed: number;
  openedPerSecond: number;
  /** Flights sent again. */
  retransmits: number;
  latencyMs?: Latency;
  failures: Failures[];
}

/** When all handshakes have ended. */
export interface HandshakesEnded extends HandshakeResult {
  event: 'handshakes';
}

export interface MessageResult {
  /** Without the wait for the last answers. */
  durationMs: number;
  sent: number;
  sentPerSecond: number;
  /** With a rate: what it asked for and could not be sent. */
  unsent?: number;
  /** With a rate: how much later than it should a message left. */
  sendLagMs?: Latency;
  /** Of the answers; absent when none are expected. */
  answers?: AnswerResult;
  /** Errors that the network reported, "port unreachable" say. */
  transportErrors: number;
  /** Associations that ended before the run did. */
  ended: Failures[];
  /** CPU time of this program over elapsed time: 1 is one core. */
  cpuCores: number;
}

export interface AnswerResult {
  answered: number;
  /** Until the last answer came. */
  answeredPerSecond: number;
  lost: number;
  /** Of the messages sent, 0 to 1. */
  lostShare: number;
  late: number;
  foreign: number;
  /** From the time at which a message should have left; absent when no answer came. */
  latencyMs?: Latency;
}

export interface BenchReport {
  event: 'report';
  /** Whether the job was done. */
  ok: boolean;
  plan: Plan;
  /** Absent when no association was opened. */
  protocol?: string;
  cipher?: string;
  handshakes: HandshakeResult;
  /** Absent when no message could be sent. */
  messages?: MessageResult;
  /** What to know before trusting the figures. */
  notes: string[];
}

/** What `dtls bench` has to tell; with --json one line each, so names and meanings are stable. */
export type BenchEvent = Start | HandshakeProgress | HandshakesEnded | MessageProgress | BenchReport;

export type BenchReporter = (event: BenchEvent) => void;
