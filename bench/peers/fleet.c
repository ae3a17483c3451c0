// Devices that are connected to an echo server and send it messages at a steady rate, while newcomers connect beside
// them. It writes a datagram of each device to a file, for `hostile`, and says when all are connected; SIGUSR2 begins a
// phase, SIGUSR1 ends it and asks for its figures, each one line of JSON; SIGTERM ends the program.
#include <arpa/inet.h>
#include <errno.h>
#include <linux/sock_diag.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "association-watch.h"
#include "association.h"
#include "captured.h"
#include "common.h"
#include "newcomers.h"
#include "options.h"

// Some devices share an address, as behind a NAT; their ports are below those that the kernel gives away.
enum { DEVICES_PER_ADDRESS = 10, FIRST_PORT = 21000 };

enum {
  MAX_EVENTS = 256,
  BURST = 64,     // messages between two looks at what arrived
  CALM_MS = 300,  // without an answer for so long after the last message, the rest is lost
  CONTENT_TYPE_APPLICATION_DATA = 23,
  SIGNAL_EVENT = -1,
};

static const char usage[] =
    "usage: fleet HOST PORT --file CAPTURED [--associations N] [--rate MESSAGES_PER_SECOND] [--size BYTES]\n"
    "             [--newcomers PER_SECOND]\n"
    "HOST is an IPv4 address of this machine's loopback.\n";

struct device {
  struct association *association;
  struct captured captured;
  uint64_t datagrams;  // sent in this phase
};

struct fleet {
  const struct options *options;
  struct sockaddr_in server;
  struct device *devices;
  int device_count;
  int next;  // the device that sends the next message
  int epoll_fd, signal_fd;
  char *message;
  struct newcomers newcomers;
  // Of the phase, which the messages bear.
  uint32_t phase;
  bool is_running, must_end;
  int64_t started_ns, stopped_ns, last_answer_ns;
  uint64_t sent, answered, drops_before;
};

static struct sockaddr_in address_of(int device) {
  const int host = 1 + device / DEVICES_PER_ADDRESS;
  return (struct sockaddr_in){.sin_family = AF_INET,
                              .sin_port = htons((uint16_t)(FIRST_PORT + device % DEVICES_PER_ADDRESS)),
                              .sin_addr.s_addr = htonl(UINT32_C(0x7f010000) + (uint32_t)host)};
}

static void on_datagram(void *context, const void *datagram, size_t size) {
  struct device *device = context;
  device->datagrams++;
  struct captured *captured = &device->captured;
  if (captured->size > 0 || *(const uint8_t *)datagram != CONTENT_TYPE_APPLICATION_DATA) return;
  if (size > sizeof captured->datagram) die("messages are too large to be captured");
  captured->size = (uint32_t)size;
  memcpy(captured->datagram, datagram, size);
}

static void watch(int epoll_fd, int fd, uint32_t number) {
  struct epoll_event event = {.events = EPOLLIN, .data.u32 = number};
  if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) die_errno("epoll_ctl");
}

static void open_device(struct fleet *fleet, int index) {
  struct device *device = &fleet->devices[index];
  device->captured.from = address_of(index);
  device->association = association_new(&device->captured.from, &fleet->server);
  association_watch(device->association, on_datagram, device);
  const int64_t deadline = now_ns() + HANDSHAKE_TIMEOUT_S * NS_PER_S;
  while (!association_handshake(device->association)) {
    if (now_ns() > deadline) die("a handshake has not completed in %d seconds", HANDSHAKE_TIMEOUT_S);
    struct pollfd pollfd = {.fd = association_fd(device->association), .events = POLLIN};
    const int64_t now = now_ns();
    poll(&pollfd, 1, ms_until(now + association_timeout_ns(device->association), now));
  }
  watch(fleet->epoll_fd, association_fd(device->association), (uint32_t)index);
  // Of phase 0, which nobody counts: the datagram to be captured.
  association_send(device->association, fleet->message, (size_t)fleet->options->size);
}

