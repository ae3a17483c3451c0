#include "tls/psk.h"

#include <string>
#include <utility>

#include "check.h"
#include "pair.h"
#include "wiping.h"

namespace dtls::test {

namespace {

constexpr int kFatal = 2 << 8;
constexpr int kUnknownPskIdentity = 115;

void Watch(const SecretBytes& secret) { WatchMemory(secret.data(), secret.size()); }

SecretBytes Secret(const std::string& text) {
  return SecretBytes(reinterpret_cast<const uint8_t*>(text.data()), text.size());
}

ClientPsk Psk(const std::string& identity, const std::string& key) { return {identity, Secret(key)}; }

// A client whose context has no credentials, and a server whose table is empty.
struct UnpreparedPair : Pair {
  explicit UnpreparedPair(const std::string& hint = "") : Pair(Options(hint)) {}

  static PairOptions Options(const std::string& hint) {
    PairOptions options;
    options.identity = options.server_key = "";
    options.hint = hint;
    return options;
  }
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
  CHECK(IsWiped());
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
      CHECK(!IsWiped());
      CHECK_EQ(std::string(reinterpret_cast<const char*>(third.data()), third.size()), "0123456789abcdef");
    }
    CHECK(IsWiped());
  }
}

TEST("a key that is overwritten is wiped") {
  {
    SecretBytes target = Secret("0123456789abcdef");
    Watch(target);
    target = Secret("new");
  }
  CHECK(IsWiped());
}

TEST("a context's keys are wiped with it, after its last connection") {
  auto context = ClientContext({});
  Watch(context->psk().client->key);
  auto connection = Connection::Create(context, Role::kClient, {});
  context.reset();
  CHECK(!IsWiped());
  connection.reset();
  CHECK(IsWiped());
}

TEST("an identity that nobody knows is refused with unknown_psk_identity") {
  PairOptions options;
  options.server_key = "";
  Pair pair(options);
  pair.Start();
  CheckUnknownIdentity(pair);
  CHECK_EQ(pair.server->PskIdentity(), "alice");
}

TEST("credentials that each side is given before it is asked complete a handshake") {
  UnpreparedPair pair("which key");
  pair.client->SetPsk(Psk("bob", "the key of bob"));
  pair.on_server = [](Connection& server) { server.SetPsk(Psk("bob", "the key of bob")); };
  pair.Start();
  CHECK(pair.established());
  CHECK_EQ(pair.client->PskIdentity(), "bob");
  CHECK_EQ(pair.server->PskIdentity(), "bob");
}

TEST("a key that the server is given while the client waits is in time") {
  UnpreparedPair pair;
  pair.client->SetPsk(Psk("bob", "the key of bob"));
  Bytes held;
  pair.filter = [&](Side from, const Bytes& datagram) {
    if (from != Side::kClient || pair.server == nullptr) return true;
    held = datagram;
    return false;
  };
  pair.Start();
  REQUIRE(pair.server != nullptr && !held.empty());
  pair.server->SetPsk(Psk("bob", "the key of bob"));
  pair.DeliverTo(Side::kServer, held);
  pair.Exchange();
  CHECK(pair.established());
}

TEST("a server's given key is for the very identity that it was given for") {
  for (const char* given : {"bo", "bobb", "Bob", ""}) {
    UnpreparedPair pair;
    pair.client->SetPsk(Psk("bob", "the key of bob"));
    pair.on_server = [given](Connection& server) { server.SetPsk(Psk(given, "the key of bob")); };
    pair.Start();
    CheckUnknownIdentity(pair);
  }
}

TEST("the table of the context wins over a server's given key") {
  Pair pair;
  pair.on_server = [](Connection& server) { server.SetPsk(Psk("alice", "another key")); };
  pair.Start();
  CHECK(pair.established());
}

TEST("the credentials of the context win over a client's given ones") {
  Pair pair;
  pair.client->SetPsk(Psk("bob", "another key"));
  pair.Start();
  CHECK(pair.established());
  CHECK_EQ(pair.client->PskIdentity(), "alice");
}

TEST("the last credentials that were given hold, and those before are wiped") {
  UnpreparedPair pair;
  ClientPsk first = Psk("bob", "another key");
  Watch(first.key);
  pair.client->SetPsk(std::move(first));
  pair.client->SetPsk(Psk("bob", "the key of bob"));
  CHECK(IsWiped());
  pair.on_server = [](Connection& server) { server.SetPsk(Psk("bob", "the key of bob")); };
  pair.Start();
  CHECK(pair.established());
}

TEST("given credentials are wiped when the handshake is complete, and not earlier") {
  for (const Side side : {Side::kClient, Side::kServer}) {
    UnpreparedPair pair;
    ClientPsk client = Psk("bob", "the key of bob");
    ClientPsk server = Psk("bob", "the key of bob");
    Watch(side == Side::kClient ? client.key : server.key);
    pair.client->SetPsk(std::move(client));
    pair.on_server = [&](Connection& connection) { connection.SetPsk(std::move(server)); };
    pair.filter = [&](Side, const Bytes&) {
      const Connection* watching = side == Side::kClient ? pair.client.get() : pair.server.get();
      CHECK_EQ(IsWiped(), watching != nullptr && watching->stage() == Stage::kEstablished);
      return true;
    };
    pair.Start();
    CHECK(pair.established());
    CHECK(IsWiped());
  }
}

TEST("given credentials of a handshake that fails are wiped with the connection") {
  UnpreparedPair pair;
  ClientPsk psk = Psk("bob", "the key of bob");
  Watch(psk.key);
  pair.client->SetPsk(std::move(psk));
  pair.Start();
  CheckUnknownIdentity(pair);
  pair.client.reset();
  CHECK(IsWiped());
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

TEST("each side tells that a key was asked for") {
  PairOptions options;
  options.server_key = "another key";
  Pair pair(options);
  CHECK_EQ(pair.client->progress() & kPskRequested, 0);
  pair.Start();
  CHECK_EQ(pair.client->progress() & kPskRequested, kPskRequested);
  REQUIRE(pair.server != nullptr);
  CHECK_EQ(pair.server->progress() & kPskRequested, kPskRequested);
}

TEST("each side tells the identity that was used") {
  Pair pair;
  CHECK_EQ(pair.client->PskIdentity(), "");
  pair.Start();
  CHECK_EQ(pair.client->PskIdentity(), "alice");
  REQUIRE(pair.server != nullptr);
  CHECK_EQ(pair.server->PskIdentity(), "alice");
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
    CHECK_EQ(pair.server->PskIdentity().size(), size);
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
