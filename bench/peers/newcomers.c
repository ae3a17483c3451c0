#include "newcomers.h"

#include <sys/epoll.h>
#include <unistd.h>

#include "association-watch.h"

static void leave(struct newcomers *newcomers, struct newcomer *newcomer) {
  close(association_close(newcomer->association));
  newcomer->association = NULL;
  newcomers->connecting--;
}

static void step(struct newcomers *newcomers, struct newcomer *newcomer) {
  const bool is_connected = association_handshake(newcomer->association);
  const int64_t now = now_ns();
  if (is_connected) {
    samples_add(&newcomers->connect, now - newcomer->started_ns);
    leave(newcomers, newcomer);
    return;
  }
  const int64_t left = association_timeout_ns(newcomer->association);
  newcomer->due_ns = left == INT64_MAX ? INT64_MAX : now + left;
}

static void count_datagram(void *context, const void *datagram, size_t size) {
  (void)datagram;
  (void)size;
  ++*(uint64_t *)context;
}

void newcomers_start_one(struct newcomers *newcomers) {
  size_t slot = 0;
  while (slot < MAX_NEWCOMERS && newcomers->slots[slot].association != NULL) slot++;
  if (slot == MAX_NEWCOMERS) return;
  struct newcomer *newcomer = &newcomers->slots[slot];
  newcomer->association = association_new(NULL, newcomers->server);
  newcomer->started_ns = now_ns();
  association_watch(newcomer->association, count_datagram, &newcomers->datagrams);
  struct epoll_event event = {.events = EPOLLIN, .data.u32 = newcomers->first_event + (uint32_t)slot};
  const int fd = association_fd(newcomer->association);
  if (epoll_ctl(newcomers->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) die_errno("epoll_ctl");
  newcomers->connecting++;
  newcomers->started++;
  step(newcomers, newcomer);
}

void newcomers_readable(struct newcomers *newcomers, size_t slot) {
  struct newcomer *newcomer = &newcomers->slots[slot];
  if (newcomer->association != NULL) step(newcomers, newcomer);
}

int64_t newcomers_due_ns(const struct newcomers *newcomers) {
  int64_t due = INT64_MAX;
  for (size_t i = 0; i < MAX_NEWCOMERS && newcomers->connecting > 0; i++) {
    const struct newcomer *newcomer = &newcomers->slots[i];
    if (newcomer->association != NULL && newcomer->due_ns < due) due = newcomer->due_ns;
  }
  return due;
}

void newcomers_handle_timeouts(struct newcomers *newcomers) {
  const int64_t now = now_ns();
  for (size_t i = 0; i < MAX_NEWCOMERS && newcomers->connecting > 0; i++) {
    struct newcomer *newcomer = &newcomers->slots[i];
    if (newcomer->association != NULL && now >= newcomer->due_ns) step(newcomers, newcomer);
  }
}

void newcomers_abandon(struct newcomers *newcomers) {
  for (size_t i = 0; i < MAX_NEWCOMERS; i++) {
    if (newcomers->slots[i].association != NULL) leave(newcomers, &newcomers->slots[i]);
  }
}
