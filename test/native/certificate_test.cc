#include "certificates.h"
#include "check.h"
#include "tls/records.h"

namespace dtls::test {

namespace {

constexpr int kFatal = 2 << 8;
constexpr int kHandshakeFailure = 40;
constexpr int kUnknownCa = 48;

ConnectionOptions Untrusting() {
  ConnectionOptions options = PatientOptions();
  options.require_trust = false;
  return options;
}

ConnectionOptions Requesting() {
  ConnectionOptions options = PatientOptions();
  options.request_certificate = true;
  return options;
}

ConnectionOptions Requiring() {
  ConnectionOptions options = Requesting();
  options.require_certificate = true;
  return options;
}

// The first fragment of a Certificate of `size` bytes, with the number of the message that is expected.
Bytes CertificateOfSize(uint32_t size, uint8_t message = 0) {
  const auto byte = [&](int shift) { return static_cast<uint8_t>(size >> shift); };
  const Bytes header = {11, byte(16), byte(8), byte(0), 0, message, 0, 0, 0, 0, 0, 100};
  return RecordOf(kHandshake, 0, message, Join({header, Bytes(100)}));
}

int32_t StatusAfterCertificateOfSize(const std::shared_ptr<TlsContext>& context, uint32_t size) {
  const auto client = Connection::Create(context, Role::kClient, PatientOptions());
  client->Start();
  return Deliver(*client, CertificateOfSize(size)).status;
}

}  // namespace

TEST("a server's certificate of each type of key is verified") {
  for (const KeyType type : {KeyType::kRsa, KeyType::kEcdsa}) {
    const CertificatePair made(type);
    Pair pair(made.client, made.server);
    pair.Start();
    REQUIRE(pair.established());
    CHECK(ShowsCertificate(*pair.client, made.leaf));
    CHECK_EQ(SSL_get_verify_result(pair.client->ssl()), X509_V_OK);
    CheckAlive(pair);
  }
}

TEST("a server with a certificate for each type of key shows the one that suits the client") {
  const CertificatePair made;
  const Identity rsa = Issue(made.authority, KeyType::kRsa);
  Use(made.server, rsa);
  for (const char* suite : {"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256"}) {
    TlsContextOptions options;
    options.ciphers = suite;
    const auto client = ContextOf(options);
    Trust(client, {&made.authority});
    Pair pair(client, made.server);
    pair.Start();
    REQUIRE(pair.established());
    CHECK(ShowsCertificate(*pair.client, suite[6] == 'E' ? made.leaf : rsa));
  }
}

TEST("a client refuses a chain that it does not trust, with unknown_ca") {
  const CertificatePair made;
  const Identity stranger = SelfSigned();
  const auto client = ContextOf(CertificateOptions());
  Trust(client, {&stranger});
  Pair pair(client, made.server);
  pair.Start();
  CHECK(!pair.established());
  CHECK_EQ(pair.client->alert_sent(), kFatal | kUnknownCa);
  CHECK_EQ(pair.client->reason(), "certificate verify failed");
  REQUIRE(pair.server != nullptr);
  CHECK_EQ(pair.server->alert_received(), kFatal | kUnknownCa);
}

TEST("a client without a trust store trusts nobody") {
  const CertificatePair made;
  Pair pair(ContextOf(CertificateOptions()), made.server);
  pair.Start();
  CHECK_EQ(pair.client->alert_sent(), kFatal | kUnknownCa);
}

TEST("a client that requires no trust keeps OpenSSL's verdict") {
  const CertificatePair made;
  Pair pair(ContextOf(CertificateOptions()), made.server, Untrusting());
  pair.Start();
  REQUIRE(pair.established());
  CHECK_EQ(SSL_get_verify_result(pair.client->ssl()), X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE);
  CHECK(ShowsCertificate(*pair.client, made.leaf));
}

TEST("a server asks for no certificate unless told to") {
  const CertificatePair made;
  Use(made.client, Issue(made.authority));
  Pair pair(made.client, made.server);
  pair.Start();
  REQUIRE(pair.established());
  CHECK(SSL_get0_peer_certificate(pair.server->ssl()) == nullptr);
}

TEST("a server that asks for a certificate verifies it") {
  const CertificatePair made;
  const Identity own = Issue(made.authority);
  Use(made.client, own);
  Trust(made.server, {&made.authority});
  Pair pair(made.client, made.server, PatientOptions(), Requesting());
  pair.Start();
  REQUIRE(pair.established());
  CHECK(ShowsCertificate(*pair.server, own));
  CHECK_EQ(SSL_get_verify_result(pair.server->ssl()), X509_V_OK);
}

TEST("a server refuses a client's chain that it does not trust, with unknown_ca") {
  const CertificatePair made;
  Use(made.client, Issue(SelfSigned()));
  Trust(made.server, {&made.authority});
  Pair pair(made.client, made.server, PatientOptions(), Requesting());
  pair.Start();
  CHECK(!pair.established());
  CHECK_EQ(pair.client->alert_received(), kFatal | kUnknownCa);
}

TEST("a server that requires no trust keeps OpenSSL's verdict on the client's chain") {
  const CertificatePair made;
  const Identity own = Issue(SelfSigned());
  Use(made.client, own);
  ConnectionOptions options = Requiring();
  options.require_trust = false;
  Pair pair(made.client, made.server, PatientOptions(), options);
  pair.Start();
  REQUIRE(pair.established());
  CHECK(ShowsCertificate(*pair.server, own));
  CHECK_EQ(SSL_get_verify_result(pair.server->ssl()), X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE);
}

TEST("a client without a certificate passes a server that asks, and fails at one that requires") {
  const CertificatePair made;
  Pair asked(made.client, made.server, PatientOptions(), Requesting());
  asked.Start();
  CHECK(asked.established());
  Pair required(made.client, made.server, PatientOptions(), Requiring());
  required.Start();
  CHECK(!required.established());
  CHECK_EQ(required.client->alert_received(), kFatal | kHandshakeFailure);
  REQUIRE(required.server != nullptr);
  CHECK_EQ(required.server->reason(), "peer did not return a certificate");
}

TEST("a server that requires no trust requires a certificate all the same") {
  const CertificatePair made;
  ConnectionOptions options = Requiring();
  options.require_trust = false;
  Pair pair(made.client, made.server, PatientOptions(), options);
  pair.Start();
  CHECK(!pair.established());
}

TEST("a server that takes another context shows that one's certificate") {
  const CertificatePair made;
  const CertificatePair other;
  Trust(made.client, {&other.authority});
  Pair pair(made.client, made.server);
  pair.on_server = [&](Connection& server) { CHECK(server.UseContext(other.server, {}, false)); };
  pair.Start();
  REQUIRE(pair.established());
  CHECK(ShowsCertificate(*pair.client, other.leaf));
}

TEST("a server that takes another context trusts whom that one trusts, or keeps to its own") {
  for (const bool keeps_trust : {true, false}) {
    const CertificatePair made;
    const CertificatePair other;
    Trust(made.client, {&other.authority});
    Use(made.client, Issue(made.authority));
    Trust(made.server, {&made.authority});
    Trust(other.server, {&other.authority});
    Pair pair(made.client, made.server, PatientOptions(), Requiring());
    pair.on_server = [&](Connection& server) { CHECK(server.UseContext(other.server, {}, keeps_trust)); };
    pair.Start();
    CHECK_EQ(pair.established(), keeps_trust);
  }
}

TEST("a context lives as long as a connection that took it") {
  const CertificatePair made;
  Pair pair(made.client, ContextOf(CertificateOptions()));
  pair.on_server = [&](Connection& server) {
    const auto context = ContextOf(CertificateOptions());
    Use(context, made.leaf);
    server.UseContext(context, {}, false);
  };
  pair.Start();
  CHECK(pair.established());
}

TEST("a session id context of more than 32 bytes is refused") {
  const CertificatePair made;
  const Bytes longest(33);
  Pair pair(made.client, made.server);
  pair.on_server = [&](Connection& server) {
    CHECK(!server.UseContext(made.server, ViewOf(longest), false));
    CHECK(server.UseContext(made.server, {longest.data(), 32}, false));
  };
  pair.Start();
  CHECK(pair.established());
}

TEST("a handshake message is assembled up to 16 KiB, and up to 100 KiB by who verifies certificates") {
  const auto psk_only = ClientContext({});
  CHECK_EQ(StatusAfterCertificateOfSize(psk_only, 16384), kIdle);
  CHECK_EQ(StatusAfterCertificateOfSize(psk_only, 20000), kFailed);
  const auto verifying = ContextOf(CertificateOptions());
  Trust(verifying, {});
  CHECK_EQ(StatusAfterCertificateOfSize(verifying, 102400), kIdle);
  CHECK_EQ(StatusAfterCertificateOfSize(verifying, 102401), kFailed);
}

TEST("a server assembles no more than 16 KiB, whomever it asks for a certificate") {
  for (const uint32_t size : {16384u, 20000u}) {
    const CertificatePair made;
    Trust(made.server, {&made.authority});
    Pair pair(made.client, made.server, PatientOptions(), Requesting());
    // In place of the client's second flight.
    pair.filter = [&](Side from, const Bytes&) { return from == Side::kClient || pair.server == nullptr; };
    pair.Start();
    REQUIRE(pair.server != nullptr);
    CHECK_EQ(Deliver(*pair.server, CertificateOfSize(size, 2)).status, size <= 16384 ? kIdle : kFailed);
  }
}

TEST("a chain passes in datagrams of 256 bytes") {
  const CertificatePair made(KeyType::kRsa);
  ConnectionOptions options = PatientOptions();
  options.mtu = 256;
  Pair pair(made.client, made.server, options, options);
  pair.filter = [](Side, const Bytes& datagram) { return CHECK(datagram.size() <= 256); };
  pair.Start();
  CHECK(pair.established());
}

}  // namespace dtls::test
