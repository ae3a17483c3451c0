#include "sealer.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>

#include <algorithm>

#include "expect.h"
#include "tls/records.h"

namespace dtls::fuzz {

namespace {

constexpr size_t kNonceSize = 8;
constexpr size_t kTagSize = 16;
constexpr size_t kRandomSize = 32;

using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, FreeWith<EVP_CIPHER_CTX_free>>;

// The key block of RFC 5246 section 6.3: PRF(master secret, "key expansion", server random + client random).
bool DeriveKeyBlock(const SSL* ssl, uint8_t* into, size_t size) {
  const SSL_SESSION* session = SSL_get_session(ssl);
  uint8_t secret[SSL_MAX_MASTER_KEY_LENGTH];
  const size_t secret_size = session == nullptr ? 0 : SSL_SESSION_get_master_key(session, secret, sizeof(secret));
  if (secret_size == 0) return false;
  uint8_t randoms[2 * kRandomSize];
  SSL_get_server_random(ssl, randoms, kRandomSize);
  SSL_get_client_random(ssl, randoms + kRandomSize, kRandomSize);
  static EVP_KDF* const prf = EVP_KDF_fetch(nullptr, "TLS1-PRF", nullptr);
  const std::unique_ptr<EVP_KDF_CTX, FreeWith<EVP_KDF_CTX_free>> context(EVP_KDF_CTX_new(prf));
  char digest[] = "SHA256";
  char label[] = "key expansion";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, secret, secret_size),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, label, sizeof(label) - 1),
      OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, randoms, sizeof(randoms)),
      OSSL_PARAM_construct_end(),
  };
  return EVP_KDF_derive(context.get(), into, size, parameters) == 1;
}

std::array<uint8_t, 13> AdditionalData(const uint8_t* header, size_t plaintext_size) {
  return {header[3], header[4], header[5], header[6], header[7], header[8], header[9], header[10], header[0],
          0xfe,      0xfd,      static_cast<uint8_t>(plaintext_size >> 8), static_cast<uint8_t>(plaintext_size)};
}

}  // namespace

std::optional<Sealer> Sealer::Of(const Connection& connection, test::Side from) {
  const SSL_CIPHER* cipher = connection.Cipher();
  if (cipher == nullptr || SSL_CIPHER_get_cipher_nid(cipher) != NID_aes_128_gcm) return {};
  std::array<uint8_t, 2 * (kKeySize + kSaltSize)> block;
  if (!DeriveKeyBlock(connection.ssl(), block.data(), block.size())) return {};
  const size_t side = from == test::Side::kClient ? 0 : 1;
  Sealer sealer;
  std::copy_n(block.begin() + side * kKeySize, kKeySize, sealer.key_.begin());
  std::copy_n(block.begin() + 2 * kKeySize + side * kSaltSize, kSaltSize, sealer.salt_.begin());
  return sealer;
}

Bytes Sealer::Seal(uint8_t type, uint64_t number, const Bytes& plaintext) const {
  const size_t body = kNonceSize + plaintext.size() + kTagSize;
  Bytes record(kRecordHeaderSize + body);
  const uint8_t header[] = {type, 0xfe, 0xfd, 0, 1};
  std::copy(std::begin(header), std::end(header), record.begin());
  SetRecordNumber(record.data(), number);
  record[11] = static_cast<uint8_t>(body >> 8);
  record[12] = static_cast<uint8_t>(body);
  uint8_t* nonce = record.data() + kRecordHeaderSize;
  std::copy_n(record.data() + 3, kNonceSize, nonce);

  uint8_t iv[kSaltSize + kNonceSize];
  std::copy_n(nonce, kNonceSize, std::copy(salt_.begin(), salt_.end(), iv));
  const auto additional = AdditionalData(record.data(), plaintext.size());
  uint8_t* text = nonce + kNonceSize;
  int size = 0;
  const CipherContext context(EVP_CIPHER_CTX_new());
  EVP_EncryptInit_ex(context.get(), EVP_aes_128_gcm(), nullptr, key_.data(), iv);
  EVP_EncryptUpdate(context.get(), nullptr, &size, additional.data(), static_cast<int>(additional.size()));
  EVP_EncryptUpdate(context.get(), text, &size, plaintext.data(), static_cast<int>(plaintext.size()));
  EVP_EncryptFinal_ex(context.get(), text + plaintext.size(), &size);
  EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, kTagSize, text + plaintext.size());
  return record;
}

std::optional<Bytes> Sealer::Open(const Bytes& record) const {
  if (record.size() < kRecordHeaderSize + kNonceSize + kTagSize) return {};
  const uint8_t* nonce = record.data() + kRecordHeaderSize;
  Bytes plaintext(record.size() - kRecordHeaderSize - kNonceSize - kTagSize);
  uint8_t iv[kSaltSize + kNonceSize];
  std::copy_n(nonce, kNonceSize, std::copy(salt_.begin(), salt_.end(), iv));
  const auto additional = AdditionalData(record.data(), plaintext.size());
  Bytes tag(record.end() - kTagSize, record.end());
  int size = 0;
  const CipherContext context(EVP_CIPHER_CTX_new());
  EVP_DecryptInit_ex(context.get(), EVP_aes_128_gcm(), nullptr, key_.data(), iv);
  EVP_DecryptUpdate(context.get(), nullptr, &size, additional.data(), static_cast<int>(additional.size()));
  EVP_DecryptUpdate(context.get(), plaintext.data(), &size, nonce + kNonceSize, static_cast<int>(plaintext.size()));
  EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, kTagSize, tag.data());
  if (EVP_DecryptFinal_ex(context.get(), nullptr, &size) != 1) return {};
  return plaintext;
}

}  // namespace dtls::fuzz
