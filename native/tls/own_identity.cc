#include "tls/own_identity.h"

#include <openssl/pkcs12.h>

namespace dtls {

namespace {

using Pkcs12Pointer = std::unique_ptr<PKCS12, FreeWith<PKCS12_free>>;
using Pkcs8Pointer = std::unique_ptr<PKCS8_PRIV_KEY_INFO, FreeWith<PKCS8_PRIV_KEY_INFO_free>>;

X509Pointer ReadCertificate(ByteView der) {
  const uint8_t* at = der.data;
  return X509Pointer(d2i_X509(nullptr, &at, static_cast<long>(der.size)));
}

bool WritePrivateKey(const EVP_PKEY* key, SecretBytes* out) {
  const Pkcs8Pointer pkcs8(EVP_PKEY2PKCS8(key));
  uint8_t* der = nullptr;
  const int size = pkcs8 == nullptr ? -1 : i2d_PKCS8_PRIV_KEY_INFO(pkcs8.get(), &der);
  if (size <= 0) return false;
  *out = SecretBytes(der, static_cast<size_t>(size));
  OPENSSL_clear_free(der, static_cast<size_t>(size));
  return true;
}

// An empty passphrase and none at all make different keys; files exist with either.
bool HasPassphrase(PKCS12* pkcs12, const std::string& passphrase) {
  if (PKCS12_mac_present(pkcs12) == 0) return true;
  if (PKCS12_verify_mac(pkcs12, passphrase.c_str(), static_cast<int>(passphrase.size())) == 1) return true;
  return passphrase.empty() && PKCS12_verify_mac(pkcs12, nullptr, 0) == 1;
}

}  // namespace

bool UseIdentity(SSL_CTX* ctx, const std::vector<ByteView>& certificates, ByteView key) {
  const KeyPointer private_key = ReadPrivateKey(key);
  const X509StackPointer chain(sk_X509_new_null());
  if (private_key == nullptr || chain == nullptr || certificates.empty()) return false;
  const X509Pointer leaf = ReadCertificate(certificates.front());
  if (leaf == nullptr) return false;
  for (size_t i = 1; i < certificates.size(); ++i) {
    X509Pointer issuer = ReadCertificate(certificates[i]);
    if (issuer == nullptr || sk_X509_push(chain.get(), issuer.get()) == 0) return false;
    issuer.release();
  }
  return SSL_CTX_use_cert_and_key(ctx, leaf.get(), private_key.get(), chain.get(), 1) == 1;
}

KeyPointer ReadPrivateKey(ByteView pkcs8) {
  const uint8_t* at = pkcs8.data;
  return KeyPointer(d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(pkcs8.size)));
}

Pkcs12Result ReadPkcs12(ByteView pfx, const std::string& passphrase, Pkcs12Contents* contents) {
  ErrorScope errors;
  const uint8_t* at = pfx.data;
  const Pkcs12Pointer pkcs12(d2i_PKCS12(nullptr, &at, static_cast<long>(pfx.size)));
  if (pkcs12 == nullptr) return Pkcs12Result::kUnreadable;
  if (!HasPassphrase(pkcs12.get(), passphrase)) return Pkcs12Result::kWrongPassphrase;
  EVP_PKEY* key = nullptr;
  X509* leaf = nullptr;
  STACK_OF(X509)* others = nullptr;
  const bool is_parsed = PKCS12_parse(pkcs12.get(), passphrase.c_str(), &key, &leaf, &others) == 1;
  const KeyPointer owned_key(key);
  const X509Pointer owned_leaf(leaf);
  const X509StackPointer owned_others(others);
  if (!is_parsed || key == nullptr || leaf == nullptr || !WritePrivateKey(key, &contents->key)) {
    return Pkcs12Result::kUnreadable;
  }
  contents->certificates.push_back(DerOf(leaf));
  for (int i = 0; i < sk_X509_num(others); ++i) contents->certificates.push_back(DerOf(sk_X509_value(others, i)));
  return Pkcs12Result::kRead;
}

std::string DerOf(const X509* certificate) {
  uint8_t* der = nullptr;
  const int size = certificate == nullptr ? 0 : i2d_X509(certificate, &der);
  if (size <= 0) return "";
  std::string copy(reinterpret_cast<const char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  return copy;
}

}  // namespace dtls
