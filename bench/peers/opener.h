// Opens associations, several handshakes at a time.
#ifndef OPENER_H
#define OPENER_H

#include <netinet/in.h>
#include <stdint.h>

#include "association.h"

// Takes over the association, whose handshake took `handshake_ns`.
typedef void (*on_open_function)(void *context, struct association *association, int64_t handshake_ns);

// Returns when `count` associations have been opened, with at most `concurrency` handshakes under way at any time.
void open_associations(const struct sockaddr_in *server, int count, int concurrency, on_open_function on_open,
                       void *context);

// Opens `count` associations and returns them; association i is at [i]. `associations` has room for them.
void open_all(const struct sockaddr_in *server, int count, struct association **associations);

#endif
