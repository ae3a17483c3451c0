#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "association.h"
#include "client-socket.h"
#include "client.h"
#include "common.h"
#include "opener.h"

enum { MAX_EVENTS = 64 };

struct echo {
  struct association **associations;
  int association_count;
  int next;  // the association that sends the next message
  int epoll_fd;
  int window;
  int in_flight;
  char *message;
  size_t size;
  // The first byte of a message. It changes after a loss, so that an answer that comes late after all is not taken for
  // that of another message.
  char generation;
  bool records_latency;
  int64_t sent_ns;  // of the only message in flight, when latencies are recorded
  uint64_t messages;
  uint64_t lost;
  struct samples latencies;
};

static void send_next(struct echo *echo) {
  struct association *association = echo->associations[echo->next];
  if (++echo->next == echo->association_count) echo->next = 0;
  if (echo->records_latency) echo->sent_ns = now_ns();
  // What the kernel has no room for is a message lost, like any other.
  association_send(association, echo->message, echo->size);
  echo->in_flight++;
}

static void fill_window(struct echo *echo) {
  while (echo->in_flight < echo->window) send_next(echo);
}

static void give_up_in_flight(struct echo *echo) {
  echo->lost += (uint64_t)echo->in_flight;
  echo->in_flight = 0;
  echo->message[0] = ++echo->generation;
}

// True when there was a message, be it an answer to one in flight or not.
static bool receive_answer(struct echo *echo, struct association *association) {
  char answer[MAX_MESSAGE];
  const size_t size = association_receive(association, answer, sizeof answer);
  if (size == 0) return false;
  if (size != echo->size || answer[0] != echo->generation) return true;
  if (echo->records_latency) samples_add(&echo->latencies, now_ns() - echo->sent_ns);
  echo->messages++;
  echo->in_flight--;
  return true;
}

// One association: its socket blocks, so that a message costs two system calls and no more.
static void run_one(struct echo *echo, int64_t end) {
  while (now_ns() < end) {
    fill_window(echo);
    if (!receive_answer(echo, echo->associations[0])) give_up_in_flight(echo);
  }
}

// Many associations: one message from each that has some, then epoll_wait() again, which tells of the rest.
static void run_many(struct echo *echo, int64_t end) {
  struct epoll_event events[MAX_EVENTS];
  while (now_ns() < end) {
    fill_window(echo);
    const int count = epoll_wait(echo->epoll_fd, events, MAX_EVENTS, LOSS_MS);
    if (count < 0 && errno != EINTR) die_errno("epoll_wait");
    if (count == 0) give_up_in_flight(echo);
    for (int i = 0; i < count; i++) {
      receive_answer(echo, events[i].data.ptr);
      fill_window(echo);
    }
  }
}

static void run_until(struct echo *echo, int64_t end) {
  if (echo->association_count == 1) {
    run_one(echo, end);
  } else {
    run_many(echo, end);
  }
}

static void prepare_sockets(struct echo *echo) {
  if (echo->association_count == 1) {
    set_socket_blocking(association_fd(echo->associations[0]), LOSS_MS * NS_PER_MS);
    return;
  }
  echo->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  if (echo->epoll_fd < 0) die_errno("epoll_create1");
  for (int i = 0; i < echo->association_count; i++) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = echo->associations[i]};
    if (epoll_ctl(echo->epoll_fd, EPOLL_CTL_ADD, association_fd(echo->associations[i]), &event) != 0) {
      die_errno("epoll_ctl");
    }
  }
}

static void print_result(struct echo *echo, double seconds, double cpu) {
  printf("{\"messages\":%ju,\"seconds\":%.6f,\"cpuSeconds\":%.6f,\"messagesPerSecond\":%.1f,\"cpuUsPerMessage\":%.4f,",
         (uintmax_t)echo->messages, seconds, cpu, (double)echo->messages / seconds,
         echo->messages == 0 ? 0 : cpu * 1e6 / (double)echo->messages);
  if (echo->latencies.count > 0) {
    samples_sort(&echo->latencies);
    printf("\"p50Us\":%.3f,\"p99Us\":%.3f,", samples_percentile_us(&echo->latencies, 50),
           samples_percentile_us(&echo->latencies, 99));
  } else {
    printf("\"p50Us\":null,\"p99Us\":null,");
  }
  printf("\"lost\":%ju,\"maxRssKb\":%ld}\n", (uintmax_t)echo->lost, max_rss_kb());
}

void echo(const struct sockaddr_in *server, const struct options *options) {
  struct echo echo = {
      .associations = allocate((size_t)options->associations, sizeof *echo.associations),
      .association_count = options->associations,
      .epoll_fd = -1,
      .window = options->window,
      .message = allocate(1, (size_t)options->size),
      .size = (size_t)options->size,
      .records_latency = options->window == 1,
  };
  open_all(server, echo.association_count, echo.associations);
  prepare_sockets(&echo);

  run_until(&echo, now_ns() + (int64_t)(options->seconds * WARM_UP_SHARE * NS_PER_S));
  echo.messages = echo.lost = echo.latencies.count = 0;
  const int64_t measured_from = now_ns();
  const double cpu_from = cpu_seconds();
  run_until(&echo, measured_from + (int64_t)(options->seconds * NS_PER_S));
  const double cpu = cpu_seconds() - cpu_from;
  const double seconds = (double)(now_ns() - measured_from) / NS_PER_S;
  print_result(&echo, seconds, cpu);

  for (int i = 0; i < echo.association_count; i++) close(association_close(echo.associations[i]));
  if (echo.epoll_fd >= 0) close(echo.epoll_fd);
  free(echo.associations);
  free(echo.message);
  free(echo.latencies.ns);
}
