// A load for an echo server that is never the slower side: a crowd of devices that share one socket, whose datagrams go
// and come in batches. To the server each is a peer of its own.
#include <getopt.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"
#include "crowd-socket.h"
#include "openssl-context.h"
#include "options.h"

static const char usage[] =
    "usage: crowd echo HOST PORT [--associations N] [--window W] [--size BYTES] [--seconds S]\n"
    "HOST is an IPv4 address of this machine's loopback. Prints one line of JSON.\n";

enum {
  HANDSHAKES_AT_ONCE = 32,
  MAX_ECHO = 900,  // all that waits to be sent, in records of one device, is one UDP packet before it is cut
};

struct crowd {
  SSL_CTX *context;
  struct crowd_socket *socket;
  SSL **devices;
  int device_count;
  int started, connected;
  int next;  // the device that sends the next message
  int window, in_flight;
  // Its first byte changes after a loss, so that an answer that comes late is not taken for that of another message.
  char message[MAX_ECHO];
  int size;
  uint64_t messages, lost;
};

// There is nothing to read, or nothing more.
static void expect_retry(SSL *ssl, int result, const char *what) {
  if (SSL_get_error(ssl, result) != SSL_ERROR_WANT_READ) die_openssl(what);
}

static void go_on_with_handshake(struct crowd *crowd, SSL *ssl) {
  const int result = SSL_do_handshake(ssl);
  if (result != 1) {
    expect_retry(ssl, result, "handshake");
  } else {
    crowd->connected++;
  }
}

static void start_handshake(struct crowd *crowd) {
  const int device = crowd->started++;
  SSL *ssl = crowd->devices[device] = new_ssl(crowd->context, crowd_socket_bio(crowd->socket, device));
  SSL_set_connect_state(ssl);
  go_on_with_handshake(crowd, ssl);
}

static void send_again(struct crowd *crowd) {
  for (int i = 0; i < crowd->started; i++) {
    if (!SSL_is_init_finished(crowd->devices[i]) && DTLSv1_handle_timeout(crowd->devices[i]) < 0) {
      die_openssl("retransmission");
    }
  }
}

static void shake_hands(void *context, uint32_t device) {
  struct crowd *crowd = context;
  if (device >= (uint32_t)crowd->started || SSL_is_init_finished(crowd->devices[device])) return;
  go_on_with_handshake(crowd, crowd->devices[device]);
}

static void connect_all(struct crowd *crowd) {
  const int64_t deadline = now_ns() + HANDSHAKE_TIMEOUT_S * NS_PER_S;
  while (crowd->connected < crowd->device_count) {
    while (crowd->started < crowd->device_count && crowd->started - crowd->connected < HANDSHAKES_AT_ONCE) {
      start_handshake(crowd);
    }
    crowd_socket_flush(crowd->socket);
    const int count = crowd_socket_receive(crowd->socket);
    for (int i = 0; i < count; i++) crowd_socket_deliver(crowd->socket, i, shake_hands, crowd);
    if (count == 0) send_again(crowd);
    if (now_ns() > deadline) die("%d handshakes have not completed", crowd->device_count - crowd->connected);
  }
}

static void send_next(struct crowd *crowd) {
  SSL *ssl = crowd->devices[crowd->next];
  if (++crowd->next == crowd->device_count) crowd->next = 0;
  if (SSL_write(ssl, crowd->message, crowd->size) != crowd->size) die_openssl("send");
  crowd->in_flight++;
}

static void receive_answer(void *context, uint32_t device) {
  struct crowd *crowd = context;
  if (device >= (uint32_t)crowd->started) return;
  SSL *ssl = crowd->devices[device];
  char answer[MAX_ECHO];
  const int size = SSL_read(ssl, answer, sizeof answer);
  if (size <= 0) {
    expect_retry(ssl, size, "receive");
  } else if (size == crowd->size && answer[0] == crowd->message[0]) {
    crowd->messages++;
    crowd->in_flight--;
  }
}

static void give_up_in_flight(struct crowd *crowd) {
  crowd->lost += (uint64_t)crowd->in_flight;
  crowd->in_flight = 0;
  crowd->message[0]++;
}

static void run_until(struct crowd *crowd, int64_t end) {
  while (now_ns() < end) {
    while (crowd->in_flight < crowd->window) send_next(crowd);
    crowd_socket_flush(crowd->socket);
    const int count = crowd_socket_receive(crowd->socket);
    if (count == 0) give_up_in_flight(crowd);
    for (int i = 0; i < count; i++) crowd_socket_deliver(crowd->socket, i, receive_answer, crowd);
  }
}

static void close_all(struct crowd *crowd) {
  for (int i = 0; i < crowd->started; i++) {
    SSL_shutdown(crowd->devices[i]);
    SSL_free(crowd->devices[i]);
  }
  crowd_socket_flush(crowd->socket);
  crowd_socket_free(crowd->socket);
  SSL_CTX_free(crowd->context);
  free(crowd->devices);
}

static void measure(struct crowd *crowd, double duration) {
  run_until(crowd, now_ns() + (int64_t)(duration * WARM_UP_SHARE * NS_PER_S));
  crowd->messages = crowd->lost = 0;
  const int64_t from = now_ns();
  const double cpu_from = cpu_seconds();
  run_until(crowd, from + (int64_t)(duration * NS_PER_S));
  const double cpu = cpu_seconds() - cpu_from;
  const double seconds = (double)(now_ns() - from) / NS_PER_S;
  printf("{\"messages\":%ju,\"seconds\":%.6f,\"messagesPerSecond\":%.1f,\"cpuUsPerMessage\":%.4f,\"lost\":%ju}\n",
         (uintmax_t)crowd->messages, seconds, (double)crowd->messages / seconds,
         crowd->messages == 0 ? 0 : cpu * 1e6 / (double)crowd->messages, (uintmax_t)crowd->lost);
  fflush(stdout);
}

int main(int argc, char **argv) {
  struct options options = {.size = 100, .window = 64, .seconds = 2, .associations = 1};
  parse_options(argc, argv, &options, usage);
  if (argc - optind != 3 || strcmp(argv[optind], "echo") != 0) exit_with_usage(usage);
  if (options.size > MAX_ECHO || options.associations > MAX_CROWD) exit_with_usage(usage);
  const struct sockaddr_in server = parse_address(argv[optind + 1], argv[optind + 2], usage);
  struct crowd crowd = {
      .context = new_context(DTLS_client_method()),
      .socket = crowd_socket_new(&server, LOSS_MS * NS_PER_MS),
      .devices = allocate((size_t)options.associations, sizeof *crowd.devices),
      .device_count = options.associations,
      .window = options.window,
      .size = options.size,
  };
  connect_all(&crowd);
  measure(&crowd, options.seconds);
  close_all(&crowd);
  return 0;
}
