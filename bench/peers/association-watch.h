// What an association hands to the kernel, datagram by datagram. Associations of OpenSSL only.
#ifndef ASSOCIATION_WATCH_H
#define ASSOCIATION_WATCH_H

#include <stddef.h>

#include "association.h"

typedef void (*on_datagram_function)(void *context, const void *datagram, size_t size);

// From now on calls `on_datagram` for every datagram that the kernel took, of the handshake and after it.
void association_watch(struct association *association, on_datagram_function on_datagram, void *context);

#endif
