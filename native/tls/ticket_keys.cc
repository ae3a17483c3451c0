#include "tls/ticket_keys.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <cstring>

namespace dtls {

namespace {

constexpr size_t kNameSize = 16;
constexpr size_t kHmacKeySize = 16;

enum TicketResult { kError = -1, kNoTicket = 0, kUseTicket = 1, kRenewTicket = 2 };

bool SetHmacKey(EVP_MAC_CTX* mac, const uint8_t* key) {
  char digest[] = "SHA256";
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, const_cast<uint8_t*>(key), kHmacKeySize),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end()};
  return EVP_MAC_CTX_set_params(mac, params) == 1;
}

}  // namespace

TicketKeys::~TicketKeys() { Wipe(); }

void TicketKeys::Set(const std::vector<ByteView>& keys) {
  Wipe();
  // Reserved first: growing would leave copies behind that nobody wipes.
  keys_ = std::vector<Key>(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) std::memcpy(keys_[i].data(), keys[i].data, kTicketKeySize);
}

int TicketKeys::Encrypt(uint8_t* name, uint8_t* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac) const {
  // 0 here sends an empty ticket, which a client takes for none.
  if (keys_.empty()) return kNoTicket;
  const uint8_t* key = keys_.front().data();
  std::memcpy(name, key, kNameSize);
  if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_128_cbc())) != 1) return kError;
  const uint8_t* aes_key = key + kNameSize + kHmacKeySize;
  if (EVP_EncryptInit_ex(cipher, EVP_aes_128_cbc(), nullptr, aes_key, iv) != 1) return kError;
  return SetHmacKey(mac, key + kNameSize) ? kUseTicket : kError;
}

int TicketKeys::Decrypt(const uint8_t* name, const uint8_t* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac) const {
  for (const Key& key : keys_) {
    if (std::memcmp(name, key.data(), kNameSize) != 0) continue;
    const uint8_t* aes_key = key.data() + kNameSize + kHmacKeySize;
    if (EVP_DecryptInit_ex(cipher, EVP_aes_128_cbc(), nullptr, aes_key, iv) != 1) return kError;
    if (!SetHmacKey(mac, key.data() + kNameSize)) return kError;
    // A ticket under an older key is replaced by one under the first.
    return &key == &keys_.front() ? kUseTicket : kRenewTicket;
  }
  return kNoTicket;
}

void TicketKeys::Wipe() {
  for (Key& key : keys_) OPENSSL_cleanse(key.data(), key.size());
}

}  // namespace dtls
