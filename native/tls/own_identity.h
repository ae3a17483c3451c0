#pragma once

#include <string>
#include <vector>

#include "tls/openssl_handles.h"
#include "tls/psk.h"

namespace dtls {

// Gives the context a certificate with its chain, DER, leaf first, and its private key, PKCS#8 DER. One for each type
// of key; OpenSSL takes the one that suits the peer. False: OpenSSL refuses it, as one too weak for the security level.
bool UseIdentity(SSL_CTX* ctx, const std::vector<ByteView>& certificates, ByteView key);

// nullptr when the bytes are no private key.
KeyPointer ReadPrivateKey(ByteView pkcs8);

enum class Pkcs12Result { kRead, kWrongPassphrase, kUnreadable };

struct Pkcs12Contents {
  // DER, leaf first.
  std::vector<std::string> certificates;
  // PKCS#8 DER.
  SecretBytes key;
};

Pkcs12Result ReadPkcs12(ByteView pfx, const std::string& passphrase, Pkcs12Contents* contents);

// The certificate, DER; "" when there is none.
std::string DerOf(const X509* certificate);

}  // namespace dtls
