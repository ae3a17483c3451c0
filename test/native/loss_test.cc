// A client against a server that asks for no cookie, as many do; ours always asks: test/lab has those handshakes. In
// virtual time.
#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "certificates.h"
#include "check.h"
#include "pair.h"
#include "tls/records.h"

namespace dtls::test {

namespace {

constexpr double kTimeoutMs = 1000;
// Beyond the first timeout, and before the next.
constexpr double kLateMs = 1500;

// A datagram, and how much later than it is sent it arrives.
struct Arriving {
  Bytes datagram;
  double delay_ms = 0;
};

// What arrives of the n-th datagram of one side.
using Fate = std::function<std::vector<Arriving>(size_t n, const Bytes& datagram)>;

std::vector<Arriving> Arrives(size_t, const Bytes& datagram) { return {{datagram}}; }

Fate Lost(size_t which) {
  return [=](size_t n, const Bytes& datagram) { return n == which ? std::vector<Arriving>() : Arrives(n, datagram); };
}

Fate Doubled(size_t which) {
  return [=](size_t n, const Bytes& datagram) {
    return std::vector<Arriving>(n == which ? 2 : 1, Arriving{datagram});
  };
}

Fate Late(size_t which) {
  return [=](size_t n, const Bytes& datagram) {
    return std::vector<Arriving>{{datagram, n == which ? kLateMs : 0}};
  };
}

// Arrives after the datagram that follows it.
Fate Overtaken(size_t which) {
  return [which, held = Bytes()](size_t n, const Bytes& datagram) mutable -> std::vector<Arriving> {
    if (n != which) return n == which + 1 ? std::vector<Arriving>{{datagram}, {held}} : Arrives(n, datagram);
    held = datagram;
    return {};
  };
}

Fate CutTo(size_t which, size_t size) {
  return [=](size_t n, const Bytes& datagram) {
    return Arrives(n, n == which ? Slice(datagram, 0, std::min(size, datagram.size())) : datagram);
  };
}

struct Kind {
  std::shared_ptr<TlsContext> client;
  std::shared_ptr<TlsContext> server;
  size_t mtu;
  bool tickets;
  // DER; empty for a full handshake.
  std::string session = "";
};

ConnectionOptions OptionsOf(const Kind& kind) {
  ConnectionOptions options;
  options.mtu = kind.mtu;
  options.tickets = kind.tickets;
  options.session_id_context = "ours";
  return options;
}

struct End {
  std::unique_ptr<Connection> connection;
  Fate fate = Arrives;
  size_t sent = 0;
};

class Meeting {
 public:
  explicit Meeting(const Kind& kind) {
    ConnectionOptions options = OptionsOf(kind);
    server.connection = Connection::Create(kind.server, Role::kServer, options);
    options.session = kind.session;
    client.connection = Connection::Create(kind.client, Role::kClient, options);
    for (End* side : {&client, &server}) side->connection->UseVirtualTime();
  }

  // Until nothing is under way and no timer runs.
  void Run() {
    for (End* side : {&client, &server}) CHECK_EQ(side->connection->Start(), kIdle);
    for (int steps = 0; steps < 1000; ++steps) {
      Send(client, server);
      Send(server, client);
      if (!Deliver() && !Advance()) return;
    }
    CHECK(!"a handshake ends");
  }

  bool established() const {
    return client.connection->stage() == Stage::kEstablished && server.connection->stage() == Stage::kEstablished;
  }

  End client;
  End server;
  double now_ms = 0;

 private:
  struct UnderWay {
    double due_ms;
    Connection* to;
    Bytes datagram;
  };

  void Send(End& from, End& to) {
    for (const Bytes& datagram : TakeAll(*from.connection)) {
      for (const Arriving& arriving : from.fate(from.sent++, datagram)) {
        under_way_.push_back({now_ms + arriving.delay_ms, to.connection.get(), arriving.datagram});
      }
    }
  }

  bool Deliver() {
    const auto due = std::find_if(under_way_.begin(), under_way_.end(), [&](auto& one) { return one.due_ms <= now_ms; });
    if (due == under_way_.end()) return false;
    const UnderWay next = *due;
    under_way_.erase(due);
    test::Deliver(*next.to, next.datagram);
    return true;
  }

  // To the next moment at which something is due.
  bool Advance() {
    double next_ms = -1;
    const auto consider = [&](double due_ms) { next_ms = next_ms < 0 ? due_ms : std::min(next_ms, due_ms); };
    for (const UnderWay& one : under_way_) consider(one.due_ms);
    for (End* side : {&client, &server}) {
      const int32_t wait_ms = side->connection->TimeoutMs(now_ms);
      if (wait_ms >= 0) consider(now_ms + wait_ms);
    }
    if (next_ms < 0) return false;
    now_ms = next_ms;
    for (End* side : {&client, &server}) side->connection->HandleTimeout(now_ms);
    return true;
  }

