// What native code reads in a datagram before OpenSSL does, against plain models of it.
#include <algorithm>
#include <set>

#include "support/expect.h"
#include "support/input.h"
#include "tls/record_window.h"
#include "tls/screen.h"

namespace dtls::fuzz {

namespace {

// By RFC 6347 section 4.1.
struct Record {
  uint64_t type, version, epoch, number;
  Bytes body;
  Bytes whole;
};

std::vector<Record> Parse(const Bytes& datagram) {
  std::vector<Record> records;
  for (size_t at = 0; datagram.size() - at >= 13;) {
    const auto number = [&](size_t offset, size_t size) {
      uint64_t value = 0;
      for (size_t i = 0; i < size; ++i) value = value * 256 + datagram[at + offset + i];
      return value;
    };
    const size_t size = number(11, 2);
    if (datagram.size() - at - 13 < size) break;
    const auto begin = datagram.begin() + static_cast<ptrdiff_t>(at);
    const auto end = begin + 13 + static_cast<ptrdiff_t>(size);
    const Bytes body(begin + 13, end);
    records.push_back({number(0, 1), number(1, 2), number(3, 2), number(5, 6), body, Bytes(begin, end)});
    at += 13 + size;
  }
  return records;
}

bool IsWanted(const Record& record, const RecordBounds& bounds) {
  const bool is_known = record.type >= 20 && record.type <= 23 && record.version / 256 == 254;
  if (!is_known || record.epoch > 1) return false;
  if (bounds.version != 0 && record.type != 21 && record.version != bounds.version) return false;
  if (record.body.size() > bounds.max_fragment + 320) return false;
  if (record.epoch == 1) return record.body.size() >= bounds.min_ciphertext;
  if (record.type == 23) return false;
  const bool is_warning = record.type == 21 && record.body.size() >= 2 && record.body[0] == 1;
  return !is_warning || record.body[1] == 0;
}

void TestScreen(const Bytes& datagram, const std::vector<Record>& records, const RecordBounds& bounds) {
  Bytes wanted;
  size_t ciphertexts = 0;
  for (const Record& record : records) {
    if (!IsWanted(record, bounds)) continue;
    wanted.insert(wanted.end(), record.whole.begin(), record.whole.end());
    if (record.epoch == 1) ++ciphertexts;
  }
  const Screen screen(datagram.data(), datagram.size(), bounds);
  EXPECT(Bytes(screen.data(), screen.data() + screen.size()) == wanted);
  EXPECT(screen.ciphertexts() == ciphertexts);
}

void TestPlaintext(const Bytes& datagram, const std::vector<Record>& records) {
  size_t size = 0;
  for (const Record& record : records) {
    if (record.epoch == 1) break;
    size += record.whole.size();
  }
  EXPECT(LeadingPlaintextSize(datagram.data(), datagram.size()) == size);
}

void TestHello(const Bytes& datagram, const std::vector<Record>& records) {
  bool is_hello = false;
  if (!records.empty() && records[0].body.size() >= 12) {
    const Record& first = records[0];
    const auto uint24 = [&](size_t at) {
      return size_t{first.body[at]} * 65536 + size_t{first.body[at + 1]} * 256 + first.body[at + 2];
    };
    is_hello = first.type == 22 && first.version / 256 == 254 && first.epoch == 0 && first.body[0] == 1 &&
               uint24(6) == 0 && uint24(9) <= uint24(1) && first.body.size() == 12 + uint24(9);
  }
  EXPECT(BeginsClientHello(datagram.data(), datagram.size()) == is_hello);
}

void TestNumbers(const std::vector<Record>& records) {
  for (const Record& record : records) {
    EXPECT(RecordNumber(record.whole.data()) == record.number);
    Bytes renumbered = record.whole;
    SetRecordNumber(renumbered.data(), 0);
    SetRecordNumber(renumbered.data(), record.number);
    EXPECT(renumbered == record.whole);
  }
}

// Each byte is a step from the highest number so far.
void TestWindow(const Bytes& steps) {
  RecordWindow window;
  std::set<uint64_t> seen = {0};
  for (const uint8_t step : steps) {
    const uint64_t highest = *seen.rbegin();
    EXPECT(window.highest() == highest);
    const auto wanted = static_cast<int64_t>(highest) + static_cast<int8_t>(step);
    const auto number = static_cast<uint64_t>(std::max<int64_t>(wanted, 0));
    const bool is_old = highest >= number && highest - number >= 64;
    EXPECT(window.Covers(number) == (is_old || seen.count(number) > 0));
    window.Add(number);
    seen.insert(number);
  }
}

}  // namespace

}  // namespace dtls::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace dtls::fuzz;
  constexpr dtls::RecordBounds kBounds[] = {
      {0, 0xfefd}, {16, 0xfefd, 512}, {24, 0xfefd}, {24, 0xfeff}, {dtls::kNoCiphertext, 0xfefd}, {}};
  Input input(data, size);
  const dtls::RecordBounds bounds = kBounds[input.Byte() % std::size(kBounds)];
  TestWindow(input.Short());
  const Bytes datagram = input.Take(size);
  const std::vector<Record> records = Parse(datagram);
  TestScreen(datagram, records, bounds);
  TestPlaintext(datagram, records);
  TestHello(datagram, records);
  TestNumbers(records);
  return 0;
}
