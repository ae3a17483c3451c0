#include "meeting.h"

#include <algorithm>

#include "certificates.h"
#include "check.h"

namespace dtls::test {

namespace {

ConnectionOptions OptionsOf(const Kind& kind) {
  ConnectionOptions options;
  options.mtu = kind.mtu;
  options.tickets = kind.tickets;
  options.session_id_context = "ours";
  return options;
}

Kind Resumed(Kind kind) {
  Meeting first(kind);
  first.Run();
  CHECK(first.established());
  kind.session = SessionOf(*first.client.connection);
  kind.session_of_server = SessionOf(*first.server.connection);
  return kind;
}

// OpenSSL's server forgets the id of a session whose connection failed, or ended without a close_notify.
void Remind(const Kind& kind) {
  const auto* at = reinterpret_cast<const unsigned char*>(kind.session_of_server.data());
  const SessionPointer session(d2i_SSL_SESSION(nullptr, &at, static_cast<long>(kind.session_of_server.size())));
  if (CHECK(session != nullptr)) SSL_CTX_add_session(kind.server->ssl_ctx(), session.get());
}

}  // namespace

std::vector<Arriving> Arrives(size_t, const Bytes& datagram) { return {{datagram}}; }

Fate InTurn(Fate first, Fate second) {
  return [=](size_t n, const Bytes& datagram) {
    std::vector<Arriving> all;
    for (const Arriving& one : first(n, datagram)) {
      for (Arriving& arriving : second(n, one.datagram)) {
        all.push_back({std::move(arriving.datagram), one.delay_ms + arriving.delay_ms});
      }
    }
    return all;
  };
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

Meeting::Meeting(const Kind& kind) {
  if (!kind.session.empty() && !kind.tickets) Remind(kind);
  ConnectionOptions options = OptionsOf(kind);
  server.connection = Connection::Create(kind.server, Role::kServer, options);
  options.session = kind.session;
  client.connection = Connection::Create(kind.client, Role::kClient, options);
  for (End* side : {&client, &server}) side->connection->UseVirtualTime();
}

void Meeting::Run(double deadline_ms) {
  for (End* side : {&client, &server}) CHECK_EQ(side->connection->Start(), kIdle);
  for (int steps = 0; steps < 1000; ++steps) {
    Send(client, server);
    Send(server, client);
    if (!Deliver() && !Advance(deadline_ms)) return;
  }
  CHECK(!"a handshake ends");
}

bool Meeting::established() const {
  return client.connection->stage() == Stage::kEstablished && server.connection->stage() == Stage::kEstablished;
}

bool Meeting::is_resumed() const { return SSL_session_reused(client.connection->ssl()) == 1; }

void Meeting::Send(End& from, End& to) {
  for (const Bytes& datagram : TakeAll(*from.connection)) {
    for (const Arriving& arriving : from.fate(from.sent++, datagram)) {
      under_way_.push_back({now_ms + arriving.delay_ms, &to, arriving.datagram});
    }
  }
}

bool Meeting::Deliver() {
  const auto due = std::find_if(under_way_.begin(), under_way_.end(), [&](auto& one) { return one.due_ms <= now_ms; });
  if (due == under_way_.end()) return false;
  const UnderWay next = *due;
  under_way_.erase(due);
  if (test::Deliver(*next.to->connection, next.datagram).status == kFailed) next.to->has_failed = true;
  return true;
}

bool Meeting::Advance(double deadline_ms) {
  double next_ms = -1;
  const auto consider = [&](double due_ms) { next_ms = next_ms < 0 ? due_ms : std::min(next_ms, due_ms); };
  for (const UnderWay& one : under_way_) consider(one.due_ms);
  for (End* side : {&client, &server}) {
    const int32_t wait_ms = side->connection->TimeoutMs(now_ms);
    if (wait_ms >= 0) consider(now_ms + wait_ms);
  }
  if (next_ms < 0) return false;
  now_ms = std::min(next_ms, deadline_ms);
  if (next_ms >= deadline_ms) return false;
  for (End* side : {&client, &server}) {
    if (side->connection->HandleTimeout(now_ms) == kFailed) side->has_failed = true;
  }
  return true;
}

std::pair<size_t, size_t> Count(const Kind& kind) {
  Meeting meeting(kind);
  meeting.Run();
  CHECK(meeting.established());
  CHECK_EQ(meeting.now_ms, 0);
  CHECK_EQ(meeting.is_resumed(), !kind.session.empty());
  return {meeting.client.sent, meeting.server.sent};
}

}  // namespace dtls::test
