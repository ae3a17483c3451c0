#include <algorithm>

#include "check.h"
#include "pair.h"
#include "tls/records.h"

namespace dtls::test {

namespace {

// What `connection` says of a datagram.
uint64_t Ahead(const Connection& connection, const Bytes& datagram) {
  return connection.RecordsAhead(datagram.data(), datagram.size());
}

}  // namespace

TEST("a record of data that does not authenticate is told as forged, each time") {
  EstablishedPair pair;
  Bytes forged = Written(*pair.client, "one");
  forged.back() ^= 1;
  for (int i = 0; i < 3; ++i) CHECK_EQ(Deliver(*pair.server, forged).status, kForged);
  EstablishedPair other;
  CHECK_EQ(Deliver(*pair.server, Written(*other.client, "not yours")).status, kForged);
}

TEST("a record of data that was there before is told as replayed") {
  EstablishedPair pair;
  const Bytes first = Written(*pair.client, "first");
  const Bytes second = Written(*pair.client, "second");
  for (const Bytes& datagram : {second, first}) CHECK_EQ(Deliver(*pair.server, datagram).status, kIdle);
  for (const Bytes& datagram : {first, second}) CHECK_EQ(Deliver(*pair.server, datagram).status, kReplayed);
}

TEST("a record of data that is older than OpenSSL's window is told as replayed") {
  EstablishedPair pair;
  const Bytes old = Written(*pair.client, "old");
  for (int i = 0; i < 63; ++i) Deliver(*pair.server, Written(*pair.client, "newer"));
  // The 64th is the oldest that the window tells from others.
  CHECK_EQ(Deliver(*pair.server, old).messages.size(), 1u);
  const Bytes older = Written(*pair.client, "older");
  for (int i = 0; i < 64; ++i) Deliver(*pair.server, Written(*pair.client, "newer"));
  const Delivery delivery = Deliver(*pair.server, older);
  CHECK_EQ(delivery.status, kReplayed);
  CHECK_EQ(delivery.messages.size(), 0u);
}

TEST("a record too small for any content is told as unwanted: nobody gains by it") {
  EstablishedPair pair;
  // An explicit nonce of 8 and a tag of 16 (RFC 5288).
  CHECK_EQ(Deliver(*pair.server, RecordOf(kApplicationData, 1, 40, Bytes(24))).status, kUnwanted);
  CHECK_EQ(Deliver(*pair.server, RecordOf(kApplicationData, 1, 40, Bytes(25))).status, kForged);
}

TEST("datagrams without any record that could matter are told as unwanted") {
  EstablishedPair pair;
  for (const Bytes& datagram :
       {Bytes{}, Bytes{0xff}, Bytes(100, 0), RecordOf(kApplicationData, 1, 40, Bytes(23)),
        RecordOf(kApplicationData, 0, 40, Bytes(40)), RecordOf(kApplicationData, 2, 40, Bytes(40))}) {
    CHECK_EQ(Deliver(*pair.server, datagram).status, kUnwanted);
  }
}

TEST("an alert that does not authenticate is told as forged, one in clear is nothing to tell of") {
  EstablishedPair pair;
  CHECK_EQ(Deliver(*pair.server, RecordOf(kAlert, 1, 40, Bytes(60, 7))).status, kForged);
  CHECK_EQ(Deliver(*pair.server, RecordOf(kAlert, 0, 40, {2, 40})).status, kIdle);
}

TEST("records of a handshake are not told as forged: they may be the peer's repeated flight") {
  EstablishedPair pair;
  CHECK_EQ(Deliver(*pair.server, RecordOf(kHandshake, 1, 40, Bytes(60, 7))).status, kIdle);
}

TEST("a forged record does not hide behind others that bring no message") {
  EstablishedPair pair;
  const Bytes genuine = Written(*pair.client, "one");
  Deliver(*pair.server, genuine);
  const Bytes forged = RecordOf(kApplicationData, 1, 40, Bytes(60, 7));
  for (const Bytes& other : {forged, genuine, RecordOf(kHandshake, 1, 41, Bytes(60, 7)),
                             RecordOf(kApplicationData, 1, 42, Bytes(24)), RecordOf(kAlert, 0, 0, {2, 40})}) {
    CHECK_EQ(Deliver(*pair.server, Join({other, forged})).status, kForged);
    CHECK_EQ(Deliver(*pair.server, Join({forged, other})).status, kForged);
  }
  CHECK_EQ(Deliver(*pair.server, Join({genuine, genuine})).status, kReplayed);
}

TEST("nothing is forged or replayed before the handshake is complete") {
  Pair pair;
  const Bytes forged = RecordOf(kApplicationData, 1, 40, Bytes(60, 7));
  pair.filter = [&](Side, const Bytes&) {
    CHECK_EQ(pair.DeliverTo(Side::kClient, forged).status, kIdle);
    return true;
  };
  pair.Start();
  CHECK(pair.established());
}

TEST("a record is as far ahead as its number is beyond all that authenticated") {
  EstablishedPair pair;
  // The Finished had number 0.
  const Bytes first = Written(*pair.client, "first");
  const Bytes second = Written(*pair.client, "second");
  const Bytes third = Written(*pair.client, "third");
  CHECK_EQ(Ahead(*pair.server, first), 1u);
  CHECK_EQ(Ahead(*pair.server, third), 3u);
  Deliver(*pair.server, second);
  CHECK_EQ(Ahead(*pair.server, first), 0u);
  CHECK_EQ(Ahead(*pair.server, second), 0u);
  CHECK_EQ(Ahead(*pair.server, third), 1u);
  Bytes last = third;
  std::fill(last.begin() + 5, last.begin() + 11, 0xff);
  CHECK_EQ(Ahead(*pair.server, last), (uint64_t{1} << 48) - 1 - 2);
}

TEST("an alert is ahead as data are; no other record is") {
  EstablishedPair pair;
  CHECK_EQ(pair.client->Shutdown(), kIdle);
  CHECK_EQ(Ahead(*pair.server, TakeAll(*pair.client).at(0)), 1u);
  for (const uint8_t type : {kChangeCipherSpec, kHandshake}) {
    CHECK_EQ(Ahead(*pair.server, RecordOf(type, 1, 40, Bytes(60))), 0u);
  }
  for (const uint16_t epoch : {0, 2}) CHECK_EQ(Ahead(*pair.server, RecordOf(kApplicationData, epoch, 40, Bytes(60))), 0u);
}

TEST("a record is ahead only when it is all that its datagram has") {
  EstablishedPair pair;
  const Bytes record = Written(*pair.client, "one");
  CHECK_EQ(Ahead(*pair.server, Join({record, record})), 0u);
  CHECK_EQ(Ahead(*pair.server, Join({record, {0}})), 0u);
  for (size_t size = 0; size < record.size(); ++size) CHECK_EQ(Ahead(*pair.server, Slice(record, 0, size)), 0u);
}

TEST("nothing is ahead before the handshake is complete") {
  Pair pair;
  const auto is_complete = [&] { return pair.server != nullptr && pair.server->stage() == Stage::kEstablished; };
  pair.filter = [&](Side from, const Bytes&) { return from == Side::kClient || !is_complete(); };
  pair.Start();
  REQUIRE(is_complete());
  CHECK_EQ(Ahead(*pair.client, Written(*pair.server, "early")), 0u);
}

TEST("records that do not authenticate take nobody ahead") {
  EstablishedPair pair;
  const Bytes one = Written(*pair.client, "one");
  const Bytes two = Written(*pair.client, "two");
  const Bytes forged = RecordOf(kApplicationData, 1, 60000, Bytes(60, 7));
  Deliver(*pair.server, forged);
  CHECK_EQ(Ahead(*pair.server, two), 2u);
  // In whatever company.
  CHECK_EQ(Deliver(*pair.server, Join({forged, one, forged})).messages.size(), 1u);
  CHECK_EQ(Ahead(*pair.server, two), 1u);
  CHECK_EQ(Deliver(*pair.server, forged).status, kForged);
}

}  // namespace dtls::test
