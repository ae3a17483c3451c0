import { clearScreenDown, moveCursor } from 'node:readline';
import type { BenchEvent, HandshakeProgress, HandshakesEnded, MessageProgress, Start } from './events';
import { frame } from './frame';
import { reportLines, startLines } from './text';

/** Seconds of the sparkline. */
const RATES_SHOWN = 40;

export interface Terminal extends NodeJS.WritableStream {
  readonly columns: number;
}

/** A few lines on a terminal that are drawn anew with each event, until the report takes their place. */
export class LiveDisplay {
  readonly #terminal: Terminal;
  #start: Start | undefined;
  #handshakes: HandshakeProgress | HandshakesEnded | undefined;
  #messages: MessageProgress | undefined;
  readonly #rates: number[] = [];
  /** Lines that the next drawing replaces. */
  #height = 0;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  report(event: BenchEvent): void {
    this.#clear();
    // One column less: a terminal may wrap when its last one is written.
    const width = this.#terminal.columns - 1;
    if (event.event === 'start') {
      this.#start = event;
      this.#print(startLines(event, width));
    } else if (event.event === 'report') {
      this.#print(reportLines(event, width));
      return;
    } else if (event.event === 'progress' && event.phase === 'messages') {
      this.#messages = event;
      this.#rates.push(event.answeredPerSecond ?? event.sentPerSecond);
      if (this.#rates.length > RATES_SHOWN) this.#rates.shift();
    } else {
      this.#handshakes = event;
    }
    this.#draw(width);
  }

  #draw(width: number): void {
    const lines = frame(
      { start: this.#start as Start, handshakes: this.#handshakes, messages: this.#messages, rates: this.#rates },
      width,
    );
    this.#print(lines);
    this.#height = lines.length;
  }

  #clear(): void {
    moveCursor(this.#terminal, 0, -this.#height);
    clearScreenDown(this.#terminal);
    this.#height = 0;
  }

  #print(lines: readonly string[]): void {
    this.#terminal.write(lines.map((line) => `${line}\n`).join(''));
  }
}
