// A UDP server without TLS, for the ceilings: one socket, one datagram with each system call unless they are discarded.
#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common.h"
#include "discard.h"
#include "options.h"
#include "packet-info.h"
#include "server-report.h"

static const char usage[] = "usage: udp-server [--mode echo|sink|discard|discard-merged] [--port P]\n";

static volatile sig_atomic_t must_report, must_end;

static void on_signal(int number) {
  must_report = 1;
  if (number != SIGUSR1) must_end = 1;
}

static void handle_signals_without_restart(void) {
  const struct sigaction action = {.sa_handler = on_signal};
  sigaction(SIGUSR1, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGINT, &action, NULL);
}

static int bind_socket(const struct options *options) {
  const struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_port = htons((uint16_t)options->port),
                                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) die_errno("socket");
  if (bind(fd, (const struct sockaddr *)&address, sizeof address) != 0) die_errno("bind");
  if (options->mode != MODE_ECHO) enlarge_receive_buffer(fd);
  if (options->mode == MODE_DISCARD_MERGED) accept_merged(fd);
  // A signal that comes just before a receive does not interrupt it, so none may last long.
  const struct timeval timeout = {.tv_usec = 100000};
  if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) != 0) die_errno("SO_RCVTIMEO");
  return fd;
}

static void receive(int fd, enum mode mode, struct counters *counters) {
  if (discards(mode)) {
    struct discarded discarded;
    if (!discard_datagrams(fd, MSG_WAITFORONE, &discarded)) return;
    counters->datagrams += discarded.datagrams;
    counters->bytes += discarded.bytes;
    let_datagrams_gather();
    return;
  }
  char message[65536];
  struct sockaddr_in peer;
  socklen_t length = sizeof peer;
  const ssize_t size = recvfrom(fd, message, sizeof message, 0, (struct sockaddr *)&peer, &length);
  if (size < 0) return;
  counters->messages++;
  counters->bytes += (uint64_t)size;
  // What the kernel has no room for is lost, as on any path.
  if (mode == MODE_ECHO) sendto(fd, message, (size_t)size, 0, (struct sockaddr *)&peer, length);
}

int main(int argc, char **argv) {
  struct options options = {.mode = MODE_ECHO};
  parse_options(argc, argv, &options, usage);
  if (optind != argc) exit_with_usage(usage);
  handle_signals_without_restart();
  const int fd = bind_socket(&options);
  report_ready(fd);
  struct counters counters = {0};
  while (!must_end) {
    receive(fd, options.mode, &counters);
    if (must_report) {
      must_report = 0;
      report_counters(&counters);
    }
  }
  close(fd);
  return 0;
}
