#include "tls/ticket_keys.h"

#include <algorithm>
#include <array>
#include <optional>

#include "check.h"
#include "pair.h"
#include "wiping.h"

namespace dtls::test {

namespace {

using MacPointer = std::unique_ptr<EVP_MAC, FreeWith<EVP_MAC_free>>;
using MacContextPointer = std::unique_ptr<EVP_MAC_CTX, FreeWith<EVP_MAC_CTX_free>>;
using CipherContextPointer = std::unique_ptr<EVP_CIPHER_CTX, FreeWith<EVP_CIPHER_CTX_free>>;

constexpr int kNone = 0;
constexpr int kUsed = 1;
constexpr int kRenewed = 2;

// What OpenSSL gives the callback and does with its answer.
struct Protection {
  std::string Crypt(const std::string& text) {
    Bytes out(text.size() + EVP_MAX_BLOCK_LENGTH);
    int size = 0;
    int rest = 0;
    CHECK_EQ(EVP_CipherUpdate(cipher.get(), out.data(), &size, reinterpret_cast<const uint8_t*>(text.data()),
                              static_cast<int>(text.size())),
             1);
    CHECK_EQ(EVP_CipherFinal_ex(cipher.get(), out.data() + size, &rest), 1);
    return std::string(out.begin(), out.begin() + size + rest);
  }

  std::string Authenticate(const std::string& text) {
    uint8_t out[EVP_MAX_MD_SIZE];
    size_t size = 0;
    CHECK_EQ(EVP_MAC_init(mac.get(), nullptr, 0, nullptr), 1);
    CHECK_EQ(EVP_MAC_update(mac.get(), reinterpret_cast<const uint8_t*>(text.data()), text.size()), 1);
    CHECK_EQ(EVP_MAC_final(mac.get(), out, &size, sizeof out), 1);
    return std::string(out, out + size);
  }

  const MacPointer hmac{EVP_MAC_fetch(nullptr, "HMAC", nullptr)};
  const MacContextPointer mac{EVP_MAC_CTX_new(hmac.get())};
  const CipherContextPointer cipher{EVP_CIPHER_CTX_new()};
  std::array<uint8_t, 16> name{};
  std::array<uint8_t, EVP_MAX_IV_LENGTH> iv{};
};

Bytes Key(uint8_t filling) {
  Bytes key(kTicketKeySize);
  for (size_t i = 0; i < key.size(); ++i) key[i] = static_cast<uint8_t>(filling + i / 16);
  return key;
}

const Bytes kFirst = Key(0x10);
const Bytes kSecond = Key(0x20);

void Set(TicketKeys& keys, const std::vector<Bytes>& values) {
  std::vector<ByteView> views;
  for (const Bytes& value : values) views.push_back({value.data(), value.size()});
  keys.Set(views);
}

int Encrypt(const TicketKeys& keys, Protection& to) {
  return keys.Encrypt(to.name.data(), to.iv.data(), to.cipher.get(), to.mac.get());
}

// With the name and initialisation vector of a ticket that `from` made.
int Decrypt(const TicketKeys& keys, const Protection& from, Protection& to) {
  return keys.Decrypt(from.name.data(), from.iv.data(), to.cipher.get(), to.mac.get());
}

}  // namespace

TEST("what a ticket key encrypts it decrypts, and both sides authenticate it alike") {
  TicketKeys keys;
  Set(keys, {kFirst});
  Protection out;
  Protection in;
  const std::string secret = "a session that nobody else may read";
  CHECK_EQ(Encrypt(keys, out), kUsed);
  CHECK(std::equal(out.name.begin(), out.name.end(), kFirst.begin()));
  const std::string sealed = out.Crypt(secret);
  CHECK(sealed.find("session") == std::string::npos);
  CHECK_EQ(Decrypt(keys, out, in), kUsed);
  CHECK_EQ(in.Crypt(sealed), secret);
  CHECK_EQ(in.Authenticate(sealed), out.Authenticate(sealed));
}

TEST("each ticket has its own initialisation vector") {
  TicketKeys keys;
  Set(keys, {kFirst});
  Protection one;
  Protection other;
  Encrypt(keys, one);
  Encrypt(keys, other);
  CHECK(one.iv != other.iv);
}

TEST("the first ticket key makes tickets, the others read them and have them renewed") {
  TicketKeys before;
  Set(before, {kFirst});
  Protection old;
  Encrypt(before, old);
  const std::string sealed = old.Crypt("secret");
  TicketKeys after;
  Set(after, {kSecond, kFirst});
  Protection in;
  CHECK_EQ(Decrypt(after, old, in), kRenewed);
  CHECK_EQ(in.Crypt(sealed), "secret");
  Protection fresh;
  CHECK_EQ(Encrypt(after, fresh), kUsed);
  CHECK(std::equal(fresh.name.begin(), fresh.name.end(), kSecond.begin()));
}

TEST("a ticket of a key that is gone is none") {
  TicketKeys keys;
  Set(keys, {kFirst});
  Protection old;
  Protection in;
  Encrypt(keys, old);
  Set(keys, {kSecond});
  CHECK_EQ(Decrypt(keys, old, in), kNone);
  Set(keys, {});
  CHECK_EQ(Decrypt(keys, old, in), kNone);
}

TEST("without a ticket key no ticket is made") {
  Protection out;
  CHECK_EQ(Encrypt(TicketKeys(), out), kNone);
}

TEST("a key that authenticates otherwise makes another code") {
  Bytes other = kFirst;
  other[16] ^= 1;
  TicketKeys one;
  TicketKeys two;
  Set(one, {kFirst});
  Set(two, {other});
  Protection first;
  Protection second;
  Encrypt(one, first);
  Encrypt(two, second);
  CHECK(first.Authenticate("text") != second.Authenticate("text"));
}

TEST("ticket keys are wiped when others take their place, and when they are destroyed") {
  std::optional<TicketKeys> keys(std::in_place);
  Set(*keys, {kSecond, kFirst});
  WatchContent(TextOf(kFirst));
  Set(*keys, {kSecond});
  CHECK(IsWiped());
  WatchContent(TextOf(kSecond));
  keys.reset();
  CHECK(IsWiped());
}

}  // namespace dtls::test
