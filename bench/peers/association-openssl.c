#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <sys/time.h>

#include "association.h"
#include "association-watch.h"
#include "client-socket.h"
#include "common.h"
#include "openssl-context.h"

struct association {
  SSL *ssl;
  on_datagram_function on_datagram;
  void *context;
};

static SSL_CTX *context;

void association_setup(void) { context = new_context(DTLS_client_method()); }

void association_cleanup(void) { SSL_CTX_free(context); }

struct association *association_new(const struct sockaddr_in *local, const struct sockaddr_in *server) {
  struct association *association = allocate(1, sizeof *association);
  association->ssl = new_ssl(context, BIO_new_dgram(connect_socket(local, server), BIO_NOCLOSE));
  set_connected(association->ssl, server);
  SSL_set_connect_state(association->ssl);
  return association;
}

static long on_bio(BIO *bio, int operation, const char *datagram, size_t size, int argi, long argl, int result,
                   size_t *written) {
  (void)argi;
  (void)argl;
  (void)written;
  const struct association *association = (const struct association *)BIO_get_callback_arg(bio);
  if (operation == (BIO_CB_WRITE | BIO_CB_RETURN) && result > 0) {
    association->on_datagram(association->context, datagram, size);
  }
  return result;
}

void association_watch(struct association *association, on_datagram_function on_datagram, void *context) {
  association->on_datagram = on_datagram;
  association->context = context;
  BIO *bio = SSL_get_wbio(association->ssl);
  BIO_set_callback_arg(bio, (char *)association);
  BIO_set_callback_ex(bio, on_bio);
}

int association_fd(const struct association *association) { return SSL_get_fd(association->ssl); }

// Returns when the operation may be tried again. OpenSSL's error queue is empty before every operation, which
// SSL_get_error() relies on: an operation that fails otherwise ends the program.
static void expect_retry(struct association *association, int result, const char *what) {
  switch (SSL_get_error(association->ssl, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      return;
    case SSL_ERROR_ZERO_RETURN:
      die("%s: the server closed the association", what);
    case SSL_ERROR_SYSCALL:
      die_errno(what);
    default:
      die_openssl(what);
  }
}

bool association_handshake(struct association *association) {
  if (DTLSv1_handle_timeout(association->ssl) < 0) die_openssl("retransmission");
  const int result = SSL_do_handshake(association->ssl);
  if (result == 1) return true;
  expect_retry(association, result, "handshake");
  return false;
}

int64_t association_timeout_ns(struct association *association) {
  struct timeval left;
  if (DTLSv1_get_timeout(association->ssl, &left) != 1) return INT64_MAX;
  return left.tv_sec * NS_PER_S + left.tv_usec * INT64_C(1000);
}

bool association_send(struct association *association, const void *message, size_t size) {
  const int result = SSL_write(association->ssl, message, (int)size);
  if (result > 0) return true;
  expect_retry(association, result, "send");
  return false;
}

size_t association_receive(struct association *association, void *message, size_t capacity) {
  const int result = SSL_read(association->ssl, message, (int)capacity);
  if (result > 0) return (size_t)result;
  expect_retry(association, result, "receive");
  return 0;
}

int association_close(struct association *association) {
  const int fd = association_fd(association);
  SSL_shutdown(association->ssl);
  ERR_clear_error();
  SSL_free(association->ssl);
  free(association);
  return fd;
}
