#include "tls/psk.h"

#include <string>
#include <utility>

#include "check.h"
#include "pair.h"

namespace {

// The memory that a test watches, and whether it has been wiped as a whole.
const uint8_t* watched = nullptr;
size_t watched_size = 0;
bool wiped = false;

}  // namespace

// In place of OpenSSL's own, for the program and the library: a key's memory cannot be looked at once it is freed.
extern "C" void OPENSSL_cleanse(void* memory, size_t size) {
  volatile auto* bytes = static_cast<volatile uint8_t*>(memory);
  for (size_t i = 0; i < size; ++i) bytes[i] = 0;
  if (memory == watched && size >= watched_size) wiped = true;
}

namespace dtls::test {

namespace {

constexpr int kFatal = 2 << 8;
constexpr int kUnknownPskIdentity = 115;

void Watch(const SecretBytes& secret) {
  watched = secret.data();
  watched_size = secret.size();
  wiped = false;
}

SecretBytes Secret(const std::string& text) {
  return SecretBytes(reinterpret_cast<const uint8_t*>(text.data()), text.size());
}

// Answers with what it is made with, and counts.
struct Provider : PskProvider {
  explicit Provider(std::string key, std::string identity = "") : key(std::move(key)), identity(std::move(identity)) {}

  bool ClientCredentials(std::string_view hint, ClientPsk* out) override {
    asked.emplace_back(hint);
    if (key.empty()) return false;
    *out = ClientPsk{identity, Secret(key)};
    return true;
  }

  bool ServerKey(std::string_view named, SecretBytes* out) override {
    asked.emplace_back(named);
    if (key.empty()) return false;
    *out = Secret(key);
    return true;
  }

