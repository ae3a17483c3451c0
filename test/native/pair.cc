#include "pair.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <thread>
#include <utility>

#include "check.h"
#include "tls/records.h"

namespace dtls::test {

namespace {

const Bytes kAddress = {192, 0, 2, 1, 0x16, 0x34};

TlsContextOptions ContextOptionsOf(const PairOptions& options, const std::string& ciphers) {
  TlsContextOptions tls;
  tls.ciphers = ciphers;
  tls.psk_identity_hint = options.hint;
  tls.keylog = options.keylog;
  return tls;
}

SecretBytes SecretOf(const std::string& key) {
  return SecretBytes(reinterpret_cast<const uint8_t*>(key.data()), key.size());
}

void WaitAndHandleTimeout(Connection& connection) {
  const int32_t wait_ms = connection.TimeoutMs();
  if (wait_ms < 0) return;
  std::this_thread::sleep_for(std::chrono::milliseconds(wait_ms));
  connection.HandleTimeout();
}

}  // namespace

Bytes BytesOf(std::string_view text) { return Bytes(text.begin(), text.end()); }

std::string TextOf(const Bytes& bytes) { return std::string(bytes.begin(), bytes.end()); }

Bytes Slice(const Bytes& bytes, size_t begin, size_t end) {
  return Bytes(bytes.data() + begin, bytes.data() + end);
}

Bytes Join(const std::vector<Bytes>& parts) {
  Bytes joined;
  for (const Bytes& part : parts) joined.insert(joined.end(), part.begin(), part.end());
  return joined;
}

std::vector<Bytes> RecordsOf(const Bytes& datagram) {
  std::vector<Bytes> records;
  const uint8_t* at = datagram.data();
  const uint8_t* end = at + datagram.size();
  while (const size_t size = WholeRecordSize(at, static_cast<size_t>(end - at))) {
    records.emplace_back(at, at + size);
    at += size;
  }
  return records;
}

Bytes RecordOf(uint8_t type, uint16_t epoch, uint16_t sequence, const Bytes& body) {
  const auto high = [](size_t value) { return static_cast<uint8_t>(value >> 8); };
  const auto low = [](size_t value) { return static_cast<uint8_t>(value); };
  const Bytes header = {type, 0xfe, 0xfd, high(epoch), low(epoch), 0, 0, 0, 0, high(sequence), low(sequence),
                        high(body.size()), low(body.size())};
  return Join({header, body});
}

Delivery Deliver(Connection& to, const Bytes& datagram) {
  Delivery delivery;
  Bytes into(std::max<size_t>(datagram.size(), 16384));
  int32_t status = to.Receive(datagram.data(), datagram.size(), into.data(), into.size());
  while (status > 0 || status == kEstablished) {
    if (status == kEstablished) {
      delivery.established = true;
    } else {
      delivery.messages.emplace_back(into.begin(), into.begin() + status);
    }
    status = to.Poll(into.data(), into.size());
  }
  delivery.status = status;
  return delivery;
}

ConnectionOptions PatientOptions() {
  ConnectionOptions options;
  options.initial_timeout_ms = 100000;
  options.max_timeout_ms = 100000;
  options.tickets = false;
  return options;
}

std::shared_ptr<TlsContext> ContextOf(const TlsContextOptions& options) {
  TlsContextError error;
  auto context = TlsContext::Create(options, &error);
  CHECK_EQ(error.reason, "");
  if (context == nullptr) std::abort();
  return context;
}

std::shared_ptr<TlsContext> ClientContext(const PairOptions& options) {
  TlsContextOptions tls = ContextOptionsOf(options, options.client_ciphers);
  tls.max_fragment_length = options.max_fragment_length;
  auto context = ContextOf(tls);
  if (!options.identity.empty()) context->psk().client = ClientPsk{options.identity, SecretOf(options.client_key)};
  return context;
}

std::shared_ptr<TlsContext> ServerContext(const PairOptions& options) {
  auto context = ContextOf(ContextOptionsOf(options, options.server_ciphers));
  if (!options.server_key.empty()) context->psk().table.emplace(options.identity, SecretOf(options.server_key));
  return context;
}

Pair::Pair(const PairOptions& options)
    : Pair(ClientContext(options), ServerContext(options), options.connection, options.connection) {}

Pair::Pair(std::shared_ptr<TlsContext> client_context, std::shared_ptr<TlsContext> server_context,
           const ConnectionOptions& client_options, const ConnectionOptions& server_options)
    : acceptor(std::move(server_context), server_options),
      client(Connection::Create(std::move(client_context), Role::kClient, client_options)) {
  const CookieKey key = {1, 2, 3};
  acceptor.SetCookieKeys({key});
}

std::vector<Bytes> Pair::TakeFrom(Side side) {
  if (side == Side::kClient) return TakeAll(*client);
  return server == nullptr ? std::exchange(replies_, {}) : TakeAll(*server);
}

Delivery Pair::DeliverTo(Side side, const Bytes& datagram) {
  if (side == Side::kClient) return Deliver(*client, datagram);
  if (server != nullptr) return Deliver(*server, datagram);
  const auto result = acceptor.Accept(datagram.data(), datagram.size(), kAddress.data(), kAddress.size());
  if (result == Acceptor::Result::kReply) replies_.push_back(TakeAll(acceptor).at(0));
  if (result == Acceptor::Result::kVerified) {
    server = acceptor.Promote();
    on_server(*server);
    server->Start();
  }
  return {};
}

void Pair::Start() {
  CHECK_EQ(client->Start(), kIdle);
  Exchange();
}

void Pair::Exchange() {
  for (bool moved = true; moved;) {
    moved = false;
    for (const Side from : {Side::kClient, Side::kServer}) {
      for (const Bytes& datagram : TakeFrom(from)) {
        moved = true;
        if (filter(from, datagram)) DeliverTo(from == Side::kClient ? Side::kServer : Side::kClient, datagram);
      }
    }
  }
}

void Pair::ExchangeWithTimeouts() {
  constexpr int kMaxTimeouts = 12;
  Exchange();
  for (int i = 0; i < kMaxTimeouts && !established(); ++i) {
    WaitAndHandleTimeout(*client);
    if (server != nullptr) WaitAndHandleTimeout(*server);
    Exchange();
  }
}

bool Pair::established() const {
  return client->stage() == Stage::kEstablished && server != nullptr && server->stage() == Stage::kEstablished;
}

EstablishedPair::EstablishedPair(const PairOptions& options) : Pair(options) {
  Start();
  CHECK(established());
}

void CheckAlive(Connection& client, Connection& server) {
  CHECK(Deliver(server, Written(client, "ping")).messages == std::vector<std::string>{"ping"});
  CHECK(Deliver(client, Written(server, "pong")).messages == std::vector<std::string>{"pong"});
}

void CheckAlive(Pair& pair) { CheckAlive(*pair.client, *pair.server); }

std::string SessionOf(const Connection& connection) {
  uint8_t* der = nullptr;
  const int size = i2d_SSL_SESSION(SSL_get0_session(connection.ssl()), &der);
  const std::string session(reinterpret_cast<const char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  return session;
}

Bytes Written(Connection& from, std::string_view message) {
  CHECK_EQ(from.Write(reinterpret_cast<const uint8_t*>(message.data()), message.size()), kIdle);
  const std::vector<Bytes> datagrams = TakeAll(from);
  return CHECK_EQ(datagrams.size(), 1u) ? datagrams[0] : Bytes();
}

}  // namespace dtls::test
