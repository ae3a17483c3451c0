#include <gnutls/dtls.h>
#include <gnutls/gnutls.h>
#include <stdlib.h>

#include "association.h"
#include "client-socket.h"
#include "common.h"

// GnuTLS refuses messages that do not fit into its MTU, 1200 bytes and the overhead of a record must.
enum { MTU = 1400 };

struct association {
  gnutls_session_t session;
  int fd;
};

static gnutls_psk_client_credentials_t credentials;
static gnutls_priority_t priority;

static void check(int result, const char *what) {
  if (result < 0) die("%s: %s", what, gnutls_strerror(result));
}

void association_setup(void) {
  const gnutls_datum_t key = {(unsigned char *)PSK_KEY_HEX, sizeof PSK_KEY_HEX - 1};
  check(gnutls_psk_allocate_client_credentials(&credentials), "credentials");
  check(gnutls_psk_set_client_credentials(credentials, PSK_IDENTITY, &key, GNUTLS_PSK_KEY_HEX), "credentials");
  check(gnutls_priority_init(&priority, "NONE:+VERS-DTLS1.2:+PSK:+AES-128-GCM:+AEAD:+COMP-NULL:+SIGN-ALL", NULL),
        "priority");
}

void association_cleanup(void) {
  gnutls_priority_deinit(priority);
  gnutls_psk_free_client_credentials(credentials);
}

struct association *association_new(const struct sockaddr_in *local, const struct sockaddr_in *server) {
  struct association *association = allocate(1, sizeof *association);
  association->fd = connect_socket(local, server);
  check(gnutls_init(&association->session, GNUTLS_CLIENT | GNUTLS_DATAGRAM | GNUTLS_NONBLOCK | GNUTLS_NO_TICKETS),
        "session");
  check(gnutls_priority_set(association->session, priority), "priority");
  check(gnutls_credentials_set(association->session, GNUTLS_CRD_PSK, credentials), "credentials");
  gnutls_transport_set_int(association->session, association->fd);
  gnutls_dtls_set_mtu(association->session, MTU);
  gnutls_dtls_set_timeouts(association->session, 1000, HANDSHAKE_TIMEOUT_S * 1000);
  return association;
}

int association_fd(const struct association *association) { return association->fd; }

static bool must_retry(int result) { return result == GNUTLS_E_AGAIN || result == GNUTLS_E_INTERRUPTED; }

bool association_handshake(struct association *association) {
  const int result = gnutls_handshake(association->session);
  if (result == GNUTLS_E_SUCCESS) return true;
  if (gnutls_error_is_fatal(result)) check(result, "handshake");
  return false;
}

int64_t association_timeout_ns(struct association *association) {
  return gnutls_dtls_get_timeout(association->session) * NS_PER_MS;
}

bool association_send(struct association *association, const void *message, size_t size) {
  const ssize_t result = gnutls_record_send(association->session, message, size);
  if (result >= 0) return true;
  if (!must_retry((int)result)) check((int)result, "send");
  return false;
}

size_t association_receive(struct association *association, void *message, size_t capacity) {
  const ssize_t result = gnutls_record_recv(association->session, message, capacity);
  if (result > 0) return (size_t)result;
  if (result == 0) die("receive: the server closed the association");
  if (!must_retry((int)result)) check((int)result, "receive");
  return 0;
}

int association_close(struct association *association) {
  const int fd = association->fd;
  gnutls_bye(association->session, GNUTLS_SHUT_WR);
  gnutls_deinit(association->session);
  free(association);
  return fd;
}
