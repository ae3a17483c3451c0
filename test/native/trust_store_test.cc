#include "tls/trust_store.h"

#include "certificates.h"
#include "check.h"

namespace dtls::test {

namespace {

constexpr int kFatal = 2 << 8;
constexpr int kCertificateRevoked = 44;
constexpr int kUnknownCa = 48;

// What the client sent to a server whose chain it judged with these lists; -1 when it was satisfied.
int32_t AlertWith(const CertificatePair& made, const std::vector<Bytes>& lists) {
  Trust(made.client, {&made.authority}, lists);
  Pair pair(made.client, made.server);
  pair.Start();
  return pair.client->alert_sent();
}

// How many authorities the server of a context names to a client.
int NamesAnnounced(const CertificatePair& made) {
  ConnectionOptions requesting = PatientOptions();
  requesting.request_certificate = true;
  Pair pair(made.client, made.server, PatientOptions(), requesting);
  pair.Start();
  CHECK(pair.established());
  const STACK_OF(X509_NAME)* names = SSL_get0_peer_CA_list(pair.client->ssl());
  return names == nullptr ? 0 : sk_X509_NAME_num(names);
}

}  // namespace

TEST("a certificate that the authority's list revokes is refused with certificate_revoked") {
  const CertificatePair made;
  CHECK_EQ(AlertWith(made, {RevocationList(made.authority, {&made.leaf})}), kFatal | kCertificateRevoked);
}

TEST("a certificate that the authority's list does not name passes") {
  const CertificatePair made;
  const Identity other = Issue(made.authority);
  CHECK_EQ(AlertWith(made, {RevocationList(made.authority, {&other})}), -1);
}

TEST("with a list of another authority nothing is known, so the certificate is refused") {
  const CertificatePair made;
  CHECK_EQ(AlertWith(made, {RevocationList(SelfSigned())}), kFatal | kUnknownCa);
}

TEST("a server names the authorities that it announces, and no others") {
  const CertificatePair made;
  const Bytes authority = Der(made.authority.certificate.get());
  TrustStore trust;
  CHECK(trust.AddCertificate(ViewOf(authority)));
  const Bytes list = RevocationList(made.authority);
  CHECK(trust.AddRevocationList(ViewOf(list)));
  CHECK(trust.UseIn(made.server->ssl_ctx(), false));
  CHECK_EQ(NamesAnnounced(made), 0);
  CHECK(trust.UseIn(made.server->ssl_ctx(), true));
  CHECK_EQ(NamesAnnounced(made), 1);
}

TEST("a trust store may go before the contexts that use it") {
  const CertificatePair made;
  Pair first(made.client, made.server);
  first.Start();
  Pair second(made.client, made.server);
  second.Start();
  CHECK(first.established() && second.established());
}

TEST("an authority that is given twice is one") {
  const Bytes authority = Der(SelfSigned().certificate.get());
  TrustStore trust;
  CHECK(trust.AddCertificate(ViewOf(authority)));
  CHECK(trust.AddCertificate(ViewOf(authority)));
}

TEST("what is no certificate and no list is refused with a reason") {
  const Bytes authority = Der(SelfSigned().certificate.get());
  const Bytes cut = Slice(authority, 0, authority.size() - 1);
  TrustStore trust;
  for (const Bytes& garbage : {Bytes(), Bytes(100, 0x30), BytesOf("-----BEGIN CERTIFICATE-----"), cut}) {
    ErrorScope errors;
    CHECK(!trust.AddCertificate(ViewOf(garbage)));
    CHECK(LastErrorReason() != "");
  }
  for (const Bytes& garbage : {Bytes(), Bytes(100, 0x30), authority}) {
    ErrorScope errors;
    CHECK(!trust.AddRevocationList(ViewOf(garbage)));
    CHECK(LastErrorReason() != "");
  }
}

}  // namespace dtls::test
