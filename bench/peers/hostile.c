// Sends a server datagrams from a great many addresses that are not the sender's: any of 127.0.0.0/8 belongs to this
// machine, so that IP_PKTINFO chooses the source of each datagram. What comes back is dropped in the kernel, as if
// nobody were there.
#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "captured.h"
#include "common.h"
#include "hostile-datagrams.h"
#include "options.h"
#include "packet-info.h"

enum { BATCH = 32, MAX_LIVE_PORTS = 64 };

static const char usage[] =
    "usage: hostile HOST PORT --file CAPTURED [--count N] [--rate PER_SECOND] [--kind KIND|mixed] [--seed S]\n"
    "HOST is an IPv4 address of this machine's loopback. Prints one line of JSON.\n";

// The live associations that have the same port: there is one socket for each port.
struct live_port {
  int fd;
  in_port_t port;
  size_t *captured;  // indexes
  size_t count;
};

struct hostile {
  struct sockaddr_in server;
  struct random random;
  struct captured *captured;
  size_t captured_count;
  int fd;  // whose port no association has
  struct live_port live[MAX_LIVE_PORTS];
  size_t live_count;
  enum kind strange[KINDS], in_name[KINDS];
  size_t strange_count, in_name_count;
};

struct batch {
  struct mmsghdr messages[BATCH];
  struct iovec pieces[BATCH];
  union packet_info infos[BATCH];
  uint8_t datagrams[BATCH][MAX_HOSTILE];
};

static int open_socket(in_port_t port) {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) die_errno("socket");
  const int on = 1;
  if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) die_errno("SO_REUSEADDR");
  struct sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
  const struct sock_fprog program = {.len = 1, .filter = &drop};
  if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0) die_errno("SO_ATTACH_FILTER");
  const struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = port};
  if (bind(fd, (const struct sockaddr *)&any, sizeof any) != 0) die_errno("bind");
  return fd;
}

static struct live_port *live_port_of(struct hostile *hostile, in_port_t port) {
  for (size_t i = 0; i < hostile->live_count; i++) {
    if (hostile->live[i].port == port) return &hostile->live[i];
  }
  if (hostile->live_count == MAX_LIVE_PORTS) die("the live associations have too many ports");
  struct live_port *live = &hostile->live[hostile->live_count++];
  *live = (struct live_port){.fd = open_socket(port), .port = port};
  live->captured = allocate(hostile->captured_count, sizeof *live->captured);
  return live;
}

static void prepare(struct hostile *hostile, const struct options *options) {
  hostile->random.state = (uint64_t)options->seed;
  hostile->captured = read_captured(options->file, &hostile->captured_count);
  hostile->fd = open_socket(0);
  for (size_t i = 0; i < hostile->captured_count; i++) {
    struct live_port *live = live_port_of(hostile, hostile->captured[i].from.sin_port);
    live->captured[live->count++] = i;
  }
  for (enum kind kind = 0; kind < KINDS; kind++) {
    if (strcmp(options->kind, "mixed") != 0 && strcmp(options->kind, kind_names[kind]) != 0) continue;
    if (is_in_name_of_live(kind)) {
      hostile->in_name[hostile->in_name_count++] = kind;
    } else {
      hostile->strange[hostile->strange_count++] = kind;
    }
  }
  if (hostile->strange_count + hostile->in_name_count == 0) exit_with_usage(usage);
}

// 127.2.0.0 to 127.254.255.255: neither the server's nor a live association's.
static struct in_addr strange_address(struct random *random) {
  const uint32_t host = (2 + random_below(random, 253)) << 16 | random_below(random, 1 << 16);
  return (struct in_addr){htonl(UINT32_C(127) << 24 | host)};
}

// Fills a batch for one socket, which is returned: that of strangers, or that of a port of live associations.
static int fill(struct hostile *hostile, struct batch *batch, size_t count) {
  struct random *random = &hostile->random;
  const uint32_t kinds = (uint32_t)(hostile->strange_count + hostile->in_name_count);
  const bool is_in_name = random_below(random, kinds) >= hostile->strange_count;
  const struct live_port *live = &hostile->live[random_below(random, (uint32_t)hostile->live_count)];
  for (size_t i = 0; i < count; i++) {
    const enum kind kind = is_in_name ? hostile->in_name[random_below(random, (uint32_t)hostile->in_name_count)]
                                      : hostile->strange[random_below(random, (uint32_t)hostile->strange_count)];
    const struct captured *captured =
        &hostile->captured[is_in_name ? live->captured[random_below(random, (uint32_t)live->count)]
                                      : random_below(random, (uint32_t)hostile->captured_count)];
    const struct in_addr source =
        is_in_name || kind == MOVED ? captured->from.sin_addr : strange_address(random);
    batch->pieces[i].iov_len = make_hostile(kind, captured, random, batch->datagrams[i]);
    write_packet_info(&batch->messages[i].msg_hdr, source, 0);
  }
  return is_in_name ? live->fd : hostile->fd;
}

static void send_batch(struct batch *batch, int fd, size_t count) {
  for (size_t sent = 0; sent < count;) {
    const int result = sendmmsg(fd, batch->messages + sent, (unsigned)(count - sent), 0);
    if (result < 0 && errno != EINTR) die_errno("sendmmsg");
    if (result > 0) sent += (size_t)result;
  }
}

static void wait_until(int64_t due_ns) {
  const struct timespec due = {.tv_sec = due_ns / NS_PER_S, .tv_nsec = due_ns % NS_PER_S};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL) == EINTR) continue;
}

static void send_all(struct hostile *hostile, size_t count, int rate) {
  static struct batch batch;
  for (size_t i = 0; i < BATCH; i++) {
    batch.pieces[i].iov_base = batch.datagrams[i];
    batch.messages[i].msg_hdr = (struct msghdr){.msg_name = &hostile->server,
                                                .msg_namelen = sizeof hostile->server,
                                                .msg_iov = &batch.pieces[i],
                                                .msg_iovlen = 1,
                                                .msg_control = batch.infos[i].bytes,
                                                .msg_controllen = sizeof batch.infos[i].bytes};
  }
  const int64_t started = now_ns();
  for (size_t sent = 0; sent < count;) {
    if (rate > 0) wait_until(started + (int64_t)sent * NS_PER_S / rate);
    const size_t size = count - sent < BATCH ? count - sent : BATCH;
    send_batch(&batch, fill(hostile, &batch, size), size);
    sent += size;
  }
}

int main(int argc, char **argv) {
  struct options options = {.count = 1000000, .kind = "mixed", .seed = 1};
  parse_options(argc, argv, &options, usage);
  if (argc - optind != 2 || options.file == NULL) exit_with_usage(usage);
  struct hostile hostile = {.server = parse_address(argv[optind], argv[optind + 1], usage)};
  prepare(&hostile, &options);
  const int64_t started = now_ns();
  send_all(&hostile, (size_t)options.count, options.rate);
  const double seconds = (double)(now_ns() - started) / NS_PER_S;
  printf("{\"datagrams\":%d,\"seconds\":%.6f,\"cpuSeconds\":%.6f}\n", options.count, seconds, cpu_seconds());
  for (size_t i = 0; i < hostile.live_count; i++) {
    close(hostile.live[i].fd);
    free(hostile.live[i].captured);
  }
  free(hostile.captured);
  close(hostile.fd);
  return 0;
}
