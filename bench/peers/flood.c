#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "association.h"
#include "client-socket.h"
#include "client.h"
#include "common.h"
#include "opener.h"

// Messages between two looks at the clock.
enum { BATCH = 64 };

void flood(const struct sockaddr_in *server, const struct options *options) {
  struct association *association;
  open_all(server, 1, &association);
  set_socket_blocking(association_fd(association), NS_PER_S);
  const size_t size = (size_t)options->size;
  char *message = allocate(1, size);
  memset(message, 'f', size);

  uint64_t messages = 0;
  const double started_cpu = cpu_seconds();
  const int64_t started = now_ns();
  const int64_t end = started + (int64_t)(options->seconds * NS_PER_S);
  int64_t now = started;
  while (now < end) {
    for (int i = 0; i < BATCH; i++) messages += association_send(association, message, size);
    now = now_ns();
  }
  const double seconds = (double)(now - started) / NS_PER_S;
  const double cpu = cpu_seconds() - started_cpu;

  printf("{\"messages\":%ju,\"seconds\":%.6f,\"cpuSeconds\":%.6f,\"messagesPerSecond\":%.1f,"
         "\"cpuUsPerMessage\":%.4f,\"p50Us\":null,\"p99Us\":null,\"lost\":0,\"maxRssKb\":%ld}\n",
         (uintmax_t)messages, seconds, cpu, (double)messages / seconds, cpu * 1e6 / (double)messages, max_rss_kb());
  close(association_close(association));
  free(message);
}