static void open_all_devices(struct fleet *fleet) {
  for (int i = 0; i < fleet->device_count; i++) open_device(fleet, i);
  struct captured *all = allocate((size_t)fleet->device_count, sizeof *all);
  for (int i = 0; i < fleet->device_count; i++) all[i] = fleet->devices[i].captured;
  write_captured(fleet->options->file, all, (size_t)fleet->device_count);
  free(all);
  printf("{\"associations\":%d}\n", fleet->device_count);
  fflush(stdout);
}

static void send_one(struct fleet *fleet) {
  struct device *device = &fleet->devices[fleet->next];
  if (++fleet->next == fleet->device_count) fleet->next = 0;
  memcpy(fleet->message, &fleet->phase, sizeof fleet->phase);
  if (association_send(device->association, fleet->message, (size_t)fleet->options->size)) fleet->sent++;
}

static uint64_t due_by(const struct fleet *fleet, int64_t now, int rate) {
  return (uint64_t)((double)(now - fleet->started_ns) / NS_PER_S * rate);
}

static void send_what_is_due(struct fleet *fleet) {
  const int64_t now = now_ns();
  const uint64_t due = due_by(fleet, now, fleet->options->rate);
  for (int i = 0; i < BURST && fleet->sent < due; i++) send_one(fleet);
  if (fleet->newcomers.started < due_by(fleet, now, fleet->options->newcomers)) {
    newcomers_start_one(&fleet->newcomers);
  }
}

static void receive(struct fleet *fleet, struct device *device) {
  char answer[MAX_MESSAGE];
  size_t size;
  while ((size = association_receive(device->association, answer, sizeof answer)) > 0) {
    if (size < sizeof fleet->phase || memcmp(answer, &fleet->phase, sizeof fleet->phase) != 0) continue;
    fleet->answered++;
    fleet->last_answer_ns = now_ns();
  }
}

// Datagrams to the devices for which the kernel had no room, since they were opened.
static uint64_t kernel_drops(const struct fleet *fleet) {
  uint64_t drops = 0;
  for (int i = 0; i < fleet->device_count; i++) {
    uint32_t info[SK_MEMINFO_VARS];
    socklen_t size = sizeof info;
    const int fd = association_fd(fleet->devices[i].association);
    if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &size) != 0) die_errno("SO_MEMINFO");
    drops += info[SK_MEMINFO_DROPS];
  }
  return drops;
}

static void begin_phase(struct fleet *fleet) {
  fleet->phase++;
  fleet->is_running = true;
  fleet->sent = fleet->answered = 0;
  fleet->drops_before = kernel_drops(fleet);
  for (int i = 0; i < fleet->device_count; i++) fleet->devices[i].datagrams = 0;
  fleet->newcomers.started = fleet->newcomers.datagrams = fleet->newcomers.connect.count = 0;
  fleet->started_ns = now_ns();
}

static uint64_t datagrams_sent(const struct fleet *fleet) {
  uint64_t datagrams = fleet->newcomers.datagrams;
  for (int i = 0; i < fleet->device_count; i++) datagrams += fleet->devices[i].datagrams;
  return datagrams;
}

static void report_phase(struct fleet *fleet) {
  struct newcomers *newcomers = &fleet->newcomers;
  const uint64_t connected = newcomers->connect.count;
  newcomers_abandon(newcomers);
  const double seconds = (double)(fleet->stopped_ns - fleet->started_ns) / NS_PER_S;
  printf("{\"sent\":%ju,\"messages\":%ju,\"seconds\":%.6f,\"messagesPerSecond\":%.1f,\"datagrams\":%ju,"
         "\"kernelDrops\":%ju,\"newcomers\":%ju,\"newcomersConnected\":%ju",
         (uintmax_t)fleet->sent, (uintmax_t)fleet->answered, seconds, (double)fleet->answered / seconds,
         (uintmax_t)datagrams_sent(fleet), (uintmax_t)(kernel_drops(fleet) - fleet->drops_before),
         (uintmax_t)newcomers->started, (uintmax_t)connected);
  if (connected > 0) {
    samples_sort(&newcomers->connect);
    printf(",\"connectP50Us\":%.1f", samples_percentile_us(&newcomers->connect, 50));
  }
  printf("}\n");
  fflush(stdout);
}

