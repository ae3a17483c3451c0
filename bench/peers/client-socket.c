#include "client-socket.h"

#include <fcntl.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "common.h"

static void bind_shared(int fd, const struct sockaddr_in *local) {
  const int on = 1;
  if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) die_errno("SO_REUSEADDR");
  if (bind(fd, (const struct sockaddr *)local, sizeof *local) != 0) die_errno("bind");
}

int connect_socket(const struct sockaddr_in *local, const struct sockaddr_in *server) {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) die_errno("socket");
  if (local != NULL) bind_shared(fd, local);
  if (connect(fd, (const struct sockaddr *)server, sizeof *server) != 0) die_errno("connect");
  return fd;
}

void set_socket_blocking(int fd, int64_t receive_timeout_ns) {
  const struct timeval timeout = {receive_timeout_ns / NS_PER_S, receive_timeout_ns % NS_PER_S / 1000};
  if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK) != 0) die_errno("fcntl");
  if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) != 0) die_errno("SO_RCVTIMEO");
}
