#include <algorithm>
#include <chrono>
#include <string>
#include <thread>

#include "certificates.h"
#include "check.h"
#include "tls/records.h"

namespace dtls::test {

namespace {

// Larger than any datagram here in one piece.
PairOptions LargeMessages() {
  PairOptions options;
  options.client_ciphers = "PSK:ALL";
  options.server_ciphers = "ECDHE-PSK-CHACHA20-POLY1305";
  options.hint = std::string(100, 'h');
  options.identity = std::string(128, 'i');
  return options;
}

size_t LargestOf(const std::vector<Bytes>& datagrams) {
  size_t largest = 0;
  for (const Bytes& datagram : datagrams) largest = std::max(largest, datagram.size());
  return largest;
}

// What a side sends when its timer has run out, after it was told of another MTU.
std::vector<Bytes> SentAgain(Connection& connection, size_t mtu) {
  connection.SetMtu(mtu);
  std::this_thread::sleep_for(std::chrono::milliseconds(connection.TimeoutMs()));
  CHECK_EQ(connection.HandleTimeout(), kIdle);
  return TakeAll(connection);
}

// OpenSSL takes what is left under 15 ms for nothing.
ConnectionOptions Quick() {
  ConnectionOptions options = PatientOptions();
  options.initial_timeout_ms = options.max_timeout_ms = 20;
  return options;
}

}  // namespace

TEST("a flight that is sent again is cut to the MTU that was set since, smaller or larger") {
  const CertificatePair made(KeyType::kRsa);
  Pair pair(made.client, made.server, PatientOptions(), Quick());
  std::vector<Bytes> flight;
  pair.filter = [&](Side from, const Bytes& datagram) {
    if (from == Side::kServer && pair.server != nullptr) flight.push_back(datagram);
    return from == Side::kClient || pair.server == nullptr;
  };
  pair.Start();
  REQUIRE(pair.server != nullptr);
  CHECK(LargestOf(flight) > 548);
  for (const size_t mtu : {548, 256, 300, 1200}) {
    const auto again = SentAgain(*pair.server, mtu);
    CHECK(LargestOf(again) <= mtu);
    CHECK(LargestOf(again) > mtu / 2);
    flight = again;
  }
  // Pieces of different sizes make one message.
  pair.filter = [](Side, const Bytes&) { return true; };
  const auto small = SentAgain(*pair.server, 256);
  for (size_t i = 0; i < small.size(); i += 2) pair.DeliverTo(Side::kClient, small[i]);
  for (const Bytes& datagram : flight) pair.DeliverTo(Side::kClient, datagram);
  pair.Exchange();
  CHECK(pair.established());
}

TEST("flights to come keep to the MTU that was set, of a client before it starts") {
  Pair pair(LargeMessages());
  pair.client->SetMtu(256);
  std::vector<Bytes> sent;
  pair.filter = [&](Side from, const Bytes& datagram) {
    if (from == Side::kClient) sent.push_back(datagram);
    return true;
  };
  pair.Start();
  CHECK(pair.established());
  CHECK(sent.size() > 3);
  CHECK(LargestOf(sent) <= 256);
}

TEST("the MTU of flights does not bound messages") {
  Pair pair;
  pair.client->SetMtu(256);
  pair.Start();
  REQUIRE(pair.established());
  CHECK_EQ(pair.client->MaxPayload(1200), 1200u - 13 - 24);
  CHECK_EQ(pair.client->MaxPayload(256), 256u - 13 - 24);
  CHECK_EQ(pair.client->MaxPayload(1200), 1200u - 13 - 24);
  const std::string largest(pair.client->MaxPayload(1200), 'x');
  CHECK(Deliver(*pair.server, Written(*pair.client, largest)).messages == std::vector<std::string>{largest});
}

TEST("to ask for the largest payload leaves the flights as they are") {
  const CertificatePair made(KeyType::kRsa);
  Pair pair(made.client, made.server, Quick(), PatientOptions());
  std::vector<Bytes> last;
  pair.filter = [&](Side from, const Bytes& datagram) {
    // The client stays without the answer to its last flight.
    const bool is_lost = from == Side::kServer && pair.server != nullptr && pair.server->stage() == Stage::kEstablished;
    if (is_lost) last.push_back(datagram);
    return !is_lost;
  };
  pair.client->Start();
  pair.Exchange();
  REQUIRE(pair.server != nullptr && pair.server->stage() == Stage::kEstablished);
  pair.server->SetMtu(256);
  CHECK(pair.server->MaxPayload(1200) > 256);
  for (const Bytes& datagram : SentAgain(*pair.client, 1200)) pair.DeliverTo(Side::kServer, datagram);
  const auto again = pair.TakeFrom(Side::kServer);
  CHECK(!again.empty());
  CHECK(LargestOf(again) <= 256);
  for (const Bytes& datagram : again) pair.DeliverTo(Side::kClient, datagram);
  CHECK(pair.established());
}

TEST("a session whose ticket does not fit the MTU that is set before the start is not offered") {
  const CertificatePair made;
  const Bytes ticket_key(kTicketKeySize, 0x11);
  made.server->ticket_keys().Set({ViewOf(ticket_key)});
  ConnectionOptions server = PatientOptions();
  server.tickets = true;
  Pair first(made.client, made.server, PatientOptions(), server);
  first.Start();
  REQUIRE(first.established());
  uint8_t* der = nullptr;
  const int size = i2d_SSL_SESSION(SSL_get0_session(first.client->ssl()), &der);
  ConnectionOptions offering = PatientOptions();
  offering.session.assign(reinterpret_cast<const char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  for (const size_t mtu : {1200, 512}) {
    Pair pair(made.client, made.server, offering, server);
    pair.client->SetMtu(mtu);
    pair.Start();
    REQUIRE(pair.established());
    CHECK_EQ(SSL_session_reused(pair.client->ssl()), mtu == 1200 ? 1 : 0);
    CheckAlive(pair);
  }
}

}  // namespace dtls::test