static void handle_signal(struct fleet *fleet) {
  struct signalfd_siginfo info;
  if (read(fleet->signal_fd, &info, sizeof info) != sizeof info) return;
  if (info.ssi_signo == SIGUSR2) {
    begin_phase(fleet);
  } else if (info.ssi_signo == SIGUSR1) {
    fleet->is_running = false;
    fleet->stopped_ns = fleet->last_answer_ns = now_ns();
  } else {
    fleet->must_end = true;
  }
}

// Between its last message and its report.
static bool is_calming_down(const struct fleet *fleet) { return !fleet->is_running && fleet->stopped_ns > 0; }

static void report_when_calm(struct fleet *fleet) {
  const bool has_all = fleet->answered == fleet->sent && fleet->newcomers.connecting == 0;
  if (!has_all && now_ns() < fleet->last_answer_ns + CALM_MS * NS_PER_MS) return;
  report_phase(fleet);
  fleet->stopped_ns = 0;
}

static int wait_ms(const struct fleet *fleet) {
  if (!fleet->is_running && !is_calming_down(fleet)) return -1;
  const int64_t now = now_ns();
  const int until_newcomer = ms_until(newcomers_due_ns(&fleet->newcomers), now);
  const bool is_behind = fleet->is_running && fleet->sent < due_by(fleet, now, fleet->options->rate);
  return is_behind || until_newcomer == 0 ? 0 : 1;
}

static void run_once(struct fleet *fleet) {
  struct epoll_event events[MAX_EVENTS];
  const int count = epoll_wait(fleet->epoll_fd, events, MAX_EVENTS, wait_ms(fleet));
  if (count < 0 && errno != EINTR) die_errno("epoll_wait");
  for (int i = 0; i < count; i++) {
    const uint32_t number = events[i].data.u32;
    if (number == (uint32_t)SIGNAL_EVENT) {
      handle_signal(fleet);
    } else if (number < fleet->newcomers.first_event) {
      receive(fleet, &fleet->devices[number]);
    } else {
      newcomers_readable(&fleet->newcomers, number - fleet->newcomers.first_event);
    }
  }
  newcomers_handle_timeouts(&fleet->newcomers);
  if (fleet->is_running) send_what_is_due(fleet);
  if (is_calming_down(fleet)) report_when_calm(fleet);
}

int main(int argc, char **argv) {
  struct options options = {.size = 100, .associations = 1, .rate = 1000};
  parse_options(argc, argv, &options, usage);
  if (argc - optind != 2 || options.file == NULL || options.size < (int)sizeof(uint32_t)) exit_with_usage(usage);
  raise_open_file_limit();
  association_setup();
  struct fleet fleet = {
      .options = &options,
      .server = parse_address(argv[optind], argv[optind + 1], usage),
      .devices = allocate((size_t)options.associations, sizeof *fleet.devices),
      .device_count = options.associations,
      .epoll_fd = epoll_create1(EPOLL_CLOEXEC),
      .signal_fd = open_signals((const int[]){SIGUSR1, SIGUSR2, SIGTERM, SIGINT}, 4),
      .message = allocate(1, (size_t)options.size),
  };
  if (fleet.epoll_fd < 0) die_errno("epoll_create1");
  fleet.newcomers.server = &fleet.server;
  fleet.newcomers.epoll_fd = fleet.epoll_fd;
  fleet.newcomers.first_event = (uint32_t)options.associations;
  watch(fleet.epoll_fd, fleet.signal_fd, (uint32_t)SIGNAL_EVENT);
  open_all_devices(&fleet);
  while (!fleet.must_end) run_once(&fleet);
  // The process ends with its associations: the server is the next to go.
  return 0;
}
