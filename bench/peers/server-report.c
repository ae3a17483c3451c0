#include "server-report.h"

#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

#include "common.h"

enum { RECEIVE_BUFFER = 64 << 20 };

void report_ready(int fd) {
  struct sockaddr_in address;
  socklen_t length = sizeof address;
  if (getsockname(fd, (struct sockaddr *)&address, &length) != 0) die_errno("getsockname");
  printf("READY %d\n", ntohs(address.sin_port));
  fflush(stdout);
}

void report_counters(const struct counters *counters) {
  printf("{\"handshakes\":%ju,\"messages\":%ju,\"bytes\":%ju,\"datagrams\":%ju,\"cpuSeconds\":%.6f,"
         "\"maxRssKb\":%ld,\"rssKb\":%ld,\"heapBytes\":%zu,\"associations\":%ju}\n",
         (uintmax_t)counters->handshakes, (uintmax_t)counters->messages, (uintmax_t)counters->bytes,
         (uintmax_t)counters->datagrams, cpu_seconds(), max_rss_kb(), rss_kb(), heap_bytes(),
         (uintmax_t)counters->associations);
  fflush(stdout);
}

void enlarge_receive_buffer(int fd) {
  const int size = RECEIVE_BUFFER;
  // Beyond net.core.rmem_max for root only; for others SO_RCVBUF is cut to that.
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) == 0) return;
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size) != 0) die_errno("SO_RCVBUF");
}
