#include <string>

#include "certificates.h"
#include "check.h"

namespace dtls::test {

namespace {

const Bytes kKey(kTicketKeySize, 0x11);
const Bytes kLaterKey(kTicketKeySize, 0x22);

void SetKeys(const std::shared_ptr<TlsContext>& context, const std::vector<ByteView>& keys) {
  context->ticket_keys().Set(keys);
}

std::string TicketOf(const Connection& client) {
  const unsigned char* ticket = nullptr;
  size_t size = 0;
  SSL_SESSION_get0_ticket(SSL_get0_session(client.ssl()), &ticket, &size);
  return std::string(reinterpret_cast<const char*>(ticket), size);
}

ConnectionOptions Offering(const std::string& session) {
  ConnectionOptions options = PatientOptions();
  options.session = session;
  return options;
}

ConnectionOptions Server(bool tickets, const std::string& session_id_context = "ours") {
  ConnectionOptions options = PatientOptions();
  options.tickets = tickets;
  options.session_id_context = session_id_context;
  return options;
}

// Contexts of two sides that know each other's key, and handshakes between them. The servers part with a close_notify:
// OpenSSL forgets the id of a session that goes without.
struct Peers {
  explicit Peers(bool tickets) : options(Server(tickets)) {
    if (tickets) SetKeys(server, {ViewOf(kKey)});
  }

  // The session of a full handshake.
  std::string FirstSession() {
    Pair pair(client, server, PatientOptions(), options);
    pair.Start();
    CHECK(pair.established());
    CHECK(SSL_session_reused(pair.client->ssl()) == 0);
    pair.server->Shutdown();
    return SessionOf(*pair.client);
  }

  // Whether a handshake with this session is abbreviated; it must complete.
  bool Resumes(const std::string& session) {
    Pair pair(client, server, Offering(session), options);
    pair.Start();
    CHECK(pair.established());
    CheckAlive(pair);
    const bool is_reused = SSL_session_reused(pair.client->ssl()) == 1;
    CHECK_EQ(SSL_session_reused(pair.server->ssl()) == 1, is_reused);
    ticket = TicketOf(*pair.client);
    pair.server->Shutdown();
    return is_reused;
  }

