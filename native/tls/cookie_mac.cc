#include "tls/cookie_mac.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

namespace dtls {

CookieMac::CookieMac(const CookieKey& key) {
  const MacPointer hmac(EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_HMAC, nullptr));
  context_.reset(hmac == nullptr ? nullptr : EVP_MAC_CTX_new(hmac.get()));
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                                   OSSL_PARAM_construct_end()};
  if (context_ == nullptr || EVP_MAC_init(context_.get(), key.data(), key.size(), parameters) != 1) context_.reset();
}

bool CookieMac::Make(ByteView address, uint8_t* cookie) {
  size_t size = 0;
  // Without a key, init begins anew with the one that is set (since OpenSSL 3.0.3).
  return context_ != nullptr && EVP_MAC_init(context_.get(), nullptr, 0, nullptr) == 1 &&
         EVP_MAC_update(context_.get(), address.data, address.size) == 1 &&
         EVP_MAC_final(context_.get(), cookie, &size, kCookieSize) == 1 && size == kCookieSize;
}

bool CookieMac::Verify(ByteView address, ByteView cookie) {
  uint8_t expected[kCookieSize];
  return cookie.size == kCookieSize && Make(address, expected) &&
         CRYPTO_memcmp(cookie.data, expected, kCookieSize) == 0;
}

}  // namespace dtls
