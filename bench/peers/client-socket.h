// The UDP socket of a client association.
#ifndef CLIENT_SOCKET_H
#define CLIENT_SOCKET_H

#include <netinet/in.h>
#include <stdint.h>

// A non-blocking socket that is connected to `server`; bound to `local`, on whose port there may be others, or to what
// the kernel chooses when that is NULL.
int connect_socket(const struct sockaddr_in *local, const struct sockaddr_in *server);

// A receive that waits longer than `receive_timeout_ns` fails with EAGAIN.
void set_socket_blocking(int fd, int64_t receive_timeout_ns);

#endif
