#include "tls/acceptor.h"

#include <algorithm>
#include <string>

#include "check.h"
#include "pair.h"
#include "tls/records.h"

namespace dtls::test {

namespace {

using Result = Acceptor::Result;

const Bytes kHere = {192, 0, 2, 1, 0x16, 0x34};
const Bytes kThere = {192, 0, 2, 1, 0x16, 0x35};
const CookieKey kFirstKey = {1};
const CookieKey kSecondKey = {2};
const CookieKey kThirdKey = {3};

struct Fixture {
  explicit Fixture(const PairOptions& options = {})
      : acceptor(ServerContext(options), options.connection),
        client(Connection::Create(ClientContext(options), Role::kClient, options.connection)) {
    acceptor.SetCookieKeys({kFirstKey, kFirstKey});
    CHECK_EQ(client->Start(), kIdle);
    hello = TakeAll(*client).at(0);
  }

  int Accept(const Bytes& datagram, const Bytes& address = kHere) {
    return static_cast<int>(acceptor.Accept(datagram.data(), datagram.size(), address.data(), address.size()));
  }

  // The client's second ClientHello, with the cookie that `address` got; its datagrams.
  std::vector<Bytes> HelloWithCookie(const Bytes& address = kHere) {
    CHECK_EQ(Accept(hello, address), kReply);
    Deliver(*client, TakeAll(acceptor).at(0));
    return TakeAll(*client);
  }

  static constexpr int kIgnored = static_cast<int>(Result::kIgnored);
  static constexpr int kReply = static_cast<int>(Result::kReply);
  static constexpr int kVerified = static_cast<int>(Result::kVerified);

