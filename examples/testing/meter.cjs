// A protocol on top of DTLS: a meter numbers its readings and repeats each until the server has acknowledged it.
const RETRY_MS = 2000;

/** The meter's side. */
class Meter {
  #association;
  /**
   * Readings that are not acknowledged yet, by their numbers.
   * @type {Map<number, number>}
   */
  #pending = new Map();
  #next = 0;
  #timer;

  /** @param {import('dtls-association').DtlsAssociation} association An open one. */
  constructor(association) {
    this.#association = association;
    association.on('message', (data) => this.#acknowledged(Number(data.toString())));
    association.on('close', () => clearInterval(this.#timer));
    this.#timer = setInterval(() => this.#sendPending(), RETRY_MS);
  }

  get pending() {
    return this.#pending.size;
  }

  /** @param {number} value */
  report(value) {
    this.#pending.set(this.#next++, value);
    this.#sendPending();
  }

  #sendPending() {
    for (const [number, value] of this.#pending) this.#association.send(JSON.stringify({ number, value }));
  }

  /** @param {number} number */
  #acknowledged(number) {
    this.#pending.delete(number);
  }
}

/**
 * The server's side: collects what each meter reports, once.
 * @param {import('dtls-association').DtlsAssociation} association
 * @param {(value: number) => void} onReading
 */
function collect(association, onReading) {
  const seen = new Set();
  association.on('message', (data) => {
    const { number, value } = JSON.parse(data.toString());
    if (!seen.has(number)) onReading(value);
    seen.add(number);
    association.send(String(number));
  });
}

module.exports = { Meter, collect };
