// What the OpenSSL client and server have in common: the SSL_CTX and the datagram BIO.
#ifndef OPENSSL_CONTEXT_H
#define OPENSSL_CONTEXT_H

#include <netinet/in.h>
#include <openssl/ssl.h>

// A context for PSK-AES128-GCM-SHA256 with the key of the benchmark. `method` is that of a client or of a server.
SSL_CTX *new_context(const SSL_METHOD *method);

// An SSL that reads and writes `bio`, which it owns.
SSL *new_ssl(SSL_CTX *context, BIO *bio);

// Tells the datagram BIO that its socket is connected, so that it calls send() and not sendto().
void set_connected(SSL *ssl, const struct sockaddr_in *peer);

// Ends the program with what OpenSSL says of the failure.
_Noreturn void die_openssl(const char *what);

#endif
