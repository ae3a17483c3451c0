#include "certificates.h"

#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstdlib>

#include "check.h"
#include "tls/own_identity.h"
#include "tls/trust_store.h"

namespace dtls::test {

namespace {

constexpr long kOneDay = 86400;

void Must(bool succeeded) {
  if (succeeded) return;
  ERR_print_errors_fp(stderr);
  std::abort();
}

KeyPointer NewKey(KeyType type) {
  if (type == KeyType::kEcdsa) return KeyPointer(EVP_EC_gen("P-256"));
  if (type == KeyType::kEd25519) return KeyPointer(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
  // One for all: under valgrind another one takes seconds.
  static const KeyPointer rsa(EVP_RSA_gen(2048));
  EVP_PKEY_up_ref(rsa.get());
  return KeyPointer(rsa.get());
}

const EVP_MD* DigestOf(const Identity& signer) {
  return EVP_PKEY_get_base_id(signer.key.get()) == EVP_PKEY_ED25519 ? nullptr : EVP_sha256();
}

void Extend(X509* certificate, int nid, const char* value) {
  X509_EXTENSION* extension = X509V3_EXT_nconf_nid(nullptr, nullptr, nid, value);
  Must(X509_add_ext(certificate, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

Identity Unsigned(KeyType type) {
  static long serial = 0;
  Identity identity = {X509Pointer(X509_new()), NewKey(type)};
  X509* certificate = identity.certificate.get();
  Must(identity.key != nullptr && X509_set_version(certificate, X509_VERSION_3) == 1);
  Must(ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial) == 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -kOneDay);
  X509_gmtime_adj(X509_getm_notAfter(certificate), kOneDay);
  const std::string name = "number " + std::to_string(serial);
  Must(X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                                  reinterpret_cast<const uint8_t*>(name.c_str()), -1, -1, 0) == 1);
  Must(X509_set_pubkey(certificate, identity.key.get()) == 1);
  return identity;
}

void Sign(Identity& identity, const Identity& issuer) {
  X509* certificate = identity.certificate.get();
  Must(X509_set_issuer_name(certificate, X509_get_subject_name(issuer.certificate.get())) == 1);
  Must(X509_sign(certificate, issuer.key.get(), DigestOf(issuer)) > 0);
}

}  // namespace

Identity SelfSigned(KeyType type) {
  Identity identity = Unsigned(type);
  Extend(identity.certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
  Sign(identity, identity);
  return identity;
}

Identity Issue(const Identity& issuer, KeyType type) {
  Identity identity = Unsigned(type);
  Extend(identity.certificate.get(), NID_basic_constraints, "critical,CA:FALSE");
  Sign(identity, issuer);
  return identity;
}

Bytes Der(const X509* certificate) { return BytesOf(DerOf(certificate)); }

Bytes Der(EVP_PKEY* key) {
  PKCS8_PRIV_KEY_INFO* pkcs8 = EVP_PKEY2PKCS8(key);
  uint8_t* der = nullptr;
  const int size = i2d_PKCS8_PRIV_KEY_INFO(pkcs8, &der);
  PKCS8_PRIV_KEY_INFO_free(pkcs8);
  Must(size > 0);
  const Bytes bytes(der, der + size);
  OPENSSL_free(der);
  return bytes;
}

Bytes RevocationList(const Identity& issuer, const std::vector<const Identity*>& revoked) {
  const X509CrlPointer list(X509_CRL_new());
  ASN1_TIME* time = X509_gmtime_adj(nullptr, -kOneDay);
  X509_CRL_set_version(list.get(), X509_CRL_VERSION_2);
  X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(issuer.certificate.get()));
  X509_CRL_set1_lastUpdate(list.get(), time);
  for (const Identity* identity : revoked) {
    X509_REVOKED* entry = X509_REVOKED_new();
    X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(identity->certificate.get()));
    X509_REVOKED_set_revocationDate(entry, time);
    Must(X509_CRL_add0_revoked(list.get(), entry) == 1);
  }
  X509_gmtime_adj(time, kOneDay);
  X509_CRL_set1_nextUpdate(list.get(), time);
  ASN1_TIME_free(time);
  Must(X509_CRL_sign(list.get(), issuer.key.get(), DigestOf(issuer)) > 0);
  uint8_t* der = nullptr;
  const int size = i2d_X509_CRL(list.get(), &der);
  Must(size > 0);
  const Bytes bytes(der, der + size);
  OPENSSL_free(der);
  return bytes;
}

ByteView ViewOf(const Bytes& bytes) { return {bytes.data(), bytes.size()}; }

TlsContextOptions CertificateOptions() {
  TlsContextOptions options;
  options.ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256";
  return options;
}

void Use(const std::shared_ptr<TlsContext>& context, const Identity& identity) {
  const Bytes certificate = Der(identity.certificate.get());
  const Bytes key = Der(identity.key.get());
  Must(UseIdentity(context->ssl_ctx(), {ViewOf(certificate)}, ViewOf(key)));
}

void Trust(const std::shared_ptr<TlsContext>& context, const std::vector<const Identity*>& authorities,
           const std::vector<Bytes>& revocation_lists) {
  TrustStore trust;
  for (const Identity* authority : authorities) {
    const Bytes der = Der(authority->certificate.get());
    Must(trust.AddCertificate(ViewOf(der)));
  }
  for (const Bytes& list : revocation_lists) Must(trust.AddRevocationList(ViewOf(list)));
  Must(trust.UseIn(context->ssl_ctx(), false));
}

CertificatePair::CertificatePair(KeyType type) : leaf(Issue(authority, type)) {
  Use(server, leaf);
  Trust(client, {&authority});
}

bool ShowsCertificate(const Connection& to, const Identity& identity) {
  const X509* shown = SSL_get0_peer_certificate(to.ssl());
  return shown != nullptr && X509_cmp(shown, identity.certificate.get()) == 0;
}

}  // namespace dtls::test
