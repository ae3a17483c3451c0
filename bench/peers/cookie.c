#include "cookie.h"

#include <netinet/in.h>
#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <string.h>

#include "openssl-context.h"

enum { COOKIE_SIZE = 32 };

static unsigned char secret[32];

static int compute(SSL *ssl, unsigned char *cookie) {
  struct sockaddr_in peer;
  if (BIO_dgram_get_peer(SSL_get_rbio(ssl), &peer) <= 0) return 0;
  unsigned char input[sizeof peer.sin_addr + sizeof peer.sin_port];
  memcpy(input, &peer.sin_addr, sizeof peer.sin_addr);
  memcpy(input + sizeof peer.sin_addr, &peer.sin_port, sizeof peer.sin_port);
  return HMAC(EVP_sha256(), secret, sizeof secret, input, sizeof input, cookie, NULL) != NULL;
}

static int on_generate(SSL *ssl, unsigned char *cookie, unsigned *length) {
  *length = COOKIE_SIZE;
  return compute(ssl, cookie);
}

static int on_verify(SSL *ssl, const unsigned char *cookie, unsigned length) {
  unsigned char expected[COOKIE_SIZE];
  return length == COOKIE_SIZE && compute(ssl, expected) && CRYPTO_memcmp(cookie, expected, COOKIE_SIZE) == 0;
}

void install_cookie_callbacks(SSL_CTX *context) {
  if (RAND_bytes(secret, sizeof secret) != 1) die_openssl("RAND_bytes");
  SSL_CTX_set_cookie_generate_cb(context, on_generate);
  SSL_CTX_set_cookie_verify_cb(context, on_verify);
}
