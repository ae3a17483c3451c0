#include <algorithm>
#include <string>
#include <utility>

#include "check.h"
#include "pair.h"
#include "tls/records.h"

namespace dtls::test {

namespace {

constexpr int kFatal = 2 << 8;
constexpr int kHandshakeFailure = 40;

}  // namespace

TEST("a PSK handshake through the cookie step completes on both sides") {
  Pair pair;
  CHECK_EQ(pair.client->Start(), kIdle);
  const auto hello = pair.TakeFrom(Side::kClient);
  REQUIRE(hello.size() == 1);
  pair.DeliverTo(Side::kServer, hello[0]);
  CHECK(pair.server == nullptr);
  const auto verify = pair.TakeFrom(Side::kServer);
  REQUIRE(verify.size() == 1);
  CHECK_EQ(pair.DeliverTo(Side::kClient, verify[0]).status, kIdle);
  const auto second_hello = pair.TakeFrom(Side::kClient);
  REQUIRE(second_hello.size() == 1);
  pair.DeliverTo(Side::kServer, second_hello[0]);
  REQUIRE(pair.server != nullptr);
  const auto server_hello = pair.TakeFrom(Side::kServer);
  REQUIRE(server_hello.size() == 1);
  CHECK(!pair.DeliverTo(Side::kClient, server_hello[0]).established);
  const auto client_finished = pair.TakeFrom(Side::kClient);
  REQUIRE(client_finished.size() == 1);
  CHECK(pair.DeliverTo(Side::kServer, client_finished[0]).established);
  const auto server_finished = pair.TakeFrom(Side::kServer);
  REQUIRE(server_finished.size() == 1);
  CHECK(pair.DeliverTo(Side::kClient, server_finished[0]).established);
  CHECK(pair.established());
  CHECK_EQ(std::string(SSL_get_version(pair.client->ssl())), "DTLSv1.2");
}

TEST("kEstablished is told once") {
  EstablishedPair pair;
  Bytes into(16384);
  CHECK_EQ(pair.client->Poll(into.data(), into.size()), kIdle);
  CHECK_EQ(pair.server->Poll(into.data(), into.size()), kIdle);
}

TEST("a handshake completes with every kind of key exchange and cipher") {
  for (const std::string suite :
       {"PSK-AES128-GCM-SHA256", "PSK-AES256-GCM-SHA384", "PSK-AES128-CCM", "PSK-AES128-CCM8:@SECLEVEL=0",
        "PSK-CHACHA20-POLY1305", "PSK-AES128-CBC-SHA256", "PSK-AES128-CBC-SHA", "ECDHE-PSK-CHACHA20-POLY1305",
        "ECDHE-PSK-AES128-CBC-SHA256", "DHE-PSK-AES128-GCM-SHA256"}) {
    PairOptions options;
    options.client_ciphers = options.server_ciphers = suite;
    Pair pair(options);
    pair.Start();
    CHECK(pair.established());
    CHECK_EQ(SSL_get_cipher_name(pair.client->ssl()), suite.substr(0, suite.find(':')));
  }
}

TEST("every datagram of a handshake holds whole records and fits the MTU") {
  for (const size_t mtu : {256, 300, 1200, 1400, 9000}) {
    PairOptions options;
    options.client_ciphers = "PSK:ALL";
    options.server_ciphers = "ECDHE-PSK-CHACHA20-POLY1305";
    options.hint = std::string(100, 'h');
    options.identity = std::string(128, 'i');
    options.connection.mtu = mtu;
    Pair pair(options);
    pair.filter = [&](Side, const Bytes& datagram) {
      CHECK(datagram.size() <= mtu);
      CHECK(Join(RecordsOf(datagram)) == datagram);
      return true;
    };
    pair.Start();
    CHECK(pair.established());
  }
}

TEST("records of a flight share datagrams as far as the MTU lets them") {
  PairOptions options;
  options.client_ciphers = options.server_ciphers = "ECDHE-PSK-CHACHA20-POLY1305";
  options.connection.mtu = 300;
  Pair pair(options);
  std::vector<Bytes> previous;
  Side previous_from = Side::kClient;
  pair.filter = [&](Side from, const Bytes& datagram) {
    if (!previous.empty() && from == previous_from) {
      CHECK(previous.back().size() + RecordsOf(datagram).at(0).size() > options.connection.mtu);
    }
    previous.push_back(datagram);
    previous_from = from;
    return true;
  };
  pair.Start();
  CHECK(pair.established());
}

TEST("an MTU below OpenSSL's least of 256 fails the handshake at its start") {
  PairOptions options;
  options.connection.mtu = 255;
  CHECK_EQ(Pair(options).client->Start(), kFailed);
}

TEST("the server's hint reaches the client and does not disturb a fixed key") {
  PairOptions options;
  options.hint = "which key";
  EstablishedPair pair(options);
  CHECK_EQ(std::string(SSL_get_psk_identity_hint(pair.client->ssl())), options.hint);
}

TEST("the stages tell how far each side is") {
  Pair pair;
  CHECK(pair.client->stage() == Stage::kNegotiating);
  pair.filter = [&](Side from, const Bytes&) { return from == Side::kClient || pair.server == nullptr; };
  pair.Start();
  REQUIRE(pair.server != nullptr);
  CHECK(pair.client->stage() == Stage::kNegotiating);
  CHECK(pair.server->stage() == Stage::kNegotiating);
}

TEST("a client that has the server's change of cipher awaits its Finished") {
  Pair pair;
  pair.filter = [&](Side from, const Bytes& datagram) {
    return from == Side::kClient || RecordsOf(datagram)[0][0] != kChangeCipherSpec;
  };
  pair.Start();
  REQUIRE(pair.server != nullptr && pair.server->stage() == Stage::kEstablished);
  CHECK(pair.client->stage() == Stage::kSentFinished);
  pair.DeliverTo(Side::kClient, RecordOf(kChangeCipherSpec, 0, 99, {1}));
  CHECK(pair.client->stage() == Stage::kAwaitingFinished);
}

TEST("with a wrong key both sides stay idle, and their stages show it") {
  PairOptions options;
  options.server_key = "another key";
  Pair pair(options);
  pair.Start();
  REQUIRE(pair.server != nullptr);
  CHECK(pair.client->stage() == Stage::kSentFinished);
  CHECK(pair.server->stage() == Stage::kAwaitingFinished);
  for (const Connection* side : {pair.client.get(), pair.server.get()}) {
    CHECK_EQ(side->alert_received(), -1);
    CHECK_EQ(side->alert_sent(), -1);
    CHECK_EQ(side->reason(), "");
  }
}

TEST("without a shared cipher the client sees handshake_failure") {
  PairOptions options;
  options.server_ciphers = "PSK-AES256-GCM-SHA384";
  Pair pair(options);
  pair.Start();
  CHECK_EQ(pair.client->alert_received(), kFatal | kHandshakeFailure);
  CHECK_EQ(pair.client->TimeoutMs(), -1);
  REQUIRE(pair.server != nullptr);
  CHECK_EQ(pair.server->alert_sent(), kFatal | kHandshakeFailure);
  CHECK(pair.server->reason().find("no shared cipher") != std::string::npos);
}

TEST("after a failure no verb does anything") {
  PairOptions options;
  options.server_ciphers = "PSK-AES256-GCM-SHA384";
  Pair pair(options);
  pair.Start();
  const std::string reason = pair.client->reason();
  CHECK(!reason.empty());
  Bytes into(16384);
  const Bytes datagram = RecordOf(kHandshake, 0, 1, Bytes(20));
  CHECK_EQ(pair.client->Start(), kFailed);
  CHECK_EQ(pair.client->Receive(datagram.data(), datagram.size(), into.data(), into.size()), kFailed);
  CHECK_EQ(pair.client->Poll(into.data(), into.size()), kFailed);
  CHECK_EQ(pair.client->Write(into.data(), 10), kFailed);
  CHECK_EQ(pair.client->HandleTimeout(), kFailed);
  CHECK_EQ(pair.client->Shutdown(), kFailed);
  CHECK_EQ(pair.client->TimeoutMs(), -1);
  CHECK_EQ(pair.client->reason(), reason);
  CHECK_EQ(TakeAll(*pair.client).size(), 0u);
}

TEST("a shutdown before the handshake is complete sends nothing") {
  Pair pair;
  CHECK_EQ(pair.client->Shutdown(), kIdle);
  CHECK_EQ(pair.client->Start(), kIdle);
  CHECK_EQ(TakeAll(*pair.client).size(), 1u);
  CHECK_EQ(pair.client->Shutdown(), kIdle);
  CHECK_EQ(TakeAll(*pair.client).size(), 0u);
}

TEST("a write before the handshake is complete fails and sends no application data") {
  Pair pair;
  CHECK_EQ(pair.client->Start(), kIdle);
  TakeAll(*pair.client);
  CHECK_EQ(pair.client->Write(BytesOf("early").data(), 5), kFailed);
  CHECK_EQ(TakeAll(*pair.client).size(), 0u);
}

TEST("a client without a Finished in sight keeps its timer, an established one has none") {
  Pair pair;
  CHECK_EQ(pair.client->TimeoutMs(), -1);
  CHECK_EQ(pair.client->Start(), kIdle);
  CHECK(pair.client->TimeoutMs() > 0);
  pair.Exchange();
  REQUIRE(pair.established());
  CHECK_EQ(pair.client->TimeoutMs(), -1);
  CHECK_EQ(pair.server->TimeoutMs(), -1);
  CHECK_EQ(pair.client->HandleTimeout(), kIdle);
  CHECK_EQ(TakeAll(*pair.client).size(), 0u);
}

TEST("key log lines come once, from both sides the same, in NSS format") {
  PairOptions options;
  options.keylog = true;
  EstablishedPair pair(options);
  const std::string lines = pair.client->TakeKeylog();
  CHECK_EQ(lines.rfind("CLIENT_RANDOM ", 0), 0u);
  CHECK_EQ(lines.size(), std::string("CLIENT_RANDOM ").size() + 64 + 1 + 96 + 1);
  CHECK_EQ(std::count(lines.begin(), lines.end(), '\n'), 1);
  CHECK_EQ(pair.server->TakeKeylog(), lines);
  CHECK_EQ(pair.client->TakeKeylog(), "");
}

TEST("without the key log option there are no lines") { CHECK_EQ(EstablishedPair().client->TakeKeylog(), ""); }

TEST("the trace describes each message while it is on, and comes once") {
  Pair pair;
  pair.client->SetTrace(true);
  pair.Start();
  REQUIRE(pair.established());
  const std::string trace = pair.client->TakeTrace();
  for (const char* message : {"ClientHello", "HelloVerifyRequest", "ServerHello", "ClientKeyExchange", "Finished"}) {
    CHECK(trace.find(message) != std::string::npos);
  }
  CHECK_EQ(pair.client->TakeTrace(), "");
  pair.client->SetTrace(false);
  CheckAlive(pair);
  CHECK_EQ(pair.client->TakeTrace(), "");
  CHECK_EQ(pair.server->TakeTrace(), "");
}

TEST("a context of unknown ciphers is refused with the option and OpenSSL's reason") {
  TlsContextOptions options;
  options.ciphers = "NO-SUCH-SUITE";
  TlsContextError error;
  CHECK(TlsContext::Create(options, &error) == nullptr);
  CHECK_EQ(error.option, std::string("ciphers"));
  CHECK_EQ(error.reason, "no cipher match");
}

TEST("each option that OpenSSL refuses is named") {
  const auto refused = [](auto change) {
    TlsContextOptions options;
    options.ciphers = "ALL";
    change(options);
    TlsContextError error;
    CHECK(TlsContext::Create(options, &error) == nullptr);
    return std::string(error.option);
  };
  CHECK_EQ(refused([](TlsContextOptions& options) { options.min_version = 1; }), "minVersion");
  CHECK_EQ(refused([](TlsContextOptions& options) { options.max_version = 1; }), "maxVersion");
  CHECK_EQ(refused([](TlsContextOptions& options) { options.groups = "none"; }), "groups");
  CHECK_EQ(refused([](TlsContextOptions& options) { options.signature_algorithms = "none"; }), "signatureAlgorithms");
  CHECK_EQ(refused([](TlsContextOptions& options) { options.max_fragment_length = 8192; }), "maxFragmentLength");
  CHECK_EQ(refused([](TlsContextOptions& options) { options.psk_identity_hint = std::string(300, 'h'); }),
           "pskIdentityHint");
}

TEST("a context can be made at every security level") {
  for (const char* level : {"0", "1", "2", "3", "4", "5"}) {
    TlsContextOptions options;
    options.ciphers = std::string("ALL:PSK:@SECLEVEL=") + level;
    TlsContextError error;
    CHECK(TlsContext::Create(options, &error) != nullptr);
    CHECK_EQ(error.reason, "");
  }
}

TEST("DHE takes a group of 3072 bits, whatever the suite and the security level ask for") {
  PairOptions options;
  options.client_ciphers = options.server_ciphers = "DHE-PSK-AES128-GCM-SHA256:@SECLEVEL=0";
  EstablishedPair pair(options);
  EVP_PKEY* key = nullptr;
  REQUIRE(SSL_get_peer_tmp_key(pair.client->ssl(), &key) == 1);
  CHECK_EQ(EVP_PKEY_get_bits(key), 3072);
  EVP_PKEY_free(key);
}

TEST("DTLS 1.0 is spoken only when both sides allow it") {
  for (const bool client_allows : {true, false}) {
    TlsContextOptions old_only;
    old_only.ciphers = "PSK-AES128-CBC-SHA:@SECLEVEL=0";
    old_only.min_version = old_only.max_version = DTLS1_VERSION;
    TlsContextOptions client_options = old_only;
    client_options.min_version = client_allows ? DTLS1_VERSION : DTLS1_2_VERSION;
    client_options.max_version = DTLS1_2_VERSION;
    const auto client = ContextOf(client_options);
    const auto server = ContextOf(old_only);
    client->psk().client = std::move(ClientContext({})->psk().client);
    server->psk().table = std::move(ServerContext({})->psk().table);
    Pair pair(client, server);
    pair.Start();
    CHECK_EQ(pair.established(), client_allows);
    if (!client_allows) continue;
    CHECK_EQ(std::string(SSL_get_version(pair.client->ssl())), "DTLSv1");
    CheckAlive(pair);
  }
}

TEST("an error that others left in OpenSSL's queue is not taken for ours") {
  Pair pair;
  pair.filter = [](Side, const Bytes&) {
    ERR_raise(ERR_LIB_USER, 1);
    return true;
  };
  ERR_raise(ERR_LIB_USER, 1);
  CHECK_EQ(pair.client->Start(), kIdle);
  pair.Exchange();
  CHECK(pair.established());
  CHECK_EQ(pair.client->reason(), "");
}

TEST("no error is left in OpenSSL's queue") {
  PairOptions options;
  options.server_ciphers = "PSK-AES256-GCM-SHA384";
  Pair pair(options);
  pair.filter = [&](Side, const Bytes&) {
    CHECK_EQ(ERR_peek_error(), 0u);
    return true;
  };
  pair.Start();
  CHECK(!pair.established());
  pair.acceptor.Accept(RecordOf(kHandshake, 0, 0, Bytes(60)).data(), 73, nullptr, 0);
  CHECK_EQ(ERR_peek_error(), 0u);
}

TEST("a client never accepts a certificate that it was given no trust anchor for") {
  CHECK_EQ(SSL_get_verify_mode(Pair().client->ssl()), SSL_VERIFY_PEER);
}

TEST("one context serves both roles") {
  const auto context = ServerContext({});
  context->psk().client = std::move(ClientContext({})->psk().client);
  Pair pair(context, context);
  pair.Start();
  CHECK(pair.established());
}

}  // namespace dtls::test
