#include "opener.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "common.h"

enum { OPEN_ALL_CONCURRENCY = 32 };

// One handshake; its socket is in the pollfd of the same index.
struct lane {
  struct association *association;
  bool is_complete;
  int64_t started_ns;
  int64_t handshake_ns;
  int64_t due_ns;  // when the lane must be looked at though nothing has arrived
};

struct opener {
  const struct sockaddr_in *server;
  int to_start;
  int to_open;
  int lane_count;
  struct lane *lanes;
  struct pollfd *sockets;
  on_open_function on_open;
  void *context;
};

static void step(struct lane *lane) {
  lane->is_complete = association_handshake(lane->association);
  const int64_t now = now_ns();
  if (lane->is_complete) {
    lane->handshake_ns = now - lane->started_ns;
    lane->due_ns = now;
    return;
  }
  const int64_t left = association_timeout_ns(lane->association);
  const int64_t deadline = lane->started_ns + HANDSHAKE_TIMEOUT_S * NS_PER_S;
  if (now >= deadline) die("a handshake has not completed in %d seconds", HANDSHAKE_TIMEOUT_S);
  lane->due_ns = left < deadline - now ? now + left : deadline;
}

// Sends the first hello. With a quick server this one step can complete the handshake; the next round finds it so.
static void start_next(struct opener *opener, int index) {
  struct lane *lane = &opener->lanes[index];
  lane->association = NULL;
  opener->sockets[index].fd = -1;
  if (opener->to_start == 0) return;
  opener->to_start--;
  lane->started_ns = now_ns();
  lane->association = association_new(NULL, opener->server);
  opener->sockets[index] = (struct pollfd){.fd = association_fd(lane->association), .events = POLLIN};
  step(lane);
}

static int64_t earliest_due(const struct opener *opener) {
  int64_t due = INT64_MAX;
  for (int i = 0; i < opener->lane_count; i++) {
    const struct lane *lane = &opener->lanes[i];
    if (lane->association != NULL && lane->due_ns < due) due = lane->due_ns;
  }
  return due;
}

static void wait_and_step(struct opener *opener) {
  const int wait_ms = ms_until(earliest_due(opener), now_ns());
  if (poll(opener->sockets, (nfds_t)opener->lane_count, wait_ms) < 0 && errno != EINTR) die_errno("poll");
  const int64_t now = now_ns();
  for (int i = 0; i < opener->lane_count; i++) {
    struct lane *lane = &opener->lanes[i];
    if (lane->association == NULL) continue;
    if (!lane->is_complete && (opener->sockets[i].revents != 0 || now >= lane->due_ns)) step(lane);
    if (!lane->is_complete) continue;
    opener->to_open--;
    opener->on_open(opener->context, lane->association, lane->handshake_ns);
    start_next(opener, i);
  }
}

void open_associations(const struct sockaddr_in *server, int count, int concurrency, on_open_function on_open,
                       void *context) {
  struct opener opener = {
      .server = server,
      .to_start = count,
      .to_open = count,
      .lane_count = concurrency,
      .lanes = allocate((size_t)concurrency, sizeof *opener.lanes),
      .sockets = allocate((size_t)concurrency, sizeof *opener.sockets),
      .on_open = on_open,
      .context = context,
  };
  for (int i = 0; i < concurrency; i++) start_next(&opener, i);
  while (opener.to_open > 0) wait_and_step(&opener);
  free(opener.lanes);
  free(opener.sockets);
}

static void append(void *context, struct association *association, int64_t handshake_ns) {
  (void)handshake_ns;
  struct association ***next = context;
  *(*next)++ = association;
}

void open_all(const struct sockaddr_in *server, int count, struct association **associations) {
  open_associations(server, count, OPEN_ALL_CONCURRENCY, append, &associations);
}
