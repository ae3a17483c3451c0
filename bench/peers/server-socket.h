// The UDP sockets of the server: one that listens, and one for each client, connected to it.
#ifndef SERVER_SOCKET_H
#define SERVER_SOCKET_H

#include <netinet/in.h>

// Binds a non-blocking socket to `address`, whose port is filled in when it is 0.
int bind_listener(struct sockaddr_in *address);

// A non-blocking socket on the listener's port that receives only what `peer` sends.
int connect_to_peer(const struct sockaddr_in *listener, const struct sockaddr_in *peer);

#endif
