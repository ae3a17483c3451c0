// A DTLS server over OpenSSL as its manual has it: DTLSv1_listen() answers hellos with a cookie, and each client that
// brings it back gets a connected socket.
#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "common.h"
#include "cookie.h"
#include "discard.h"
#include "openssl-context.h"
#include "server-association.h"
#include "server-socket.h"

enum { MAX_EVENTS = 256 };

static const char usage[] = "usage: plain-server [--mode echo|sink|discard|discard-merged] [--port P]\n";

// The addresses of these mark their events among those of associations.
static int listener_fd, signal_fd;
static SSL *listener;

static void watch(const struct server *server, int *fd) {
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = fd};
  if (epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, *fd, &event) != 0) die_errno("epoll_ctl");
}

static void accept_clients(struct server *server, BIO_ADDR *client) {
  int result;
  while ((result = DTLSv1_listen(listener, client)) == 1) {
    struct sockaddr_in peer = {.sin_family = AF_INET, .sin_port = BIO_ADDR_rawport(client)};
    BIO_ADDR_rawaddress(client, &peer.sin_addr, NULL);
    association_accept(server, listener, &peer);
    listener = new_ssl(server->context, BIO_new_dgram(listener_fd, BIO_NOCLOSE));
  }
  // Whatever was wrong with a hello, it is the sender's affair.
  ERR_clear_error();
}

// False when the server is to end.
static bool handle_signal(struct server *server) {
  struct signalfd_siginfo info;
  if (read(signal_fd, &info, sizeof info) != sizeof info) return true;
  report_counters(&server->counters);
  return info.ssi_signo == SIGUSR1;
}

static bool serve_once(struct server *server, BIO_ADDR *client) {
  struct epoll_event events[MAX_EVENTS];
  const int count = epoll_wait(server->epoll_fd, events, MAX_EVENTS, ms_until(server->handshake_due_ns, now_ns()));
  if (count < 0 && errno != EINTR) die_errno("epoll_wait");
  bool goes_on = true;
  for (int i = 0; i < count; i++) {
    void *source = events[i].data.ptr;
    if (source == &listener_fd) {
      accept_clients(server, client);
    } else if (source == &signal_fd) {
      goes_on = handle_signal(server);
    } else {
      association_readable(server, source);
    }
  }
  if (discards(server->mode)) let_datagrams_gather();
  if (now_ns() >= server->handshake_due_ns) associations_handle_timeouts(server);
  return goes_on;
}

int main(int argc, char **argv) {
  struct options options = {.mode = MODE_ECHO};
  parse_options(argc, argv, &options, usage);
  if (optind != argc) exit_with_usage(usage);
  raise_open_file_limit();

  struct server server = {
      .mode = options.mode,
      .address = {.sin_family = AF_INET,
                  .sin_port = htons((uint16_t)options.port),
                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)},
      .epoll_fd = epoll_create1(EPOLL_CLOEXEC),
      .context = new_context(DTLS_server_method()),
      .handshake_due_ns = INT64_MAX,
  };
  if (server.epoll_fd < 0) die_errno("epoll_create1");
  install_cookie_callbacks(server.context);
  signal_fd = open_signals((const int[]){SIGUSR1, SIGTERM, SIGINT}, 3);
  listener_fd = bind_listener(&server.address);
  enlarge_receive_buffer(listener_fd);
  listener = new_ssl(server.context, BIO_new_dgram(listener_fd, BIO_NOCLOSE));
  BIO_ADDR *client = BIO_ADDR_new();
  if (client == NULL) die_openssl("BIO_ADDR");
  watch(&server, &signal_fd);
  watch(&server, &listener_fd);
  report_ready(listener_fd);

  while (serve_once(&server, client)) continue;

  associations_close_all(&server);
  BIO_ADDR_free(client);
  SSL_free(listener);
  SSL_CTX_free(server.context);
  close(listener_fd);
  close(signal_fd);
  close(server.epoll_fd);
  return 0;
}
