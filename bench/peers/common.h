// Clock, CPU and memory readings, latency samples, and small things that every program of this folder needs.
#ifndef COMMON_H
#define COMMON_H

#include <stddef.h>
#include <stdint.h>

#define PSK_IDENTITY "bench"
#define PSK_KEY_HEX "1a2b3c4d5e6f"

// A DTLS plaintext is at most 2^14 bytes (RFC 6347 section 4.3.1, by RFC 5246 section 6.2.1).
enum { MAX_MESSAGE = 16384 };

// After this a handshake has failed.
enum { HANDSHAKE_TIMEOUT_S = 30 };

// Of an echo: without an answer for so long, what is in flight is lost.
enum { LOSS_MS = 200 };

// Of the measured time, before it: a server in JavaScript has compiled what each message takes by then.
#define WARM_UP_SHARE 0.3

#define NS_PER_S INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)

int64_t now_ns(void);       // monotonic
double cpu_seconds(void);   // user and system time of this process
long max_rss_kb(void);
long rss_kb(void);
size_t heap_bytes(void);    // what malloc has handed out

// Milliseconds until `due_ns`, rounded up so that a wait never ends early; -1 (for ever) for INT64_MAX.
int ms_until(int64_t due_ns, int64_t now);

// Grows in powers of two; freed by the caller.
struct samples {
  uint32_t *ns;
  size_t count;
  size_t capacity;
};

void samples_add(struct samples *samples, int64_t ns);
void samples_sort(struct samples *samples);
// The nearest rank; there must be at least one sample, and `percentile` is 1 to 100.
double samples_percentile_us(const struct samples *sorted, unsigned percentile);

// Prints "PROGRAM: message" and exits with status 1.
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));
// The same, with the text of errno.
_Noreturn void die_errno(const char *what);

// Zeroed memory; never NULL.
void *allocate(size_t count, size_t size);

// Lifts the soft limit of open files to the hard one: every association has a socket.
void raise_open_file_limit(void);

// A descriptor that never blocks, from which these signals are read from now on, so that none interrupts anything.
int open_signals(const int *numbers, size_t count);

#endif
