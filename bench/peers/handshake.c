#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "association.h"
#include "client.h"
#include "common.h"
#include "opener.h"

enum { LINGERING = 256 };

struct run {
  // Handshakes before those that count.
  int warm_up;
  // The sockets of the associations closed last, which keeps their ports from use. A hello from a port whose
  // close_notify the server has not yet read would reach the old association, and be lost there.
  int lingering[LINGERING];
  int opened;
  int64_t started_ns;
  double started_cpu;
  struct samples latencies;
};

static void on_open(void *context, struct association *association, int64_t handshake_ns) {
  struct run *run = context;
  int *lingering = &run->lingering[run->opened % LINGERING];
  if (run->opened >= LINGERING) close(*lingering);
  *lingering = association_close(association);
  if (++run->opened > run->warm_up) samples_add(&run->latencies, handshake_ns);
  if (run->opened == run->warm_up) {
    run->started_ns = now_ns();
    run->started_cpu = cpu_seconds();
  }
}

void handshake(const struct sockaddr_in *server, const struct options *options) {
  struct run run = {.warm_up = options->warm_up};
  open_associations(server, options->warm_up + options->count, options->concurrency, on_open, &run);
  const double seconds = (double)(now_ns() - run.started_ns) / NS_PER_S;
  const double cpu = cpu_seconds() - run.started_cpu;
  samples_sort(&run.latencies);

  printf("{\"handshakes\":%d,\"seconds\":%.6f,\"cpuSeconds\":%.6f,\"handshakesPerSecond\":%.1f,"
         "\"cpuUsPerHandshake\":%.3f,\"p50Us\":%.3f,\"p99Us\":%.3f,\"lost\":0,\"maxRssKb\":%ld}\n",
         options->count, seconds, cpu, options->count / seconds, cpu * 1e6 / options->count,
         samples_percentile_us(&run.latencies, 50), samples_percentile_us(&run.latencies, 99), max_rss_kb());
  for (int i = 0; i < run.opened && i < LINGERING; i++) close(run.lingering[i]);
  free(run.latencies.ns);
}