  std::vector<UnderWay> under_way_;
};

Kind Resumed(Kind kind) {
  Meeting first(kind);
  first.Run();
  CHECK(first.established());
  kind.session = SessionOf(*first.client.connection);
  // OpenSSL forgets the id of a session that goes without a close_notify.
  first.server.connection->Shutdown();
  return kind;
}

std::vector<Kind> AllKinds() {
  const CertificatePair certified;
  const Kind with_key = {ClientContext({}), ServerContext({}), 1200, true};
  const Bytes ticket_key(kTicketKeySize, 0x11);
  with_key.server->ticket_keys().Set({ViewOf(ticket_key)});
  // Small, so that a flight has several datagrams; and a hello with a ticket would not fit.
  const Kind with_certificate = {certified.client, certified.server, 256, false};
  return {with_key, with_certificate, Resumed(with_key), Resumed(with_certificate)};
}

// How many datagrams each side sends when nothing is lost.
std::pair<size_t, size_t> Count(const Kind& kind) {
  Meeting meeting(kind);
  meeting.Run();
  CHECK(meeting.established());
  CHECK_EQ(meeting.now_ms, 0);
  CHECK_EQ(SSL_session_reused(meeting.client.connection->ssl()) == 1, !kind.session.empty());
  return {meeting.client.sent, meeting.server.sent};
}

using Befall = std::function<void(Meeting&)>;

void CheckCompletes(const Kind& kind, double within_ms, const Befall& befall) {
  Meeting meeting(kind);
  befall(meeting);
  meeting.Run();
  CHECK(meeting.now_ms <= within_ms);
  if (CHECK(meeting.established())) CheckAlive(*meeting.client.connection, *meeting.server.connection);
}

// Each datagram of each kind of handshake, of either side.
void ForEachDatagram(const std::function<void(const Kind&, End Meeting::*side, size_t n)>& use) {
  for (const Kind& kind : AllKinds()) {
    const auto [from_client, from_server] = Count(kind);
    for (size_t n = 0; n < from_client; ++n) use(kind, &Meeting::client, n);
    for (size_t n = 0; n < from_server; ++n) use(kind, &Meeting::server, n);
  }
}

void CheckEach(const std::function<Fate(size_t n)>& fate, double within_ms) {
  ForEachDatagram([&](const Kind& kind, End Meeting::*side, size_t n) {
    CheckCompletes(kind, within_ms, [&](Meeting& meeting) { (meeting.*side).fate = fate(n); });
  });
}

}  // namespace

TEST("without a cookie, the server's first datagram is its ServerHello") {
  for (const Kind& kind : AllKinds()) {
    Meeting meeting(kind);
    Bytes first;
    meeting.server.fate = [&](size_t n, const Bytes& datagram) {
      if (n == 0) first = datagram;
      return Arrives(n, datagram);
    };
    meeting.Run();
    REQUIRE(first.size() > kRecordHeaderSize);
    CHECK_EQ(first[kRecordHeaderSize], 2);
  }
}

TEST("without a cookie, a handshake completes when any datagram is lost") { CheckEach(Lost, kTimeoutMs); }

TEST("without a cookie, a handshake completes when any datagram is doubled") { CheckEach(Doubled, 0); }

// The late one is there after the handshake, too.
TEST("without a cookie, a handshake completes when any datagram is later than its repetition") {
  CheckEach(Late, kLateMs);
}

TEST("without a cookie, a handshake completes when any datagram is behind the next") { CheckEach(Overtaken, kTimeoutMs); }

TEST("without a cookie, a handshake completes when any datagram is cut off anywhere") {
  for (const size_t size : {0, 1, 12, 13, 20, 25, 26, 60}) {
    CheckEach([=](size_t n) { return CutTo(n, size); }, kTimeoutMs);
  }
}

TEST("without a cookie, a handshake completes when any two datagrams are lost") {
  for (const Kind& kind : AllKinds()) {
    const auto [from_client, from_server] = Count(kind);
    // Those that are sent again as well.
    const size_t all = from_client + from_server + 4;
    const auto lose = [&](Meeting& meeting, size_t which) {
      End& side = which < from_client + 2 ? meeting.client : meeting.server;
      const size_t number = which < from_client + 2 ? which : which - from_client - 2;
      side.fate = [number, before = side.fate](size_t n, const Bytes& datagram) {
        return n == number ? std::vector<Arriving>() : before(n, datagram);
      };
    };
    for (size_t one = 0; one < all; ++one) {
      for (size_t other = one + 1; other < all; ++other) {
        CheckCompletes(kind, 3 * kTimeoutMs, [&](Meeting& meeting) {
          lose(meeting, one);
          lose(meeting, other);
        });
      }
    }
  }
}

}  // namespace dtls::test
