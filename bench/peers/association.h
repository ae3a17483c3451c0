// One DTLS client association over its own connected UDP socket. Each TLS library has its implementation of this file.
#ifndef ASSOCIATION_H
#define ASSOCIATION_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct association;

// Makes what all associations share; called once, before the first one.
void association_setup(void);
void association_cleanup(void);

// The socket is connected and non-blocking, bound to `local` unless that is NULL. Ends the program when there are no
// resources left.
struct association *association_new(const struct sockaddr_in *local, const struct sockaddr_in *server);

int association_fd(const struct association *association);

// Goes on with the handshake, retransmission included; true when it is complete. Ends the program when it fails.
bool association_handshake(struct association *association);

// Nanoseconds until the handshake must go on though nothing has arrived; INT64_MAX when it need not.
int64_t association_timeout_ns(struct association *association);

// True when the kernel took the datagram, false when it has no room now. Ends the program when the association is over.
bool association_send(struct association *association, const void *message, size_t size);

// The size of the message; 0 when there is none, which a blocking socket says after its receive timeout. Ends the
// program when the association is over.
size_t association_receive(struct association *association, void *message, size_t capacity);

// Sends close_notify and frees the association; returns its socket, for the caller to close.
int association_close(struct association *association);

#endif
