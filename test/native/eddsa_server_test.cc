#include "tls/eddsa_server.h"

#include "certificates.h"
#include "check.h"

namespace dtls::test {

namespace {

constexpr const char* kAll = "ecdsa_secp256r1_sha256:ed25519:rsa_pss_rsae_sha256:rsa_pkcs1_sha256";

// A context with this certificate and the help that a server needs with it.
std::shared_ptr<TlsContext> EddsaContext(const Identity& identity) {
  TlsContextOptions options = CertificateOptions();
  options.eddsa_server = {"ed25519:rsa_pss_rsae_sha256:rsa_pkcs1_sha256", kAll};
  auto context = ContextOf(options);
  Use(context, identity);
  CHECK(context->eddsa_server().AddStandIn(context->ssl_ctx()));
  return context;
}

struct EddsaPair : CertificatePair {
  EddsaPair() : CertificatePair(KeyType::kEd25519), eddsa(EddsaContext(leaf)) {}

  const std::shared_ptr<TlsContext> eddsa;
};

}  // namespace

TEST("a server with an Ed25519 certificate alone shows and proves it") {
  const EddsaPair made;
  Pair pair(made.client, made.eddsa);
  pair.Start();
  REQUIRE(pair.established());
  CHECK(ShowsCertificate(*pair.client, made.leaf));
  CHECK_EQ(SSL_get_verify_result(pair.client->ssl()), X509_V_OK);
  int nid = 0;
  CHECK_EQ(SSL_get_peer_signature_type_nid(pair.client->ssl(), &nid), 1);
  CHECK_EQ(nid, NID_ED25519);
}

TEST("a server that takes a context with an Ed25519 certificate shows and proves it") {
  const EddsaPair made;
  const CertificatePair other;
  Pair pair(made.client, other.server);
  pair.on_server = [&](Connection& server) { CHECK(server.UseContext(made.eddsa, {}, false)); };
  pair.Start();
  REQUIRE(pair.established());
  CHECK(ShowsCertificate(*pair.client, made.leaf));
}

TEST("a server that takes another context in place of one with an Ed25519 certificate is as others are") {
  const EddsaPair made;
  const CertificatePair other;
  Trust(made.client, {&other.authority});
  Pair pair(made.client, made.eddsa);
  pair.on_server = [&](Connection& server) { CHECK(server.UseContext(other.server, {}, false)); };
  pair.Start();
  REQUIRE(pair.established());
  CHECK(ShowsCertificate(*pair.client, other.leaf));
}

TEST("the stand-in for an Ed25519 certificate is not shown to who cannot verify Ed25519") {
  constexpr int kHandshakeFailure = 2 << 8 | 40;
  const EddsaPair made;
  TlsContextOptions options = CertificateOptions();
  options.signature_algorithms = "ecdsa_secp256r1_sha256";
  ConnectionOptions untrusting = PatientOptions();
  untrusting.require_trust = false;
  Pair pair(ContextOf(options), made.eddsa, untrusting);
  pair.Start();
  CHECK(!pair.established());
  CHECK_EQ(pair.client->alert_received(), kHandshakeFailure);
}

TEST("an RSA certificate beside an Ed25519 one serves a client of RSA's suites") {
  const EddsaPair made;
  const Identity rsa = Issue(made.authority, KeyType::kRsa);
  Use(made.eddsa, rsa);
  TlsContextOptions options;
  options.ciphers = "ECDHE-RSA-AES128-GCM-SHA256";
  const auto client = ContextOf(options);
  Trust(client, {&made.authority});
  Pair pair(client, made.eddsa);
  pair.Start();
  REQUIRE(pair.established());
  CHECK(ShowsCertificate(*pair.client, rsa));
}

TEST("a server with an Ed25519 certificate takes clients' certificates of each type of key") {
  for (const KeyType type : {KeyType::kRsa, KeyType::kEcdsa, KeyType::kEd25519}) {
    const EddsaPair made;
    const Identity own = Issue(made.authority, type);
    Use(made.client, own);
    Trust(made.eddsa, {&made.authority});
    ConnectionOptions requiring = PatientOptions();
    requiring.require_certificate = true;
    Pair pair(made.client, made.eddsa, PatientOptions(), requiring);
    pair.Start();
    REQUIRE(pair.established());
    CHECK(ShowsCertificate(*pair.server, own));
  }
}

TEST("a client of a context that helps an Ed25519 server shows the Ed25519 certificate") {
  const EddsaPair made;
  Trust(made.eddsa, {&made.authority});
  ConnectionOptions requiring = PatientOptions();
  requiring.require_certificate = true;
  Pair pair(made.eddsa, made.eddsa, PatientOptions(), requiring);
  pair.Start();
  REQUIRE(pair.established());
  CHECK(ShowsCertificate(*pair.server, made.leaf));
}

}  // namespace dtls::test
