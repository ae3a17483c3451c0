#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "association.h"
#include "client.h"
#include "common.h"
#include "opener.h"

void hold(const struct sockaddr_in *server, const struct options *options) {
  const int count = options->associations;
  struct association **associations = allocate((size_t)count, sizeof *associations);
  const long rss_before = rss_kb();
  const size_t heap_before = heap_bytes();
  open_all(server, count, associations);

  // Blocked before anyone can know that we are ready, the signal waits for sigwait().
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigprocmask(SIG_BLOCK, &signals, NULL);
  printf("{\"associations\":%d,\"rssKbBefore\":%ld,\"rssKbAfter\":%ld,\"heapBytesBefore\":%zu,\"heapBytesAfter\":%zu,"
         "\"maxRssKb\":%ld}\n",
         count, rss_before, rss_kb(), heap_before, heap_bytes(), max_rss_kb());
  fflush(stdout);
  int received;
  sigwait(&signals, &received);

  for (int i = 0; i < count; i++) close(association_close(associations[i]));
  free(associations);
}
