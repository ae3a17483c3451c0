// What a server says on its standard output.
#ifndef SERVER_REPORT_H
#define SERVER_REPORT_H

#include <stdint.h>

struct counters {
  uint64_t handshakes;
  uint64_t messages;
  uint64_t bytes;      // of the messages; of the datagrams when they are discarded
  uint64_t datagrams;  // discarded ones: elsewhere OpenSSL reads them, and does not count
  uint64_t associations;  // open now
};

// Prints "READY PORT" for the bound socket.
void report_ready(int fd);

// Prints the counters, CPU and memory as one JSON line.
void report_counters(const struct counters *counters);

// Makes the receive buffer as large as we are allowed to.
void enlarge_receive_buffer(int fd);

#endif
