// What is sent to a server by those who mean it no good, or nothing at all.
#ifndef HOSTILE_DATAGRAMS_H
#define HOSTILE_DATAGRAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "captured.h"

enum { MAX_HOSTILE = 1400 };

enum kind {
  HELLO,          // a ClientHello without a cookie
  WRONG_COOKIE,   // a ClientHello with a cookie that the server never made
  GARBAGE,        // random bytes, any number of them
  TRUNCATED,      // a record that ends before its length
  OTHER_EPOCH,    // a record of an epoch that nobody has reached
  STRAY,          // ciphertext of an association that there is not
  MOVED,          // ciphertext as if of a live association, from another port of its address
  REPLAYED,       // from here on in the name of a live association: a datagram of its own once more
  FORGED,         // that datagram with a number to come
  SPOOFED_HELLO,  // a ClientHello, as if the device had started again
  KINDS,
};

extern const char *const kind_names[KINDS];

// Whether it comes from the very address and port of a live association.
static inline bool is_in_name_of_live(enum kind kind) { return kind >= REPLAYED; }

// Pseudo-random numbers, the same for the same seed (xorshift64*, Vigna 2016).
struct random {
  uint64_t state;
};

uint64_t next_random(struct random *random);
// Below `bound`.
uint32_t random_below(struct random *random, uint32_t bound);

// Writes a datagram of that kind; `captured` is one of the live association that it is about. Returns its size.
size_t make_hostile(enum kind kind, const struct captured *captured, struct random *random, uint8_t *into);

#endif
