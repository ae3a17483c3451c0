#include "server-association.h"

#include <errno.h>
#include <openssl/err.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "common.h"
#include "discard.h"
#include "openssl-context.h"
#include "packet-info.h"
#include "server-socket.h"

// Messages, or batches of discarded datagrams, of one association before the others get their turn.
enum { TURN = 64 };

static const char flood_end[] = "FLOOD-END";

struct association {
  struct sockaddr_in peer;
  int fd;  // owned by the BIO of `ssl`
  bool is_open;
  SSL *ssl;
  struct association *previous, *next;  // in the list of those that are handshaking
  int64_t deadline_ns;                  // of the handshake
  // What FLOOD-STAT tells.
  uint64_t messages, bytes;
  int64_t first_ns, last_ns;
};

static int compare_peers(const void *left, const void *right) {
  const struct sockaddr_in *a = &((const struct association *)left)->peer;
  const struct sockaddr_in *b = &((const struct association *)right)->peer;
  if (a->sin_port != b->sin_port) return a->sin_port < b->sin_port ? -1 : 1;
  return (a->sin_addr.s_addr > b->sin_addr.s_addr) - (a->sin_addr.s_addr < b->sin_addr.s_addr);
}

static void link_handshaking(struct server *server, struct association *association) {
  association->next = server->handshaking;
  if (association->next != NULL) association->next->previous = association;
  server->handshaking = association;
}

static void unlink_handshaking(struct server *server, struct association *association) {
  if (association->next != NULL) association->next->previous = association->previous;
  if (association->previous != NULL) {
    association->previous->next = association->next;
  } else {
    server->handshaking = association->next;
  }
}

static void association_free(struct server *server, struct association *association) {
  if (association->is_open) {
    server->counters.associations--;
  } else {
    unlink_handshaking(server, association);
  }
  tdelete(association, &server->associations, compare_peers);
  SSL_free(association->ssl);
  free(association);
}

// Whether the association goes on after an operation that returned no success. OpenSSL's error queue is left empty, for
// SSL_get_error() takes what it holds for the result of the last operation.
static bool survives(struct association *association, int result) {
  switch (SSL_get_error(association->ssl, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      return true;
    case SSL_ERROR_ZERO_RETURN:
      SSL_shutdown(association->ssl);
      break;
    default:
      break;
  }
  ERR_clear_error();
  return false;
}

static void send_message(struct association *association, const void *message, int size) {
  // A datagram that finds no room is lost, as on any path; other failures show again at the next receive.
  if (SSL_write(association->ssl, message, size) <= 0) ERR_clear_error();
}

static void count_for_flood(struct association *association, const char *message, int size) {
  if (size == sizeof flood_end - 1 && memcmp(message, flood_end, sizeof flood_end - 1) == 0) {
    char stat[128];
    const int length = snprintf(stat, sizeof stat, "FLOOD-STAT %ju %ju %jd", (uintmax_t)association->messages,
                                (uintmax_t)association->bytes,
                                (intmax_t)((association->last_ns - association->first_ns) / 1000));
    send_message(association, stat, length);
    return;
  }
  association->last_ns = now_ns();
  if (association->messages++ == 0) association->first_ns = association->last_ns;
  association->bytes += (uint64_t)size;
}

static bool receive_messages(struct server *server, struct association *association) {
  char message[MAX_MESSAGE];
  // epoll knows nothing of records that OpenSSL has already taken from the socket.
  for (int i = 0; i < TURN || SSL_has_pending(association->ssl); i++) {
    const int size = SSL_read(association->ssl, message, sizeof message);
    if (size <= 0) return survives(association, size);
    server->counters.messages++;
    server->counters.bytes += (uint64_t)size;
    if (server->mode == MODE_ECHO) {
      send_message(association, message, size);
    } else {
      count_for_flood(association, message, size);
    }
  }
  return true;
}

static bool receive_datagrams(struct server *server, struct association *association) {
  struct discarded discarded;
  for (int i = 0; i < TURN; i++) {
    if (!discard_datagrams(association->fd, MSG_DONTWAIT, &discarded)) return errno == EAGAIN;
    server->counters.datagrams += discarded.datagrams;
    server->counters.bytes += discarded.bytes;
    // Nobody sends an alert here but to close.
    if (discarded.has_alert) return false;
  }
  return true;
}

static bool receive(struct server *server, struct association *association) {
  return discards(server->mode) ? receive_datagrams(server, association)
                                      : receive_messages(server, association);
}

// Brings `handshake_due_ns` forward to what the association needs.
static void schedule(struct server *server, struct association *association) {
  int64_t due = association->deadline_ns;
  struct timeval left;
  if (DTLSv1_get_timeout(association->ssl, &left) == 1) {
    const int64_t retransmission = now_ns() + left.tv_sec * NS_PER_S + left.tv_usec * INT64_C(1000);
    if (retransmission < due) due = retransmission;
  }
  if (due < server->handshake_due_ns) server->handshake_due_ns = due;
}

static bool go_on_with_handshake(struct server *server, struct association *association) {
  const int result = SSL_accept(association->ssl);
  if (result == 1) {
    unlink_handshaking(server, association);
    association->is_open = true;
    server->counters.handshakes++;
    server->counters.associations++;
    return receive(server, association);
  }
  if (!survives(association, result)) return false;
  schedule(server, association);
  return true;
}

void association_accept(struct server *server, SSL *ssl, const struct sockaddr_in *peer) {
  struct association *association = allocate(1, sizeof *association);
  association->peer = *peer;
  association->ssl = ssl;
  struct association **node = tsearch(association, &server->associations, compare_peers);
  if (node == NULL) die("out of memory");
  // A hello that was sent again while the first one waited to be read: the association exists.
  if (*node != association) {
    SSL_free(ssl);
    free(association);
    return;
  }
  association->fd = connect_to_peer(&server->address, peer);
  if (discards(server->mode)) enlarge_receive_buffer(association->fd);
  if (server->mode == MODE_DISCARD_MERGED) accept_merged(association->fd);
  BIO_set_fd(SSL_get_rbio(ssl), association->fd, BIO_CLOSE);
  set_connected(ssl, peer);
  association->deadline_ns = now_ns() + HANDSHAKE_TIMEOUT_S * NS_PER_S;
  link_handshaking(server, association);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = association};
  if (epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, association->fd, &event) != 0) die_errno("epoll_ctl");
  if (!go_on_with_handshake(server, association)) association_free(server, association);
}

void association_readable(struct server *server, struct association *association) {
  const bool goes_on =
      association->is_open ? receive(server, association) : go_on_with_handshake(server, association);
  if (!goes_on) association_free(server, association);
}

void associations_handle_timeouts(struct server *server) {
  const int64_t now = now_ns();
  server->handshake_due_ns = INT64_MAX;
  struct association *next;
  for (struct association *association = server->handshaking; association != NULL; association = next) {
    next = association->next;
    if (now >= association->deadline_ns || DTLSv1_handle_timeout(association->ssl) < 0) {
      ERR_clear_error();
      association_free(server, association);
    } else {
      schedule(server, association);
    }
  }
}

static void close_node(void *node) {
  struct association *association = node;
  if (association->is_open) SSL_shutdown(association->ssl);
  ERR_clear_error();
  SSL_free(association->ssl);
  free(association);
}

void associations_close_all(struct server *server) { tdestroy(server->associations, close_node); }
