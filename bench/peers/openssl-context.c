#include "openssl-context.h"

#include <openssl/err.h>
#include <string.h>

#include "common.h"

// Of the UDP payload, so that a handshake fits every path (RFC 9147 section 4.4 and RFC 8085 take 1200 to 1280 bytes).
enum { MTU = 1200 };

static unsigned psk_key(unsigned char *key, unsigned capacity) {
  size_t length = 0;
  return OPENSSL_hexstr2buf_ex(key, capacity, &length, PSK_KEY_HEX, '\0') == 1 ? (unsigned)length : 0;
}

static unsigned on_client_psk(SSL *ssl, const char *hint, char *identity, unsigned identity_capacity,
                              unsigned char *key, unsigned key_capacity) {
  (void)ssl;
  (void)hint;
  if (sizeof PSK_IDENTITY > identity_capacity) return 0;
  memcpy(identity, PSK_IDENTITY, sizeof PSK_IDENTITY);
  return psk_key(key, key_capacity);
}

static unsigned on_server_psk(SSL *ssl, const char *identity, unsigned char *key, unsigned key_capacity) {
  (void)ssl;
  return strcmp(identity, PSK_IDENTITY) == 0 ? psk_key(key, key_capacity) : 0;
}

SSL_CTX *new_context(const SSL_METHOD *method) {
  SSL_CTX *context = SSL_CTX_new(method);
  if (context == NULL || SSL_CTX_set_min_proto_version(context, DTLS1_2_VERSION) != 1 ||
      SSL_CTX_set_cipher_list(context, "PSK-AES128-GCM-SHA256") != 1) {
    die_openssl("SSL_CTX");
  }
  // Full handshakes only: no ticket and no cache of sessions that nobody resumes.
  SSL_CTX_set_options(context, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_psk_client_callback(context, on_client_psk);
  SSL_CTX_set_psk_server_callback(context, on_server_psk);
  return context;
}

SSL *new_ssl(SSL_CTX *context, BIO *bio) {
  SSL *ssl = SSL_new(context);
  if (ssl == NULL || bio == NULL || SSL_set_mtu(ssl, MTU) != MTU) die_openssl("SSL");
  SSL_set_bio(ssl, bio, bio);
  return ssl;
}

void set_connected(SSL *ssl, const struct sockaddr_in *peer) {
  BIO_ADDR *address = BIO_ADDR_new();
  if (address == NULL ||
      BIO_ADDR_rawmake(address, AF_INET, &peer->sin_addr, sizeof peer->sin_addr, peer->sin_port) != 1) {
    die_openssl("BIO_ADDR");
  }
  BIO_ctrl(SSL_get_rbio(ssl), BIO_CTRL_DGRAM_SET_CONNECTED, 0, address);
  BIO_ADDR_free(address);
}

void die_openssl(const char *what) {
  char text[256] = "no further information";
  const unsigned long code = ERR_peek_last_error();
  if (code != 0) ERR_error_string_n(code, text, sizeof text);
  die("%s: %s", what, text);
}
