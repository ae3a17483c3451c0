#pragma once

#include <string>
#include <vector>

#include "pair.h"
#include "tls/openssl_handles.h"

namespace dtls::test {

enum class KeyType { kRsa, kEcdsa, kEd25519 };

// A certificate and the private key that belongs to it.
struct Identity {
  X509Pointer certificate;
  KeyPointer key;
};

// An authority, signed with its own key.
Identity SelfSigned(KeyType type = KeyType::kEcdsa);
// Valid from yesterday until tomorrow, for servers and clients.
Identity Issue(const Identity& issuer, KeyType type = KeyType::kEcdsa);

Bytes Der(const X509* certificate);
// PKCS#8.
Bytes Der(EVP_PKEY* key);
// A revocation list of the issuer, DER.
Bytes RevocationList(const Identity& issuer, const std::vector<const Identity*>& revoked = {});
ByteView ViewOf(const Bytes& bytes);

// Suites for every type of key.
TlsContextOptions CertificateOptions();
// Gives the context its own certificate.
void Use(const std::shared_ptr<TlsContext>& context, const Identity& identity);
// Lets the context trust authorities.
void Trust(const std::shared_ptr<TlsContext>& context, const std::vector<const Identity*>& authorities,
           const std::vector<Bytes>& revocation_lists = {});

// An authority, and contexts of a server with a certificate of it and of a client that trusts it.
struct CertificatePair {
  explicit CertificatePair(KeyType type = KeyType::kEcdsa);

  const Identity authority = SelfSigned();
  const Identity leaf;
  const std::shared_ptr<TlsContext> client = ContextOf(CertificateOptions());
  const std::shared_ptr<TlsContext> server = ContextOf(CertificateOptions());
};

// Whether the peer's certificate is this one.
bool ShowsCertificate(const Connection& to, const Identity& identity);

}  // namespace dtls::test