  const std::string key;
  const std::string identity;
  std::vector<std::string> asked;
};

void CheckUnknownIdentity(const Pair& pair) {
  REQUIRE(pair.server != nullptr);
  CHECK_EQ(pair.server->alert_sent(), kFatal | kUnknownPskIdentity);
  CHECK_EQ(pair.client->alert_received(), kFatal | kUnknownPskIdentity);
  CHECK(!pair.client->reason().empty());
  CHECK(!pair.server->reason().empty());
}

bool Handshake(const PairOptions& options) {
  Pair pair(options);
  pair.Start();
  return pair.established();
}

}  // namespace

TEST("a key is wiped when it is destroyed") {
  {
    const SecretBytes secret = Secret("0123456789abcdef");
    Watch(secret);
  }
  CHECK(wiped);
}

TEST("a key that was moved is wiped once its new owner goes, and not earlier") {
  {
    SecretBytes target = Secret("old");
    {
      SecretBytes source = Secret("0123456789abcdef");
      Watch(source);
      target = std::move(source);
      const SecretBytes third = std::move(target);
      target = SecretBytes();
      CHECK(!wiped);
      CHECK_EQ(std::string(reinterpret_cast<const char*>(third.data()), third.size()), "0123456789abcdef");
    }
    CHECK(wiped);
  }
}

TEST("a key that is overwritten is wiped") {
  {
    SecretBytes target = Secret("0123456789abcdef");
    Watch(target);
    target = Secret("new");
  }
  CHECK(wiped);
}

TEST("a context's keys are wiped with it, after its last connection") {
  auto context = ClientContext({});
  Watch(context->psk().client->key);
  auto connection = Connection::Create(context, Role::kClient, {});
  context.reset();
  CHECK(!wiped);
  connection.reset();
  CHECK(wiped);
}

TEST("an identity that nobody knows is refused with unknown_psk_identity") {
  PairOptions options;
  options.server_key = "";
  Pair pair(options);
  pair.Start();
  CheckUnknownIdentity(pair);
  CHECK_EQ(pair.server->psk_identity(), "alice");
}

TEST("an identity that the provider does not know is refused with unknown_psk_identity") {
  PairOptions options;
  options.server_key = "";
  Provider provider("");
  Pair pair(options);
  pair.server_psk = &provider;
  pair.Start();
  CheckUnknownIdentity(pair);
  CHECK(provider.asked == std::vector<std::string>{"alice"});
}

TEST("the server's provider answers for what the table does not hold") {
  PairOptions options;
  options.server_key = "";
  Provider provider(options.client_key);
  Pair pair(options);
  pair.server_psk = &provider;
  pair.Start();
  CHECK(pair.established());
  CHECK(provider.asked == std::vector<std::string>{"alice"});
}

TEST("the server's provider is not asked when the table answers") {
  Provider provider("");
  Pair pair;
  pair.server_psk = &provider;
  pair.Start();
  CHECK(pair.established());
  CHECK(provider.asked.empty());
}

TEST("the client's provider is asked with the hint and answers for the handshake") {
  PairOptions options;
  options.hint = "which key";
  PairOptions without_psk = options;
  without_psk.identity = "";
  Provider provider(options.client_key, options.identity);
  Pair pair(ClientContext(without_psk), ServerContext(options), options.connection);
  pair.client->psk_provider = &provider;
  pair.Start();
  CHECK(pair.established());
  CHECK(provider.asked == std::vector<std::string>{options.hint});
  CHECK_EQ(pair.client->psk_identity(), options.identity);
}

TEST("the client's provider is asked with an empty hint when none was sent") {
  PairOptions options;
  PairOptions without_psk;
  without_psk.identity = "";
  Provider provider(options.client_key, options.identity);
  Pair pair(ClientContext(without_psk), ServerContext(options), options.connection);
  pair.client->psk_provider = &provider;
  pair.Start();
  CHECK(pair.established());
  CHECK(provider.asked == std::vector<std::string>{""});
}

TEST("the client's provider is not asked when the credentials are fixed") {
  Provider provider("another key", "bob");
  Pair pair;
  pair.client->psk_provider = &provider;
  pair.Start();
  CHECK(pair.established());
  CHECK(provider.asked.empty());
}

TEST("a client without credentials fails by itself") {
  PairOptions without_psk;
  without_psk.identity = "";
  without_psk.server_key = "";
  Pair pair(without_psk);
  pair.Start();
  CHECK_EQ(pair.client->Start(), kFailed);
  CHECK(pair.client->alert_sent() >= kFatal);
  CHECK(!pair.client->reason().empty());
}

TEST("a retransmitted hello or key exchange asks the provider once") {
  PairOptions options;
  options.server_key = "";
  Provider provider(options.client_key);
  Pair pair(options);
  pair.server_psk = &provider;
  pair.filter = [&](Side from, const Bytes& datagram) {
    pair.DeliverTo(from == Side::kClient ? Side::kServer : Side::kClient, datagram);
    return true;
  };
  pair.Start();
  CHECK(pair.established());
  CHECK_EQ(provider.asked.size(), 1u);
}

TEST("that a key was asked for is told once") {
  PairOptions options;
  options.server_key = "another key";
  Pair pair(options);
  CHECK(!pair.client->TakePskRequested());
  pair.Start();
  CHECK(pair.client->TakePskRequested());
  CHECK(!pair.client->TakePskRequested());
  REQUIRE(pair.server != nullptr);
  CHECK(pair.server->TakePskRequested());
  CHECK(!pair.server->TakePskRequested());
}

TEST("each side tells the identity that was used") {
  Pair pair;
  CHECK_EQ(pair.client->psk_identity(), "");
  pair.Start();
  CHECK_EQ(pair.client->psk_identity(), "alice");
  REQUIRE(pair.server != nullptr);
  CHECK_EQ(pair.server->psk_identity(), "alice");
}

TEST("an identity is a string of bytes, not of characters") {
  PairOptions options;
  options.identity = "\xff\xfe\x80 \xc3\x28";
  CHECK(Handshake(options));
}

TEST("identities of 1 and of 128 bytes pass") {
  for (const size_t size : {size_t{1}, kMaxIdentitySize}) {
    PairOptions options;
    options.identity = std::string(size, 'i');
    EstablishedPair pair(options);
    CHECK_EQ(pair.server->psk_identity().size(), size);
  }
}

TEST("an identity that is too long is never cut to one that the server knows") {
  for (const size_t size : {129, 256, 257, 1000}) {
    PairOptions too_long;
    too_long.identity = std::string(size, 'i');
    for (const size_t cut : {128, 256}) {
      if (size <= cut) continue;
      PairOptions known;
      known.identity = std::string(cut, 'i');
      Pair pair(ClientContext(too_long), ServerContext(known), known.connection);
      pair.Start();
      CHECK(!pair.established());
    }
  }
}

TEST("keys of 1 and of 256 bytes pass") {
  for (const size_t size : {size_t{1}, kMaxKeySize}) {
    PairOptions options;
    options.client_key = options.server_key = std::string(size, 'k');
    CHECK(Handshake(options));
  }
}

TEST("a key that is too long is never cut to one that the peer has") {
  for (const size_t size : {257, 512, 513, 1000}) {
    for (const size_t cut : {256, 512}) {
      if (size <= cut) continue;
      PairOptions options;
      options.client_key = std::string(size, 'k');
      options.server_key = std::string(cut, 'k');
      CHECK(!Handshake(options));
      std::swap(options.client_key, options.server_key);
      CHECK(!Handshake(options));
    }
  }
}

TEST("keys that differ in one byte do not fit") {
  PairOptions options;
  options.server_key.back() ^= 1;
  CHECK(!Handshake(options));
}

}  // namespace dtls::test
