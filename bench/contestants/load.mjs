// The two loads, whoever carries the messages.
import { createHistogram } from 'node:perf_hooks';
import { startPhase } from './common.mjs';

/** Of the measured time, before it: V8 has compiled what each message takes by then, on both sides. */
const WARM_UP_SHARE = 0.3;
/** Messages between two turns of the event loop, when nothing holds the sender up. */
const BURST = 512;
/** Messages that a sender without `drain` hands over before one of them calls back. */
const BATCH = 64;
/** Without any reply for so long, what is in flight is lost. */
const LOST_AFTER_MS = 200;

/** Calls `begin` after the warm-up and `end` when the measured time is over. */
function schedule(seconds, begin, end) {
  setTimeout(
    () => {
      begin();
      setTimeout(end, seconds * 1000);
    },
    seconds * WARM_UP_SHARE * 1000,
  );
}

/**
 * Sends until `send` returns false, and goes on with `drain`, which `onDrain` takes a listener for. `sent` of the result
 * counts the warm-up too.
 */
export function flood({ send, onDrain, seconds }) {
  return new Promise((resolve) => {
    let sent = 0;
    let sentInWarmUp = 0;
    let isOver = false;
    let endPhase;
    const pump = () => {
      if (isOver) {
        resolve({ ...endPhase(sent - sentInWarmUp, 'message'), sent });
        return;
      }
      for (let i = 0; i < BURST; i++) {
        sent++;
        if (!send()) return;
      }
      setImmediate(pump);
    };
    onDrain(pump);
    schedule(
      seconds,
      () => {
        sentInWarmUp = sent;
        endPhase = startPhase();
      },
      () => {
        isOver = true;
      },
    );
    pump();
  });
}

/** What `flood` needs, of a `sendOne(callback)` that calls back, when it is asked to, once the kernel has the message. */
export function inBatches(sendOne) {
  let uncalled = 0;
  let resume;
  // Senders may call back without a turn of the event loop, and then no timer would ever run.
  const called = () => setImmediate(resume);
  return {
    send() {
      uncalled = (uncalled + 1) % BATCH;
      sendOne(uncalled === 0 ? called : undefined);
      return uncalled !== 0;
    },
    onDrain(listener) {
      resume = listener;
    },
  };
}

/**
 * Keeps `window` messages in flight, which walk round robin over `count` associations: `send(i, message)` sends one, and
 * whoever gets a reply calls `replied(data)`. With one in flight every round trip is timed.
 */
export function echo({ send, size, count, window, seconds }) {
  const message = Buffer.alloc(size, 'm');
  const roundTrips = window === 1 ? createHistogram() : undefined;
  let next = 0;
  let sentAt = 0;
  let replies = 0;
  let lost = 0;
  let isOver = false;
  let report;
  const result = new Promise((resolve) => {
    report = resolve;
  });

  const sendNext = () => {
    send(next, message);
    next = next + 1 === count ? 0 : next + 1;
  };
  const fill = () => {
    sentAt = performance.now();
    for (let i = 0; i < window; i++) sendNext();
  };
  const replied = (data) => {
    if (isOver || data[0] !== message[0]) return;
    replies++;
    if (roundTrips !== undefined) {
      const now = performance.now();
      roundTrips.record(Math.max(1, Math.round((now - sentAt) * 1e6)));
      sentAt = now;
    }
    sendNext();
  };

  let seen = -1;
  const watchdog = setInterval(() => {
    if (replies === seen) {
      lost += window;
      // A reply that comes late after all must not add to those in flight.
      message[0]++;
      fill();
    }
    seen = replies;
  }, LOST_AFTER_MS);

  let endPhase;
  schedule(
    seconds,
    () => {
      replies = 0;
      seen = -1;
      lost = 0;
      roundTrips?.reset();
      endPhase = startPhase();
    },
    () => {
      isOver = true;
      clearInterval(watchdog);
      report({ ...endPhase(replies, 'message'), ...latency(roundTrips), lost });
    },
  );
  fill();
  return { replied, result };
}

function latency(roundTrips) {
  if (roundTrips === undefined) return {};
  return { p50Us: roundTrips.percentile(50) / 1000, p99Us: roundTrips.percentile(99) / 1000 };
}
