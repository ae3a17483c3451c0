// One association of the server, from the verified cookie to close_notify, over its own connected socket.
#ifndef SERVER_ASSOCIATION_H
#define SERVER_ASSOCIATION_H

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

#include "options.h"
#include "server-report.h"

struct server {
  enum mode mode;
  struct sockaddr_in address;
  int epoll_fd;
  SSL_CTX *context;
  struct association *handshaking;  // a list
  int64_t handshake_due_ns;         // not later than the earliest retransmission or deadline of that list
  void *associations;               // a tsearch() tree, by the peer's address
  struct counters counters;
};

struct association;

// Makes the association of `ssl`, which DTLSv1_listen() left with the hello of `peer`, and takes it over.
void association_accept(struct server *server, SSL *ssl, const struct sockaddr_in *peer);

// Its socket is readable. The association may be gone afterwards.
void association_readable(struct server *server, struct association *association);

// Retransmits what is due, and sets `handshake_due_ns` anew.
void associations_handle_timeouts(struct server *server);

// Sends close_notify to every open association and frees them all.
void associations_close_all(struct server *server);

#endif
