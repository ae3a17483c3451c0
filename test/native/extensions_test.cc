#include <string>

#include "check.h"
#include "pair.h"

namespace dtls::test {

namespace {

constexpr int kNoApplicationProtocol = 2 << 8 | 120;

// Two protocols, "h2" and "coap", as RFC 7301 writes them.
const std::string kProtocols = "\x02h2\x04"
                               "coap";

ConnectionOptions Offering(const std::string& alpn_protocols) {
  ConnectionOptions options = PatientOptions();
  options.alpn_protocols = alpn_protocols;
  return options;
}

ConnectionOptions Srtp(const std::string& profiles) {
  ConnectionOptions options = PatientOptions();
  options.srtp_profiles = profiles;
  return options;
}

std::string AlpnOf(const Connection& connection) {
  const unsigned char* protocol = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(connection.ssl(), &protocol, &size);
  return std::string(protocol, protocol + size);
}

std::string SrtpOf(const Connection& connection) {
  const SRTP_PROTECTION_PROFILE* profile = SSL_get_selected_srtp_profile(connection.ssl());
  return profile == nullptr ? "" : profile->name;
}

}  // namespace

TEST("the protocol that the server selects holds on both sides") {
  Pair pair(ClientContext({}), ServerContext({}), Offering(kProtocols));
  pair.on_server = [](Connection& server) { server.SelectAlpn("coap"); };
  pair.Start();
  REQUIRE(pair.established());
  CHECK_EQ(AlpnOf(*pair.client), "coap");
  CHECK_EQ(AlpnOf(*pair.server), "coap");
}

TEST("a server that finds no protocol in common refuses with no_application_protocol") {
  Pair pair(ClientContext({}), ServerContext({}), Offering(kProtocols));
  pair.on_server = [](Connection& server) { server.SelectAlpn(""); };
  pair.Start();
  CHECK(!pair.established());
  CHECK_EQ(pair.client->alert_received(), kNoApplicationProtocol);
}

TEST("a server that selects no protocol ignores the offer") {
  Pair pair(ClientContext({}), ServerContext({}), Offering(kProtocols));
  pair.Start();
  REQUIRE(pair.established());
  CHECK_EQ(AlpnOf(*pair.client), "");
}

TEST("a server's selection does nothing to a client that offers no protocol") {
  for (const char* selection : {"coap", ""}) {
    Pair pair;
    pair.on_server = [&](Connection& server) { server.SelectAlpn(selection); };
    pair.Start();
    REQUIRE(pair.established());
    CHECK_EQ(AlpnOf(*pair.client), "");
  }
}

TEST("a malformed list of protocols makes no connection") {
  for (const char* list : {"\x05h2", "h2"}) {
    CHECK(Connection::Create(ClientContext({}), Role::kClient, Offering(list)) == nullptr);
  }
}

TEST("the server's first SRTP profile that the client has, too, is selected") {
  Pair pair(ClientContext({}), ServerContext({}), Srtp("SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_128_GCM"),
            Srtp("SRTP_AEAD_AES_256_GCM:SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80"));
  pair.Start();
  REQUIRE(pair.established());
  CHECK_EQ(SrtpOf(*pair.client), "SRTP_AEAD_AES_128_GCM");
  CHECK_EQ(SrtpOf(*pair.server), "SRTP_AEAD_AES_128_GCM");
}

TEST("without an SRTP profile in common the handshake completes without one") {
  for (const char* servers : {"SRTP_AEAD_AES_128_GCM", ""}) {
    Pair pair(ClientContext({}), ServerContext({}), Srtp("SRTP_AES128_CM_SHA1_80"), Srtp(servers));
    pair.Start();
    REQUIRE(pair.established());
    CHECK_EQ(SrtpOf(*pair.client), "");
    CHECK_EQ(SrtpOf(*pair.server), "");
  }
}

TEST("an unknown SRTP profile makes no connection") {
  CHECK(Connection::Create(ClientContext({}), Role::kClient, Srtp("SRTP_NONE")) == nullptr);
}

TEST("the server sees the name that the client asks for") {
  ConnectionOptions options = PatientOptions();
  options.server_name = "sensor.example.org";
  Pair pair(ClientContext({}), ServerContext({}), options);
  pair.Start();
  REQUIRE(pair.established());
  CHECK_EQ(std::string(SSL_get_servername(pair.server->ssl(), TLSEXT_NAMETYPE_host_name)), options.server_name);
}

TEST("a server name of more than 255 bytes makes no connection") {
  ConnectionOptions options = PatientOptions();
  options.server_name = std::string(256, 'n');
  CHECK(Connection::Create(ClientContext({}), Role::kClient, options) == nullptr);
}

TEST("the record size that a client asks for bounds the largest payload of both sides") {
  for (const uint32_t length : {512, 1024, 2048, 4096}) {
    PairOptions options;
    options.max_fragment_length = length;
    EstablishedPair pair(options);
    CHECK_EQ(pair.client->MaxPayload(9000), length);
    CHECK_EQ(pair.server->MaxPayload(9000), length);
    const std::string largest(length, 'x');
    CHECK(Deliver(*pair.client, Written(*pair.server, largest)).messages == std::vector<std::string>{largest});
    CHECK(Deliver(*pair.server, Written(*pair.client, largest)).messages == std::vector<std::string>{largest});
  }
}

TEST("the MTU bounds the largest payload where it is below the record size that the client asks for") {
  PairOptions options;
  options.max_fragment_length = 4096;
  EstablishedPair pair(options);
  CHECK_EQ(pair.client->MaxPayload(1200), 1200u - 13 - 24);
}

}  // namespace dtls::test
