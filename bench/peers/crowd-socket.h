// One UDP socket for a crowd of devices, each of which has an address of its own in 127.0.0.0/8: IP_PKTINFO chooses the
// source of what is sent and tells the destination of what has come. Both go in batches, one system call for many.
#ifndef CROWD_SOCKET_H
#define CROWD_SOCKET_H

#include <netinet/in.h>
#include <openssl/bio.h>
#include <stdint.h>

enum { MAX_CROWD = 60000 };

struct crowd_socket;

// A read that has waited for `receive_timeout_ns` ends without a datagram.
struct crowd_socket *crowd_socket_new(const struct sockaddr_in *server, int64_t receive_timeout_ns);
void crowd_socket_free(struct crowd_socket *crowd_socket);

// The BIO of a device: it reads the datagram that is given, and what it writes is sent with a batch.
BIO *crowd_socket_bio(struct crowd_socket *crowd_socket, int device);

// Waits for a message and takes what else there is, up to a batch; gives their number.
int crowd_socket_receive(struct crowd_socket *crowd_socket);

// Calls back for each datagram of received message `index`: the next read of a BIO gives it. `device` can be anything.
typedef void (*on_datagram_function)(void *context, uint32_t device);
void crowd_socket_deliver(struct crowd_socket *crowd_socket, int index, on_datagram_function on_datagram,
                          void *context);

// Sends what the BIOs have written.
void crowd_socket_flush(struct crowd_socket *crowd_socket);

#endif
