// Genuine datagrams of live associations, which the program `fleet` writes to a file for `hostile` to use.
#ifndef CAPTURED_H
#define CAPTURED_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

enum { MAX_CAPTURED = 512 };

struct captured {
  struct sockaddr_in from;
  uint32_t size;
  uint8_t datagram[MAX_CAPTURED];
};

void write_captured(const char *file, const struct captured *all, size_t count);

// All that the file holds, at least one; freed by the caller.
struct captured *read_captured(const char *file, size_t *count);

#endif
