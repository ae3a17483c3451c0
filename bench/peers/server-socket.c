#include "server-socket.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include "common.h"

static int bind_shared(const struct sockaddr_in *address) {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) die_errno("socket");
  const int on = 1;
  if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) die_errno("SO_REUSEADDR");
  if (bind(fd, (const struct sockaddr *)address, sizeof *address) != 0) die_errno("bind");
  return fd;
}

int bind_listener(struct sockaddr_in *address) {
  const int fd = bind_shared(address);
  socklen_t length = sizeof *address;
  if (getsockname(fd, (struct sockaddr *)address, &length) != 0) die_errno("getsockname");
  return fd;
}

int connect_to_peer(const struct sockaddr_in *listener, const struct sockaddr_in *peer) {
  // Bound to the listener's own address, the socket would take the hellos of others until connect() narrows it to its
  // peer. As a wildcard it takes nothing while a socket with the exact address, the listener, is there; connect() then
  // sets its address too.
  const struct sockaddr_in wildcard = {
      .sin_family = AF_INET, .sin_port = listener->sin_port, .sin_addr.s_addr = htonl(INADDR_ANY)};
  const int fd = bind_shared(&wildcard);
  if (connect(fd, (const struct sockaddr *)peer, sizeof *peer) != 0) die_errno("connect");
  return fd;
}
