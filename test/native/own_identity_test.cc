#include "tls/own_identity.h"

#include "certificates.h"
#include "check.h"

namespace dtls::test {

namespace {

// A PKCS#12 file with the identity and its issuer. Without a passphrase no code protects it.
Bytes Pkcs12Of(const Identity& identity, const Identity& issuer, const char* passphrase) {
  STACK_OF(X509)* others = sk_X509_new_null();
  sk_X509_push(others, issuer.certificate.get());
  PKCS12* pkcs12 = PKCS12_create(passphrase, nullptr, identity.key.get(), identity.certificate.get(), others, 0, 0, 1,
                                 1, 0);
  sk_X509_free(others);
  uint8_t* der = nullptr;
  const int size = i2d_PKCS12(pkcs12, &der);
  PKCS12_free(pkcs12);
  const Bytes bytes(der, der + size);
  OPENSSL_free(der);
  return bytes;
}

int ResultOf(const Bytes& pfx, const std::string& passphrase) {
  Pkcs12Contents contents;
  const Pkcs12Result result = ReadPkcs12(ViewOf(pfx), passphrase, &contents);
  CHECK_EQ(ERR_peek_error(), 0u);
  return static_cast<int>(result);
}

constexpr int kRead = static_cast<int>(Pkcs12Result::kRead);
constexpr int kWrongPassphrase = static_cast<int>(Pkcs12Result::kWrongPassphrase);
constexpr int kUnreadable = static_cast<int>(Pkcs12Result::kUnreadable);

bool Uses(const std::vector<Bytes>& certificates, const Bytes& key) {
  ErrorScope errors;
  std::vector<ByteView> views;
  for (const Bytes& certificate : certificates) views.push_back(ViewOf(certificate));
  return UseIdentity(ContextOf(CertificateOptions())->ssl_ctx(), views, ViewOf(key));
}

}  // namespace

TEST("a PKCS#12 file gives the certificate, those that come with it, and the key") {
  const Identity authority = SelfSigned();
  for (const KeyType type : {KeyType::kRsa, KeyType::kEcdsa, KeyType::kEd25519}) {
    const Identity identity = Issue(authority, type);
    const Bytes pfx = Pkcs12Of(identity, authority, "secret");
    Pkcs12Contents contents;
    REQUIRE(ReadPkcs12(ViewOf(pfx), "secret", &contents) == Pkcs12Result::kRead);
    REQUIRE(contents.certificates.size() == 2);
    CHECK(contents.certificates[0] == DerOf(identity.certificate.get()));
    CHECK(contents.certificates[1] == DerOf(authority.certificate.get()));
    CHECK(Bytes(contents.key.data(), contents.key.data() + contents.key.size()) == Der(identity.key.get()));
  }
}

TEST("a wrong passphrase of a PKCS#12 file is told from a file that cannot be read") {
  const Identity authority = SelfSigned();
  const Bytes pfx = Pkcs12Of(Issue(authority), authority, "secret");
  for (const char* passphrase : {"", "Secret", "secret "}) CHECK_EQ(ResultOf(pfx, passphrase), kWrongPassphrase);
  CHECK_EQ(ResultOf(pfx, "secret"), kRead);
}

TEST("a PKCS#12 file with an empty passphrase, or with none, is read without one") {
  const Identity authority = SelfSigned();
  const Identity identity = Issue(authority);
  for (const char* passphrase : {static_cast<const char*>(nullptr), ""}) {
    const Bytes pfx = Pkcs12Of(identity, authority, passphrase);
    CHECK_EQ(ResultOf(pfx, ""), kRead);
    CHECK_EQ(ResultOf(pfx, "secret"), kWrongPassphrase);
  }
}

TEST("what is no PKCS#12 file cannot be read, whatever part of one it is") {
  const Identity authority = SelfSigned();
  const Bytes pfx = Pkcs12Of(Issue(authority), authority, "secret");
  CHECK_EQ(ResultOf({}, ""), kUnreadable);
  CHECK_EQ(ResultOf(Bytes(1000, 0x30), ""), kUnreadable);
  CHECK_EQ(ResultOf(Der(authority.certificate.get()), ""), kUnreadable);
  for (size_t size = 1; size < pfx.size(); size += 7) CHECK_EQ(ResultOf(Slice(pfx, 0, size), "secret"), kUnreadable);
}

TEST("a changed byte of a PKCS#12 file is never taken for the right passphrase") {
  const Identity authority = SelfSigned();
  const Identity identity = Issue(authority);
  const Bytes pfx = Pkcs12Of(identity, authority, "secret");
  for (size_t at = 0; at < pfx.size(); at += 5) {
    Bytes changed = pfx;
    changed[at] ^= 1;
    Pkcs12Contents contents;
    if (ReadPkcs12(ViewOf(changed), "secret", &contents) != Pkcs12Result::kRead) continue;
    CHECK(contents.certificates.at(0) == DerOf(identity.certificate.get()));
  }
}

TEST("a PKCS#12 file without a key cannot be used") {
  const Identity authority = SelfSigned();
  PKCS12* pkcs12 = PKCS12_create("secret", nullptr, nullptr, authority.certificate.get(), nullptr, 0, 0, 1, 1, 0);
  uint8_t* der = nullptr;
  const int size = i2d_PKCS12(pkcs12, &der);
  PKCS12_free(pkcs12);
  const Bytes pfx(der, der + size);
  OPENSSL_free(der);
  CHECK_EQ(ResultOf(pfx, "secret"), kUnreadable);
}

TEST("a certificate is used with its chain, which the peer receives") {
  const CertificatePair made;
  const Identity between = SelfSigned();
  const auto server = ContextOf(CertificateOptions());
  const Bytes leaf = Der(made.leaf.certificate.get());
  const Bytes issuer = Der(between.certificate.get());
  const Bytes key = Der(made.leaf.key.get());
  REQUIRE(UseIdentity(server->ssl_ctx(), {ViewOf(leaf), ViewOf(issuer)}, ViewOf(key)));
  Pair pair(made.client, server);
  pair.Start();
  REQUIRE(pair.established());
  const STACK_OF(X509)* chain = SSL_get_peer_cert_chain(pair.client->ssl());
  REQUIRE(sk_X509_num(chain) == 2);
  CHECK_EQ(X509_cmp(sk_X509_value(chain, 1), between.certificate.get()), 0);
}

TEST("an identity of which a part is missing, garbage or of another is refused") {
  const Identity identity = SelfSigned();
  const Bytes certificate = Der(identity.certificate.get());
  const Bytes key = Der(identity.key.get());
  const Bytes garbage(100, 0x30);
  CHECK(Uses({certificate}, key));
  CHECK(!Uses({}, key));
  CHECK(!Uses({{}}, key));
  CHECK(!Uses({garbage}, key));
  CHECK(!Uses({certificate, garbage}, key));
  CHECK(!Uses({certificate}, {}));
  CHECK(!Uses({certificate}, garbage));
  CHECK(!Uses({certificate}, Der(SelfSigned().key.get())));
  CHECK(!Uses({certificate}, Der(SelfSigned(KeyType::kEd25519).key.get())));
}

TEST("a chain of certificates that the security level finds too weak is refused with the reason") {
  TlsContextOptions options;
  options.ciphers = "ALL:@SECLEVEL=5";
  const auto context = ContextOf(options);
  const Identity identity = SelfSigned();
  const Bytes certificate = Der(identity.certificate.get());
  const Bytes key = Der(identity.key.get());
  ErrorScope errors;
  CHECK(!UseIdentity(context->ssl_ctx(), {ViewOf(certificate)}, ViewOf(key)));
  CHECK_EQ(LastErrorReason(), "ee key too small");
}

}  // namespace dtls::test
