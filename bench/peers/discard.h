// Datagrams received only to be counted, as cheaply as the kernel allows: many with one system call, none copied whole.
#ifndef DISCARD_H
#define DISCARD_H

#include <stdbool.h>
#include <stdint.h>

struct discarded {
  uint64_t datagrams;
  uint64_t bytes;
  bool has_alert;  // one of them holds a DTLS alert record
};

// Receives up to a batch of datagrams; `flags` are those of recvmmsg(). False, with errno set, when there were none.
bool discard_datagrams(int fd, int flags, struct discarded *discarded);

// Pauses between two rounds of receiving. A receiver that waits for each datagram costs the sender a wake-up with each,
// which is not what is to be measured.
void let_datagrams_gather(void);

#endif