  const std::shared_ptr<TlsContext> client = ClientContext({});
  std::shared_ptr<TlsContext> server = ServerContext({});
  ConnectionOptions options;
  // Of the last handshake.
  std::string ticket;
};

}  // namespace

TEST("a session is resumed by its id, again and again") {
  Peers peers(false);
  const std::string session = peers.FirstSession();
  CHECK(peers.Resumes(session));
  CHECK(peers.Resumes(session));
  CHECK_EQ(peers.ticket, "");
}

TEST("a session is resumed by its ticket, at another server with the same ticket keys, too") {
  Peers peers(true);
  const std::string session = peers.FirstSession();
  CHECK(peers.Resumes(session));
  peers.server = ServerContext({});
  SetKeys(peers.server, {ViewOf(kKey)});
  CHECK(peers.Resumes(session));
  CHECK_EQ(peers.ticket.substr(0, 16), std::string(16, 0x11));
}

TEST("an abbreviated handshake takes a flight less than a full one") {
  for (const bool is_resumed : {false, true}) {
    Peers peers(true);
    const std::string session = is_resumed ? peers.FirstSession() : "";
    Pair pair(peers.client, peers.server, Offering(session), peers.options);
    int flights = 0;
    pair.filter = [&, last = Side::kServer](Side from, const Bytes&) mutable {
      if (from != last) ++flights;
      last = from;
      return true;
    };
    pair.Start();
    CHECK(pair.established());
    CHECK_EQ(flights, is_resumed ? 5 : 6);
  }
}

TEST("an id that the server has forgotten leads to a full handshake") {
  Peers peers(false);
  const std::string session = peers.FirstSession();
  peers.server = ServerContext({});
  CHECK(!peers.Resumes(session));
}

TEST("a ticket under an older key is resumed and replaced, one under the first key is kept") {
  Peers peers(true);
  const std::string session = peers.FirstSession();
  CHECK(peers.Resumes(session));
  const std::string kept = peers.ticket;
  CHECK(peers.Resumes(session));
  CHECK(peers.ticket == kept);
  SetKeys(peers.server, {ViewOf(kLaterKey), ViewOf(kKey)});
  CHECK(peers.Resumes(session));
  CHECK_EQ(peers.ticket.substr(0, 16), std::string(16, 0x22));
}

TEST("a ticket under a key that is gone leads to a full handshake and a new ticket") {
  Peers peers(true);
  const std::string session = peers.FirstSession();
  SetKeys(peers.server, {ViewOf(kLaterKey)});
  CHECK(!peers.Resumes(session));
  CHECK_EQ(peers.ticket.substr(0, 16), std::string(16, 0x22));
}

TEST("a forged ticket leads to a full handshake") {
  Peers peers(true);
  std::string session = peers.FirstSession();
  const size_t at = session.find(std::string(16, 0x11));
  REQUIRE(at != std::string::npos);
  session[at + 16 + 16 + 20] ^= 1;
  CHECK(!peers.Resumes(session));
}

TEST("a session that was made under another session id context is not resumed") {
  for (const bool tickets : {false, true}) {
    Peers peers(tickets);
    const std::string session = peers.FirstSession();
    peers.options = Server(tickets, "theirs");
    CHECK(!peers.Resumes(session));
    peers.options = Server(tickets);
    CHECK(peers.Resumes(session));
  }
}

TEST("a server that takes another context gives and reads the tickets of its first") {
  Peers peers(true);
  const auto other = ServerContext({});
  const Bytes id_context = BytesOf("of a name");
  std::string session;
  for (const bool is_resumed : {false, true}) {
    Pair pair(peers.client, peers.server, Offering(session), peers.options);
    pair.on_server = [&](Connection& server) { CHECK(server.UseContext(other, ViewOf(id_context), false)); };
    pair.Start();
    CHECK(pair.established());
    CHECK_EQ(SSL_session_reused(pair.client->ssl()) == 1, is_resumed);
    session = SessionOf(*pair.client);
  }
  CHECK(!peers.Resumes(session));
}

TEST("a resumed session tells the identity of the handshake that made it") {
  Peers peers(true);
  const std::string session = peers.FirstSession();
  Pair pair(peers.client, peers.server, Offering(session), peers.options);
  pair.Start();
  REQUIRE(pair.established());
  CHECK_EQ(pair.client->PskIdentity(), "alice");
  CHECK_EQ(pair.server->PskIdentity(), "alice");
  CHECK_EQ(pair.client->progress() & kPskRequested, 0);
}

TEST("a resumed session has the certificates of both sides and their verdicts") {
  const CertificatePair made;
  const Identity own = Issue(made.authority);
  Use(made.client, own);
  SetKeys(made.server, {ViewOf(kKey)});
  ConnectionOptions options = Server(true);
  options.require_certificate = true;
  options.require_trust = false;
  std::string session;
  for (const bool is_resumed : {false, true}) {
    Pair pair(made.client, made.server, Offering(session), options);
    pair.Start();
    REQUIRE(pair.established());
    CHECK_EQ(SSL_session_reused(pair.client->ssl()) == 1, is_resumed);
    CHECK(ShowsCertificate(*pair.client, made.leaf));
    CHECK_EQ(SSL_get_verify_result(pair.client->ssl()), X509_V_OK);
    CHECK(ShowsCertificate(*pair.server, own));
    CHECK_EQ(SSL_get_verify_result(pair.server->ssl()), X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE);
    session = SessionOf(*pair.client);
  }
}

TEST("a ticket for which the ClientHello has no room is not offered") {
  Peers peers(true);
  const std::string session = peers.FirstSession();
  CHECK(peers.Resumes(session));
  ConnectionOptions narrow = Offering(session);
  for (const bool fits : {false, true}) {
    narrow.mtu = 512 + peers.ticket.size() - (fits ? 0 : 1);
    Pair pair(peers.client, peers.server, narrow, peers.options);
    pair.Start();
    CHECK(pair.established());
    CHECK_EQ(SSL_session_reused(pair.client->ssl()) == 1, fits);
  }
}

TEST("a ticket is not offered when OpenSSL would cut the ClientHello in two, however large the MTU is") {
  Peers peers(true);
  SSL_CTX_set_session_ticket_cb(
      peers.server->ssl_ctx(),
      [](SSL* ssl, void*) { return SSL_SESSION_set1_ticket_appdata(SSL_get_session(ssl), Bytes(4000).data(), 4000); },
      nullptr, nullptr);
  ConnectionOptions wide = Offering(peers.FirstSession());
  wide.mtu = 9000;
  Pair pair(peers.client, peers.server, wide, peers.options);
  pair.Start();
  CHECK(pair.established());
  CHECK_EQ(SSL_session_reused(pair.client->ssl()), 0);
}

TEST("a resumed session has the server name of the handshake that made it") {
  Peers peers(true);
  std::string session;
  for (const bool is_resumed : {false, true}) {
    ConnectionOptions options = Offering(session);
    options.server_name = "sensor.example.org";
    Pair pair(peers.client, peers.server, options, peers.options);
    pair.Start();
    REQUIRE(pair.established());
    CHECK_EQ(SSL_session_reused(pair.client->ssl()) == 1, is_resumed);
    const char* name = SSL_get_servername(pair.server->ssl(), TLSEXT_NAMETYPE_host_name);
    CHECK_EQ(std::string(name == nullptr ? "" : name), options.server_name);
    session = SessionOf(*pair.client);
  }
}

TEST("what is no session makes no connection") {
  Peers peers(false);
  const std::string session = peers.FirstSession();
  for (const std::string& garbage : {std::string("x"), std::string(100, '0'), session.substr(0, session.size() - 1)}) {
    CHECK(Connection::Create(peers.client, Role::kClient, Offering(garbage)) == nullptr);
    CHECK_EQ(ERR_peek_error(), 0u);
  }
}

TEST("a session may be resumed for as long as the context says") {
  TlsContextOptions options;
  options.ciphers = "PSK-AES128-GCM-SHA256";
  options.session_timeout_s = 12345;
  const auto server = ContextOf(options);
  server->psk().table = std::move(ServerContext({})->psk().table);
  Pair pair(ClientContext({}), server);
  pair.Start();
  REQUIRE(pair.established());
  CHECK_EQ(SSL_SESSION_get_timeout(SSL_get0_session(pair.server->ssl())), 12345);
}

}  // namespace dtls::test
