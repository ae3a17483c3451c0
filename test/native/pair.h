#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tls/acceptor.h"
#include "tls/connection.h"

namespace dtls::test {

using Bytes = std::vector<uint8_t>;

Bytes BytesOf(std::string_view text);
std::string TextOf(const Bytes& bytes);
// The bytes from `begin` up to `end`.
Bytes Slice(const Bytes& bytes, size_t begin, size_t end);
Bytes Join(const std::vector<Bytes>& parts);
// The whole records of a datagram; what follows the last one is left out.
std::vector<Bytes> RecordsOf(const Bytes& datagram);
// A DTLS 1.2 record with any body.
Bytes RecordOf(uint8_t type, uint16_t epoch, uint16_t sequence, const Bytes& body);

template <typename Source>
std::vector<Bytes> TakeAll(Source& source) {
  static Bytes into(65536);
  std::vector<Bytes> datagrams;
  while (const size_t size = source.Take(into.data(), into.size())) {
    datagrams.push_back(Slice(into, 0, size));
  }
  return datagrams;
}

// What one datagram did to its receiver.
struct Delivery {
  // The first status that was neither a message nor kEstablished.
  int32_t status = kIdle;
  bool established = false;
  std::vector<std::string> messages;
};

// Receive(), then Poll() until nothing is left.
Delivery Deliver(Connection& to, const Bytes& datagram);

enum class Side { kClient, kServer };

// With a first timeout that no test waits for: what is sent does not depend on the machine's speed. Without tickets,
// so that the last flight is a change of cipher and a Finished.
ConnectionOptions PatientOptions();

struct PairOptions {
  std::string client_ciphers = "PSK-AES128-GCM-SHA256";
  std::string server_ciphers = "PSK-AES128-GCM-SHA256";
  std::string hint;
  // No fixed credentials when empty.
  std::string identity = "alice";
  std::string client_key = "0123456789abcdef";
  // What the server's table holds for `identity`; no entry when empty.
  std::string server_key = "0123456789abcdef";
  bool keylog = false;
  // What the client asks for (RFC 6066 section 4); 0: nothing.
  uint32_t max_fragment_length = 0;
  ConnectionOptions connection = PatientOptions();
};

std::shared_ptr<TlsContext> ContextOf(const TlsContextOptions& options);
std::shared_ptr<TlsContext> ClientContext(const PairOptions& options);
std::shared_ptr<TlsContext> ServerContext(const PairOptions& options);

// A client and a server in memory. The server comes into being behind its Acceptor.
class Pair {
 public:
  explicit Pair(const PairOptions& options = {});
  Pair(std::shared_ptr<TlsContext> client_context, std::shared_ptr<TlsContext> server_context,
       const ConnectionOptions& client_options = PatientOptions(),
       const ConnectionOptions& server_options = PatientOptions());

  // Outgoing datagrams of one side.
  std::vector<Bytes> TakeFrom(Side side);
  Delivery DeliverTo(Side side, const Bytes& datagram);
  // Starts the client and carries datagrams until none is under way.
  void Start();
  void Exchange();
  // Waits for the timers of a handshake whose datagrams were lost, until both sides are established or one gives up.
  void ExchangeWithTimeouts();
  bool established() const;

  // Sees each datagram of Exchange() before its receiver does; false loses it.
  std::function<bool(Side from, const Bytes& datagram)> filter = [](Side, const Bytes&) { return true; };

  // Sees the server before it starts.
  std::function<void(Connection& server)> on_server = [](Connection&) {};

  Acceptor acceptor;
  std::unique_ptr<Connection> client;
  // nullptr until the cookie was verified.
  std::unique_ptr<Connection> server;

 private:
  // HelloVerifyRequests that are not taken yet: the acceptor keeps only the last.
  std::vector<Bytes> replies_;
};

// A pair whose handshake is complete.
class EstablishedPair : public Pair {
 public:
  explicit EstablishedPair(const PairOptions& options = {});
};

// Checks that a message from each side reaches the other.
void CheckAlive(Connection& client, Connection& server);
void CheckAlive(Pair& pair);

// The session as a client keeps it, or a server.
std::string SessionOf(const Connection& connection);

// The only datagram of a write. Empty, and the test failed, when it is not just one.
Bytes Written(Connection& from, std::string_view message);

}  // namespace dtls::test
