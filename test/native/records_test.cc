#include "tls/screen.h"

#include "check.h"
#include "pair.h"

namespace dtls::test {

namespace {

Bytes Passed(const Bytes& datagram, const RecordBounds& bounds = {0}) {
  const Screen screen(datagram.data(), datagram.size(), bounds);
  return Bytes(screen.data(), screen.data() + screen.size());
}

size_t Screened(const Bytes& datagram, size_t min_ciphertext = 0) {
  return Passed(datagram, RecordBounds{min_ciphertext}).size();
}

size_t WholeRecord(const Bytes& bytes) { return WholeRecordSize(bytes.data(), bytes.size()); }

const Bytes kGood = RecordOf(kHandshake, 0, 7, Bytes(20, 0xaa));

}  // namespace

TEST("a whole record is its header and the length that the header names") {
  CHECK_EQ(WholeRecord(kGood), 33u);
  CHECK_EQ(WholeRecord(RecordOf(kApplicationData, 1, 0, {})), 13u);
  CHECK_EQ(WholeRecord(RecordOf(kApplicationData, 1, 0, Bytes(65535))), 65548u);
}

TEST("bytes after the record do not belong to it") { CHECK_EQ(WholeRecord(Join({kGood, {1, 2, 3}})), 33u); }

TEST("a record that is cut short is none") {
  for (size_t size = 0; size < kGood.size(); ++size) CHECK_EQ(WholeRecordSize(kGood.data(), size), 0u);
}

TEST("the epoch is read in network order") {
  CHECK_EQ(RecordEpoch(RecordOf(kHandshake, 0x0102, 0, {}).data()), 0x0102);
}

TEST("records of a handshake and of an established connection pass the screen") {
  for (uint8_t type : {kChangeCipherSpec, kAlert, kHandshake}) CHECK_EQ(Screened(RecordOf(type, 0, 0, {2, 2})), 15u);
  for (uint8_t type : {kAlert, kHandshake, kApplicationData}) CHECK_EQ(Screened(RecordOf(type, 1, 0, {1, 2})), 15u);
}

TEST("records in version 1.0, as a HelloVerifyRequest may be, pass the screen") {
  Bytes record = kGood;
  record[2] = 0xff;
  CHECK_EQ(Screened(record), record.size());
}

TEST("once a version is negotiated, only alerts may have another one") {
  constexpr RecordBounds kBounds = {0, 0xfefd};
  for (const uint8_t type : {kChangeCipherSpec, kAlert, kHandshake, kApplicationData}) {
    Bytes record = RecordOf(type, 1, 0, Bytes(30));
    CHECK_EQ(Passed(record, kBounds).size(), record.size());
    record[2] = 0xff;
    CHECK_EQ(Passed(record, kBounds).size(), type == kAlert ? record.size() : 0u);
  }
}

TEST("a record that is longer than any ciphertext of its fragment size does not pass the screen") {
  for (const size_t fragment : {size_t{512}, kMaxPlaintext}) {
    const RecordBounds bounds = {0, 0xfefd, fragment};
    CHECK(!Passed(RecordOf(kApplicationData, 1, 0, Bytes(fragment + 320)), bounds).empty());
    CHECK(Passed(RecordOf(kApplicationData, 1, 0, Bytes(fragment + 321)), bounds).empty());
  }
}

TEST("an empty datagram does not pass the screen") { CHECK_EQ(Screened({}), 0u); }

TEST("an unknown content type does not pass the screen") {
  for (uint8_t type : {0, 19, 24, 25, 128, 255}) CHECK_EQ(Screened(RecordOf(type, 0, 0, {2, 2})), 0u);
}

TEST("a record of TLS over UDP does not pass the screen") {
  Bytes record = kGood;
  record[1] = 0x03;
  record[2] = 0x03;
  CHECK_EQ(Screened(record), 0u);
}

TEST("a record of a future epoch does not pass the screen") {
  for (uint16_t epoch : {2, 3, 256, 65535}) CHECK_EQ(Screened(RecordOf(kHandshake, epoch, 0, {1, 2})), 0u);
}

TEST("a ciphertext too short for its cipher does not pass the screen") {
  for (uint8_t type : {kAlert, kHandshake, kApplicationData}) {
    CHECK_EQ(Screened(RecordOf(type, 1, 0, Bytes(23)), 24), 0u);
    CHECK_EQ(Screened(RecordOf(type, 1, 0, Bytes(24)), 24), 37u);
  }
  CHECK_EQ(Screened(RecordOf(kAlert, 0, 0, {2, 40}), 24), 15u);
}

TEST("while no ciphertext is expected none passes the screen") {
  CHECK_EQ(Screened(RecordOf(kHandshake, 1, 0, Bytes(65535)), kNoCiphertext), 0u);
  CHECK_EQ(Screened(kGood, kNoCiphertext), kGood.size());
}

TEST("the screen keeps the good records around bad ones, in order") {
  const Bytes bad = RecordOf(kHandshake, 2, 0, {});
  const Bytes other = RecordOf(kAlert, 0, 8, {2, 40});
  CHECK(Passed(Join({kGood, bad, other, bad, kGood})) == Join({kGood, other, kGood}));
  CHECK(Passed(Join({bad, other, kGood})) == Join({other, kGood}));
  CHECK(Passed(Join({bad, bad})).empty());
}

TEST("a plaintext warning does not pass the screen, unless it is close_notify") {
  CHECK_EQ(Screened(RecordOf(kAlert, 0, 0, {1, 112})), 0u);
  CHECK_EQ(Screened(RecordOf(kAlert, 0, 0, {1, 0})), 15u);
  CHECK_EQ(Screened(RecordOf(kAlert, 1, 0, {1, 112})), 15u);
}

// A ClientHello of 40 bytes, or some of them.
Bytes HelloOf(uint8_t length, uint8_t offset, uint8_t fragment, size_t bytes) {
  return RecordOf(kHandshake, 0, 0, Join({{1, 0, 0, length, 0, 0, 0, 0, offset, 0, 0, fragment}, Bytes(bytes, 0xaa)}));
}

bool BeginsHello(const Bytes& datagram) { return BeginsClientHello(datagram.data(), datagram.size()); }

const Bytes kHello = HelloOf(40, 0, 40, 40);

TEST("a datagram begins with a ClientHello when its first record is one, or the first fragment of one") {
  CHECK(BeginsHello(kHello));
  CHECK(BeginsHello(HelloOf(40, 0, 39, 39)));
  CHECK(BeginsHello(Join({kHello, kGood})));
  CHECK(BeginsHello(Join({kHello, {1, 2, 3}})));
  Bytes version_1_0 = kHello;
  version_1_0[2] = 0xff;
  CHECK(BeginsHello(version_1_0));
}

TEST("a datagram does not begin with a ClientHello behind another record") {
  CHECK(!BeginsHello(Join({RecordOf(99, 0, 0, {}), kHello})));
  CHECK(!BeginsHello(Join({RecordOf(kHandshake, 0, 0, {}), kHello})));
  CHECK(!BeginsHello(Join({RecordOf(kAlert, 0, 0, {1, 90}), kHello})));
}

TEST("a later fragment of a ClientHello begins none") { CHECK(!BeginsHello(HelloOf(40, 1, 39, 39))); }

TEST("a ClientHello whose lengths do not agree is none") {
  CHECK(!BeginsHello(HelloOf(39, 0, 40, 40)));
  CHECK(!BeginsHello(HelloOf(40, 0, 40, 39)));
  CHECK(!BeginsHello(HelloOf(40, 0, 40, 41)));
  CHECK(!BeginsHello(HelloOf(40, 0, 0, 40)));
}

TEST("a ClientHello that is cut short is none") {
  for (size_t size = 0; size < kHello.size(); ++size) CHECK(!BeginsClientHello(kHello.data(), size));
  CHECK(!BeginsHello(RecordOf(kHandshake, 0, 0, {1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})));
}

TEST("a ClientHello of TLS, of another epoch, or in a record of another type is none") {
  Bytes tls = kHello;
  tls[1] = 3;
  CHECK(!BeginsHello(tls));
  Bytes encrypted = kHello;
  encrypted[4] = 1;
  CHECK(!BeginsHello(encrypted));
  Bytes data = kHello;
  data[0] = kApplicationData;
  CHECK(!BeginsHello(data));
  Bytes server_hello = kHello;
  server_hello[kRecordHeaderSize] = 2;
  CHECK(!BeginsHello(server_hello));
}

TEST("the leading plaintext ends where the first ciphertext or what is no record begins") {
  const Bytes ciphertext = RecordOf(kApplicationData, 1, 0, Bytes(30));
  const auto leading = [](const Bytes& datagram) { return LeadingPlaintextSize(datagram.data(), datagram.size()); };
  CHECK_EQ(leading(Join({kGood, kGood, ciphertext, kGood})), 2 * kGood.size());
  CHECK_EQ(leading(Join({kGood, Bytes(12, 0xaa)})), kGood.size());
  CHECK_EQ(leading(ciphertext), 0u);
}

TEST("the screen counts the ciphertexts") {
  const Bytes ciphertext = RecordOf(kApplicationData, 1, 0, Bytes(30));
  const Bytes datagram = Join({kGood, ciphertext, kGood, ciphertext});
  CHECK_EQ(Screen(datagram.data(), datagram.size(), RecordBounds{0}).ciphertexts(), 2u);
}

TEST("the screen leaves out trailing bytes that are no record") {
  CHECK_EQ(Screened(Join({kGood, Bytes(12, 0xaa)})), kGood.size());
}

}  // namespace dtls::test
