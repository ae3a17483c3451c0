#include "tls/datagram_channel.h"

#include <memory>

#include "check.h"
#include "pair.h"
#include "tls/openssl_handles.h"
#include "tls/records.h"

namespace dtls::test {

namespace {

using BioPointer = std::unique_ptr<BIO, FreeWith<BIO_free>>;

struct Fixture {
  explicit Fixture(size_t mtu) : channel(mtu), bio(channel.NewBio()) {}

  void Write(const Bytes& bytes) {
    CHECK_EQ(BIO_write(bio.get(), bytes.data(), static_cast<int>(bytes.size())), static_cast<int>(bytes.size()));
  }

  // As much as the buffer of OpenSSL's record layer would get.
  Bytes Read(size_t capacity) {
    Bytes into(capacity);
    const int size = BIO_read(bio.get(), into.data(), static_cast<int>(capacity));
    into.resize(size > 0 ? static_cast<size_t>(size) : 0);
    return into;
  }

  std::vector<size_t> TakeSizes() {
    std::vector<size_t> sizes;
    for (const Bytes& datagram : TakeAll(channel)) sizes.push_back(datagram.size());
    return sizes;
  }

  DatagramChannel channel;
  BioPointer bio;
};

using Sizes = std::vector<size_t>;

// A record of `size` bytes, header included.
Bytes Handshake(size_t size) { return RecordOf(kHandshake, 0, 0, Bytes(size - kRecordHeaderSize, 0xaa)); }
Bytes Data(size_t size) { return RecordOf(kApplicationData, 1, 0, Bytes(size - kRecordHeaderSize, 0xbb)); }

}  // namespace

TEST("what OpenSSL writes leaves unchanged") {
  Fixture fixture(1200);
  const Bytes flight = Join({Handshake(50), Handshake(60)});
  fixture.Write(flight);
  const auto datagrams = TakeAll(fixture.channel);
  CHECK_EQ(datagrams.size(), 1u);
  CHECK(datagrams.at(0) == flight);
  CHECK(!fixture.channel.HasOutput());
}

TEST("handshake records of several writes share a datagram up to the MTU") {
  Fixture fixture(300);
  for (int i = 0; i < 7; ++i) fixture.Write(Handshake(100));
  CHECK(fixture.TakeSizes() == (Sizes{300, 300, 100}));
}

TEST("one write of several handshake records is cut apart where the MTU is reached") {
  Fixture fixture(300);
  fixture.Write(Join({Handshake(200), Handshake(101), Handshake(199), Handshake(300)}));
  CHECK(fixture.TakeSizes() == (Sizes{200, 300, 300}));
}

TEST("a record larger than the MTU leaves whole and alone") {
  Fixture fixture(300);
  fixture.Write(Join({Handshake(100), Handshake(301), Handshake(100)}));
  CHECK(fixture.TakeSizes() == (Sizes{100, 301, 100}));
}

TEST("application data never shares a datagram") {
  Fixture fixture(1200);
  fixture.Write(Data(50));
  fixture.Write(Data(51));
  fixture.Write(Handshake(52));
  fixture.Write(Data(53));
  CHECK(fixture.TakeSizes() == (Sizes{50, 51, 52, 53}));
}

TEST("a ClientHello never shares a datagram") {
  Fixture fixture(1200);
  Bytes hello = Handshake(50);
  hello[kRecordHeaderSize] = 1;
  fixture.Write(hello);
  fixture.Write(hello);
  fixture.Write(Handshake(60));
  fixture.Write(hello);
  CHECK(fixture.TakeSizes() == Sizes({50, 50, 60, 50}));
}

TEST("a record is not joined to a datagram that was taken") {
  Fixture fixture(1200);
  fixture.Write(Handshake(50));
  fixture.Write(Data(60));
  Bytes into(1200);
  CHECK_EQ(fixture.channel.Take(into.data(), into.size()), 50u);
  fixture.Write(Handshake(51));
  CHECK(fixture.TakeSizes() == (Sizes{60, 51}));
}

TEST("bytes that are no record leave as they are") {
  Fixture fixture(1200);
  fixture.Write({22, 0xfe, 0xfd});
  CHECK(fixture.TakeSizes() == (Sizes{3}));
}

TEST("plaintext records are numbered from the given number on, ciphertext keeps its own") {
  Fixture fixture(1200);
  fixture.channel.NumberFrom(0x0102030405);
  fixture.Write(Join({RecordOf(kHandshake, 0, 1, Bytes(20)), RecordOf(kHandshake, 0, 2, Bytes(20))}));
  fixture.Write(Join({RecordOf(kChangeCipherSpec, 0, 3, Bytes(1)), RecordOf(kHandshake, 1, 0, Bytes(20))}));
  std::vector<uint64_t> numbers;
  for (const Bytes& datagram : TakeAll(fixture.channel)) {
    for (const Bytes& record : RecordsOf(datagram)) numbers.push_back(RecordNumber(record.data()));
  }
  CHECK(numbers == (std::vector<uint64_t>{0x0102030405, 0x0102030406, 0x0102030407, 0}));
}

TEST("records that come with the given number, or a higher one, keep it") {
  Fixture fixture(1200);
  fixture.channel.NumberFrom(3);
  fixture.Write(Join({RecordOf(kHandshake, 0, 4, Bytes(20)), RecordOf(kHandshake, 0, 5, Bytes(20))}));
  const auto records = RecordsOf(TakeAll(fixture.channel).at(0));
  CHECK_EQ(RecordNumber(records.at(0).data()), 4u);
  CHECK_EQ(RecordNumber(records.at(1).data()), 5u);
}

TEST("a datagram stays in the queue while the room is too small for it") {
  Fixture fixture(1200);
  fixture.Write(Handshake(50));
  Bytes into(50);
  CHECK_EQ(fixture.channel.Take(into.data(), 49), 0u);
  CHECK(fixture.channel.HasOutput());
  CHECK_EQ(fixture.channel.Take(into.data(), 50), 50u);
  CHECK(into == Handshake(50));
}

TEST("a cleared channel has no output and takes new output") {
  Fixture fixture(1200);
  fixture.Write(Handshake(50));
  fixture.channel.Clear();
  CHECK(!fixture.channel.HasOutput());
  fixture.Write(Handshake(60));
  CHECK(fixture.TakeSizes() == (Sizes{60}));
}

TEST("a flush succeeds and every other control is answered with 0") {
  Fixture fixture(1200);
  CHECK_EQ(BIO_flush(fixture.bio.get()), 1);
  CHECK_EQ(BIO_ctrl(fixture.bio.get(), BIO_CTRL_DGRAM_QUERY_MTU, 0, nullptr), 0);
  CHECK_EQ(BIO_ctrl(fixture.bio.get(), BIO_CTRL_DGRAM_GET_MTU_OVERHEAD, 0, nullptr), 0);
  CHECK_EQ(BIO_ctrl(fixture.bio.get(), BIO_CTRL_WPENDING, 0, nullptr), 0);
}

TEST("a read without input asks to be repeated") {
  Fixture fixture(1200);
  uint8_t byte;
  CHECK(BIO_read(fixture.bio.get(), &byte, 1) <= 0);
  CHECK(BIO_should_retry(fixture.bio.get()));
}

TEST("a borrowed datagram is read once") {
  Fixture fixture(1200);
  const Bytes datagram = Join({Handshake(50), Handshake(60)});
  fixture.channel.BeginInput(datagram.data(), datagram.size());
  CHECK(fixture.Read(16384) == datagram);
  CHECK(fixture.Read(16384).empty());
}

TEST("a datagram larger than the reader's buffer is handed over in whole records") {
  Fixture fixture(1200);
  const Bytes datagram = Join({Data(400), Data(500), Data(600), Data(700)});
  fixture.channel.BeginInput(datagram.data(), datagram.size());
  CHECK(fixture.Read(1000) == Join({Data(400), Data(500)}));
  CHECK(fixture.Read(1000) == Data(600));
  CHECK(fixture.Read(1000) == Data(700));
  CHECK(fixture.Read(1000).empty());
}

TEST("a record larger than the reader's buffer is dropped with what follows it") {
  Fixture fixture(1200);
  const Bytes datagram = Join({Data(400), Data(1001), Data(400)});
  fixture.channel.BeginInput(datagram.data(), datagram.size());
  CHECK(fixture.Read(1000) == Data(400));
  CHECK(fixture.Read(1000).empty());
  CHECK(fixture.Read(1000).empty());
}

TEST("what was not read yet survives the borrowed memory") {
  Fixture fixture(1200);
  auto datagram = std::make_unique<Bytes>(Join({Data(400), Data(500), Data(600)}));
  fixture.channel.BeginInput(datagram->data(), datagram->size());
  CHECK(fixture.Read(700) == Data(400));
  fixture.channel.EndInput();
  datagram.reset();
  CHECK(fixture.Read(700) == Data(500));
  fixture.channel.EndInput();
  CHECK(fixture.Read(700) == Data(600));
  CHECK(fixture.Read(700).empty());
}

}  // namespace dtls::test
