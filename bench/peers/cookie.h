// The stateless cookie of RFC 6347 section 4.2.1: a MAC over the client's address under a key of this process.
#ifndef COOKIE_H
#define COOKIE_H

#include <openssl/ssl.h>

void install_cookie_callbacks(SSL_CTX *context);

#endif
