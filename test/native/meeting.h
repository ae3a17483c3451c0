#pragma once

#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "pair.h"

namespace dtls::test {

// A datagram, and how much later than it is sent it arrives.
struct Arriving {
  Bytes datagram;
  double delay_ms = 0;
};

// What arrives of the n-th datagram of one side.
using Fate = std::function<std::vector<Arriving>(size_t n, const Bytes& datagram)>;

std::vector<Arriving> Arrives(size_t n, const Bytes& datagram);
// One after the other: `second` sees what `first` lets through.
Fate InTurn(Fate first, Fate second);

// A way to make a handshake.
struct Kind {
  std::shared_ptr<TlsContext> client;
  std::shared_ptr<TlsContext> server;
  size_t mtu;
  bool tickets;
  // As the client keeps it and as the server does, DER; empty for a full handshake.
  std::string session = "";
  std::string session_of_server = "";
};

// With a key and with a certificate, full, and resumed by ticket and by session ID.
std::vector<Kind> AllKinds();

struct End {
  std::unique_ptr<Connection> connection;
  Fate fate = Arrives;
  size_t sent = 0;
  bool has_failed = false;
};

// A client and a server that asks for no cookie, as many do; in virtual time.
class Meeting {
 public:
  explicit Meeting(const Kind& kind);

  // Until nothing is under way and no timer runs, or, as our own deadline has it, for so long.
  void Run(double deadline_ms = std::numeric_limits<double>::infinity());
  bool established() const;
  bool is_resumed() const;

  End client;
  End server;
  double now_ms = 0;

 private:
  struct UnderWay {
    double due_ms;
    End* to;
    Bytes datagram;
  };

  void Send(End& from, End& to);
  bool Deliver();
  // To the next moment at which something is due, if it is before the deadline.
  bool Advance(double deadline_ms);

  std::vector<UnderWay> under_way_;
};

// How many datagrams each side sends when nothing is lost.
std::pair<size_t, size_t> Count(const Kind& kind);

}  // namespace dtls::test
