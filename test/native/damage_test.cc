// Damaged headers between a client and a server that asks for no cookie; with a cookie, and damage anywhere:
// test/lab/corruption.test.ts.
#include <utility>
#include <vector>

#include "check.h"
#include "meeting.h"
#include "tls/records.h"

namespace dtls::test {

namespace {

constexpr size_t kHandshakeHeaderSize = 12;
// So that the timers run out three times.
constexpr double kDeadlineMs = 10000;
// Until then, for each of a handshake without damage.
constexpr size_t kMostDatagrams = 6;

// Where a datagram has a header of a record, or of a handshake message in clear.
std::vector<size_t> HeaderPlaces(const Bytes& datagram) {
  std::vector<size_t> places;
  size_t begin = 0;
  for (const Bytes& record : RecordsOf(datagram)) {
    const bool is_message = record[0] == kHandshake && RecordEpoch(record.data()) == 0;
    const size_t size = kRecordHeaderSize + (is_message ? kHandshakeHeaderSize : 0);
    for (size_t at = 0; at < size; ++at) places.push_back(begin + at);
    begin += record.size();
  }
  return places;
}

// Flips bits of the byte at one of the places of one datagram.
Fate Damaged(size_t which, size_t place, uint8_t mask) {
  return [=](size_t n, Bytes datagram) {
    const std::vector<size_t> places = HeaderPlaces(datagram);
    // The size of a signature varies, and with it what is where.
    if (n == which && place < places.size()) datagram[places[place]] ^= mask;
    return Arrives(n, datagram);
  };
}

// How many places each datagram of one side has.
std::vector<size_t> PlacesOf(const Kind& kind, End Meeting::*side) {
  std::vector<size_t> counts;
  Meeting meeting(kind);
  (meeting.*side).fate = [&](size_t n, const Bytes& datagram) {
    counts.push_back(HeaderPlaces(datagram).size());
    return Arrives(n, datagram);
  };
  meeting.Run();
  CHECK(meeting.established());
  return counts;
}

// Both sides talk, or one of them failed, or they still have timers at their deadline: nobody waits for ever.
void CheckEnds(Meeting& meeting, const std::pair<size_t, size_t>& usual) {
  meeting.Run(kDeadlineMs);
  if (!meeting.client.has_failed && !meeting.server.has_failed && meeting.now_ms < kDeadlineMs) {
    if (CHECK(meeting.established())) CheckAlive(*meeting.client.connection, *meeting.server.connection);
  }
  CHECK(meeting.client.sent + meeting.server.sent <= kMostDatagrams * (usual.first + usual.second));
}

}  // namespace

TEST("without a cookie, a handshake completes or fails when a byte of any header is damaged") {
  for (const Kind& kind : AllKinds()) {
    const auto usual = Count(kind);
    for (End Meeting::*side : {&Meeting::client, &Meeting::server}) {
      const std::vector<size_t> places = PlacesOf(kind, side);
      for (size_t n = 0; n < places.size(); ++n) {
        for (size_t place = 0; place < places[n]; ++place) {
          for (const uint8_t mask : {0x01, 0xff}) {
            Meeting meeting(kind);
            (meeting.*side).fate = Damaged(n, place, mask);
            CheckEnds(meeting, usual);
          }
        }
      }
    }
  }
}

}  // namespace dtls::test
