// New clients that connect one after the other, at a steady rate, and leave as soon as they are connected.
#ifndef NEWCOMERS_H
#define NEWCOMERS_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

#include "association.h"
#include "common.h"

enum { MAX_NEWCOMERS = 256 };

struct newcomer {
  struct association *association;  // NULL: the slot is free
  int64_t started_ns;
  int64_t due_ns;  // when the handshake must go on though nothing has arrived
};

struct newcomers {
  const struct sockaddr_in *server;
  int epoll_fd;
  uint32_t first_event;  // epoll tells slot i by the number first_event + i
  struct newcomer slots[MAX_NEWCOMERS];
  int connecting;
  uint64_t started;
  uint64_t datagrams;      // sent
  struct samples connect;  // the times of those that connected
};

// Begins a handshake, if not too many are under way.
void newcomers_start_one(struct newcomers *newcomers);

void newcomers_readable(struct newcomers *newcomers, size_t slot);

int64_t newcomers_due_ns(const struct newcomers *newcomers);
void newcomers_handle_timeouts(struct newcomers *newcomers);

// Gives up those that are not connected.
void newcomers_abandon(struct newcomers *newcomers);

#endif