  Acceptor acceptor;
  std::unique_ptr<Connection> client;
  Bytes hello;
};

constexpr int kIgnored = Fixture::kIgnored;
constexpr int kReply = Fixture::kReply;
constexpr int kVerified = Fixture::kVerified;

constexpr size_t kMessageHeaderSize = 12;

// The handshake message of a datagram of one record as two fragments (RFC 6347 section 4.2.3), a record each.
std::vector<Bytes> Fragments(const Bytes& datagram, size_t first_size) {
  const Bytes message = Slice(datagram, kRecordHeaderSize, datagram.size());
  const Bytes body = Slice(message, kMessageHeaderSize, message.size());
  const auto fragment = [&](uint16_t sequence, size_t begin, size_t end) {
    const auto low = [](size_t value) { return static_cast<uint8_t>(value); };
    const size_t size = end - begin;
    // The first six bytes, type and length and number of the whole message, are the same in each fragment.
    const Bytes offset_and_size = {0, low(begin >> 8), low(begin), 0, low(size >> 8), low(size)};
    return RecordOf(kHandshake, 0, sequence, Join({Slice(message, 0, 6), offset_and_size, Slice(body, begin, end)}));
  };
  return {fragment(10, 0, first_size), fragment(11, first_size, body.size())};
}

// Version, random, an empty session id, and the cookie with its length.
constexpr size_t kUpToCookie = 2 + 32 + 1 + 1 + kCookieSize;

// Carries datagrams between the two until none is under way.
void Exchange(Connection& client, Connection& server) {
  for (bool moved = true; moved;) {
    moved = false;
    for (const Bytes& datagram : TakeAll(client)) Deliver(server, datagram), moved = true;
    for (const Bytes& datagram : TakeAll(server)) Deliver(client, datagram), moved = true;
  }
}

}  // namespace

TEST("a hello without a cookie is answered with a HelloVerifyRequest of 32 bytes of cookie") {
  Fixture fixture;
  CHECK_EQ(fixture.Accept(fixture.hello), kReply);
  const auto replies = TakeAll(fixture.acceptor);
  REQUIRE(replies.size() == 1);
  constexpr size_t kHelloVerifySize = kRecordHeaderSize + kMessageHeaderSize + 2 + 1 + kCookieSize;
  CHECK_EQ(replies[0].size(), kHelloVerifySize);
  CHECK_EQ(replies[0].at(kRecordHeaderSize), 3);
  CHECK_EQ(replies[0].at(kHelloVerifySize - kCookieSize - 1), kCookieSize);
}

TEST("a hello with its cookie is verified and becomes a connection") {
  Fixture fixture;
  CHECK_EQ(fixture.Accept(fixture.HelloWithCookie().at(0)), kVerified);
  CHECK_EQ(TakeAll(fixture.acceptor).size(), 0u);
  const auto server = fixture.acceptor.Promote();
  REQUIRE(server != nullptr);
  CHECK_EQ(server->Start(), kIdle);
  Exchange(*fixture.client, *server);
  CHECK(server->stage() == Stage::kEstablished);
}

TEST("there is nothing to promote before a hello was verified") {
  Fixture fixture;
  CHECK(fixture.acceptor.Promote() == nullptr);
  CHECK_EQ(TakeAll(fixture.acceptor).size(), 0u);
}

TEST("a hello that was only answered is not promoted") {
  Fixture fixture;
  CHECK_EQ(fixture.Accept(fixture.hello), kReply);
  CHECK(fixture.acceptor.Promote() == nullptr);
}

TEST("a hello that was verified and not promoted opens the door to no other") {
  Fixture fixture;
  const Bytes hello = fixture.HelloWithCookie().at(0);
  CHECK_EQ(fixture.Accept(hello), kVerified);
  CHECK_EQ(fixture.Accept(hello, kThere), kReply);
  CHECK(fixture.acceptor.Promote() == nullptr);
  CHECK_EQ(fixture.Accept(Fixture().hello), kReply);
  CHECK_EQ(fixture.Accept(hello), kVerified);
  CHECK(fixture.acceptor.Promote() != nullptr);
}

TEST("a cookie holds for the address that it was made for only") {
  Fixture fixture;
  const Bytes hello = fixture.HelloWithCookie(kHere).at(0);
  CHECK_EQ(fixture.Accept(hello, kThere), kReply);
  CHECK_EQ(fixture.Accept(hello, {}), kReply);
  CHECK_EQ(fixture.Accept(hello, kHere), kVerified);
}

TEST("a cookie holds as long as its key is the current or the previous one") {
  Fixture fixture;
  const Bytes hello = fixture.HelloWithCookie().at(0);
  fixture.acceptor.SetCookieKeys({kThirdKey, kSecondKey});
  CHECK_EQ(fixture.Accept(hello), kReply);
  fixture.acceptor.SetCookieKeys({kSecondKey, kFirstKey});
  CHECK_EQ(fixture.Accept(hello), kVerified);
}

TEST("new cookies are made with the current key") {
  Fixture fixture;
  fixture.acceptor.SetCookieKeys({kSecondKey, kFirstKey});
  const Bytes hello = fixture.HelloWithCookie().at(0);
  fixture.acceptor.SetCookieKeys({kThirdKey, kSecondKey});
  CHECK_EQ(fixture.Accept(hello), kVerified);
}

TEST("a cookie with any bit changed is not accepted") {
  Fixture fixture;
  const Bytes hello = fixture.HelloWithCookie().at(0);
  const size_t begin = kRecordHeaderSize + kMessageHeaderSize + kUpToCookie - kCookieSize;
  for (size_t bit = 0; bit < kCookieSize * 8; ++bit) {
    Bytes forged = hello;
    forged[begin + bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    CHECK_EQ(fixture.Accept(forged), kReply);
  }
}

TEST("a hello with its cookie is verified each time it comes") {
  Fixture fixture;
  const Bytes hello = fixture.HelloWithCookie().at(0);
  CHECK_EQ(fixture.Accept(hello), kVerified);
  const auto first = fixture.acceptor.Promote();
  CHECK_EQ(fixture.Accept(hello), kVerified);
  const auto second = fixture.acceptor.Promote();
  CHECK(first != nullptr && second != nullptr);
}

TEST("a reply that nobody took is gone with the next hello") {
  Fixture fixture;
  CHECK_EQ(fixture.Accept(fixture.hello), kReply);
  CHECK_EQ(fixture.Accept(fixture.hello), kReply);
  CHECK_EQ(RecordsOf(Join(TakeAll(fixture.acceptor))).size(), 1u);
}

TEST("what is no ClientHello is ignored, and leaves the next hello alone") {
  Fixture fixture;
  const Bytes message = Slice(fixture.hello, kRecordHeaderSize, fixture.hello.size());
  Bytes server_hello = fixture.hello;
  server_hello[kRecordHeaderSize] = 2;
  const std::vector<Bytes> datagrams = {
      {},
      {kHandshake, 0xfe, 0xfd},
      Bytes(2000, 0),
      Bytes(65507, 0xff),
      {22, 3, 3, 0, 5, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0},
      RecordOf(kHandshake, 0, 0, {}),
      RecordOf(kHandshake, 0, 0, Bytes(60, 0xaa)),
      RecordOf(kHandshake, 1, 0, message),
      RecordOf(kApplicationData, 0, 0, message),
      RecordOf(kAlert, 0, 0, {2, 40}),
      RecordOf(kChangeCipherSpec, 0, 0, {1}),
      server_hello,
  };
  for (const Bytes& datagram : datagrams) {
    CHECK_EQ(fixture.Accept(datagram), kIgnored);
    CHECK_EQ(TakeAll(fixture.acceptor).size(), 0u);
  }
  CHECK_EQ(fixture.Accept(fixture.HelloWithCookie().at(0)), kVerified);
}

TEST("a hello behind another record is ignored, with its cookie or without") {
  Fixture fixture;
  const Bytes second = fixture.HelloWithCookie().at(0);
  for (const Bytes& front : {RecordOf(99, 0, 0, {0}), RecordOf(kAlert, 0, 0, {1, 90}), RecordOf(kAlert, 0, 0, {2, 40}),
                             RecordOf(kChangeCipherSpec, 0, 0, {1}), RecordOf(kHandshake, 0, 0, {}),
                             RecordOf(kHandshake, 1, 0, Bytes(40)), RecordOf(kApplicationData, 0, 0, {}), Bytes{0}}) {
    for (const Bytes& hello : {fixture.hello, second}) {
      CHECK_EQ(fixture.Accept(Join({front, hello})), kIgnored);
      CHECK_EQ(TakeAll(fixture.acceptor).size(), 0u);
    }
  }
  CHECK_EQ(fixture.Accept(second), kVerified);
}

TEST("what follows a hello does not keep it from its answer, and makes that no larger") {
  Fixture fixture;
  CHECK_EQ(fixture.Accept(fixture.hello), kReply);
  const Bytes reply = TakeAll(fixture.acceptor).at(0);
  for (const Bytes& rest : {Bytes{0}, Bytes(500, 0xff), RecordOf(kAlert, 0, 5, {2, 40}), fixture.hello}) {
    CHECK_EQ(fixture.Accept(Join({fixture.hello, rest})), kReply);
    const auto replies = TakeAll(fixture.acceptor);
    CHECK(replies.size() == 1 && replies[0].size() == reply.size());
  }
}

TEST("a hello cut short is never answered with more than it has") {
  PairOptions options;
  options.client_ciphers = "PSK";
  Fixture fixture(options);
  for (size_t size = 1; size + kRecordHeaderSize + kMessageHeaderSize < fixture.hello.size(); ++size) {
    const Bytes fragment = Fragments(fixture.hello, size).at(0);
    const int result = fixture.Accept(fragment);
    CHECK(result != kVerified);
    for (const Bytes& reply : TakeAll(fixture.acceptor)) CHECK(reply.size() <= fragment.size());
  }
}

TEST("no prefix of a hello's datagram is answered") {
  Fixture fixture;
  for (size_t size = 0; size < fixture.hello.size(); ++size) {
    CHECK_EQ(fixture.Accept(Slice(fixture.hello, 0, size)), kIgnored);
  }
}

TEST("a hello in fragments is verified by the first, which holds the cookie, and completed by the second") {
  Fixture fixture;
  const auto fragments = Fragments(fixture.HelloWithCookie().at(0), kUpToCookie);
  REQUIRE(fragments.size() == 2);
  CHECK_EQ(fixture.Accept(fragments[0]), kVerified);
  const auto server = fixture.acceptor.Promote();
  REQUIRE(server != nullptr);
  CHECK_EQ(server->Start(), kIdle);
  CHECK_EQ(TakeAll(*server).size(), 0u);
  CHECK_EQ(Deliver(*server, fragments[1]).status, kIdle);
  Exchange(*fixture.client, *server);
  CHECK(server->stage() == Stage::kEstablished);
  CHECK(fixture.client->stage() == Stage::kEstablished);
}

TEST("a fragment without the whole cookie is not verified") {
  Fixture fixture;
  const Bytes hello = fixture.HelloWithCookie().at(0);
  CHECK(fixture.Accept(Fragments(hello, kUpToCookie - 1).at(0)) != kVerified);
  CHECK_EQ(fixture.Accept(Fragments(hello, kUpToCookie).at(1)), kIgnored);
}

TEST("a client whose hello does not fit the MTU gets through the cookie step") {
  PairOptions options;
  options.client_ciphers = "PSK:ALL";
  options.connection.mtu = 256;
  Pair pair(options);
  size_t hello_datagrams = 0;
  pair.filter = [&](Side from, const Bytes&) {
    if (from == Side::kClient && pair.server == nullptr) ++hello_datagrams;
    return true;
  };
  pair.Start();
  CHECK(hello_datagrams > 2);
  CHECK(pair.established());
}

TEST("one acceptor serves thousands of hellos and keeps nothing of them") {
  Fixture fixture;
  for (int i = 0; i < 3000; ++i) {
    const Bytes address = {static_cast<uint8_t>(i), static_cast<uint8_t>(i >> 8)};
    REQUIRE(fixture.Accept(fixture.hello, address) == kReply && TakeAll(fixture.acceptor).size() == 1);
  }
  CHECK_EQ(fixture.Accept(fixture.HelloWithCookie().at(0)), kVerified);
}

TEST("a promoted connection outlives its acceptor") {
  PairOptions options;
  std::unique_ptr<Connection> server;
  std::unique_ptr<Connection> client;
  {
    Fixture fixture(options);
    CHECK_EQ(fixture.Accept(fixture.HelloWithCookie().at(0)), kVerified);
    server = fixture.acceptor.Promote();
    client = std::move(fixture.client);
  }
  CHECK_EQ(server->Start(), kIdle);
  Exchange(*client, *server);
  CHECK(server->stage() == Stage::kEstablished);
}

TEST("a promoted connection does not come alive through a second hello of another address") {
  Fixture fixture;
  CHECK_EQ(fixture.Accept(fixture.HelloWithCookie().at(0)), kVerified);
  const auto server = fixture.acceptor.Promote();
  CHECK_EQ(server->Start(), kIdle);
  Fixture other;
  CHECK_EQ(fixture.Accept(other.hello, kThere), kReply);
  CHECK_EQ(TakeAll(fixture.acceptor).size(), 1u);
  Exchange(*fixture.client, *server);
  CHECK(server->stage() == Stage::kEstablished);
}

}  // namespace dtls::test
