#include "conversation.h"

#include <algorithm>
#include <utility>

#include "expect.h"
#include "guidance.h"
#include "tls/records.h"

namespace dtls::fuzz {

namespace {

const Bytes kAddress = {192, 0, 2, 1, 0x16, 0x34};
constexpr CookieKey kCookieSecret = {1, 2, 3};
// What lib/ gives to a handshake.
constexpr size_t kHandshakeCapacity = 16384;
// More than any input can cause: who needs as many does not end.
constexpr size_t kManyPolls = 10'000;
constexpr size_t kManyDatagrams = 20'000;
constexpr size_t kManyRounds = 50;

bool IsEstablished(const Connection* connection) {
  return connection != nullptr && connection->stage() == Stage::kEstablished;
}

// The highest number of a datagram's records of epoch 1.
uint64_t HighestNumber(const Bytes& datagram) {
  uint64_t highest = 0;
  for (const Bytes& record : test::RecordsOf(datagram)) {
    if (RecordEpoch(record.data()) == 1) highest = std::max(highest, RecordNumber(record.data()));
  }
  return highest;
}

Bytes MasterSecretOf(const Connection& connection) {
  Bytes secret(SSL_MAX_MASTER_KEY_LENGTH);
  SSL_SESSION_get_master_key(SSL_get_session(connection.ssl()), secret.data(), secret.size());
  return secret;
}

std::string AlpnOf(const Connection& connection) {
  const unsigned char* name = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(connection.ssl(), &name, &size);
  return std::string(name, name + size);
}

}  // namespace

Conversation::Conversation(const Scene& scene, Side target, bool cookies, bool is_traced)
    : scene_(scene),
      is_traced_(is_traced),
      target_side_(target),
      peer_side_(target == Side::kClient ? Side::kServer : Side::kClient),
      target_mtu_(OptionsOf(target).mtu) {
  client_ = Connection::Create(scene.client, Role::kClient, scene.client_options);
  EXPECT(client_ != nullptr);
  if (cookies) {
    acceptor_ = std::make_unique<Acceptor>(scene.server, scene.server_options);
    acceptor_->SetCookieKeys({kCookieSecret});
  } else {
    server_ = Connection::Create(scene.server, Role::kServer, scene.server_options);
    StartServer();
  }
  client_->SetTrace(is_traced);
  EXPECT(client_->Start() == kIdle);
  Queue(Side::kClient, test::TakeAll(*client_));
  CarryToPeer();
}

void Conversation::StartServer() {
  EXPECT(server_ != nullptr);
  if (!scene_.alpn.empty()) {
    server_->SelectAlpn(scene_.alpn);
    // As for a server name of its own.
    const std::string& id = scene_.server_options.session_id_context;
    EXPECT(server_->UseContext(scene_.server, {reinterpret_cast<const uint8_t*>(id.data()), id.size()}, true));
  }
  server_->SetTrace(is_traced_);
  // A hello that was verified may still be unusable.
  const int32_t status = server_->Start();
  EXPECT(status == kIdle || status == kFailed);
  if (target_side_ == Side::kServer) has_ended_ = status == kFailed;
  Queue(Side::kServer, test::TakeAll(*server_));
}

bool Conversation::established() const { return IsEstablished(client_.get()) && IsEstablished(server_.get()); }

std::optional<Sealer> Conversation::PeerSealer() const {
  return peer() == nullptr ? std::nullopt : Sealer::Of(*peer(), peer_side_);
}

void Conversation::Queue(Side from, std::vector<Bytes> datagrams) {
  for (Bytes& datagram : datagrams) {
    EXPECT(datagram.size() <= (from == target_side_ ? target_mtu_ : OptionsOf(from).mtu));
    if (from == peer_side_) {
      to_target_.push_back(std::move(datagram));
    } else if (to_lose_ > 0) {
      --to_lose_;
    } else {
      to_peer_.push_back(std::move(datagram));
    }
  }
  if (from == target_side_) sent_by_target_ += datagrams.size();
  EXPECT(sent_by_target_ < kManyDatagrams);
}

void Conversation::Accept(const Bytes& datagram) {
  const auto result = acceptor_->Accept(datagram.data(), datagram.size(), kAddress.data(), kAddress.size());
  EXPECT(ERR_peek_error() == 0);
  const std::vector<Bytes> replies = test::TakeAll(*acceptor_);
  EXPECT(replies.size() == (result == Acceptor::Result::kReply ? 1 : 0));
  Queue(Side::kServer, replies);
  server_ = acceptor_->Promote();
  EXPECT((server_ != nullptr) == (result == Acceptor::Result::kVerified));
  if (server_ != nullptr) StartServer();
}

// The last status, which is no message.
int32_t Conversation::DeliverTo(Side side, const Bytes& datagram) {
  Connection* to = ConnectionOf(side);
  if (to == nullptr) {
    Accept(datagram);
    return kIdle;
  }
  const bool was_established = IsEstablished(to);
  const uint64_t ahead = to->RecordsAhead(datagram.data(), datagram.size());
  EXPECT(ahead == 0 || was_established);
  Bytes into(was_established ? datagram.size() : kHandshakeCapacity);
  int32_t status = to->Receive(datagram.data(), datagram.size(), into.data(), into.size());
  bool is_established = was_established;
  for (size_t polls = 0; status > 0 || status == kEstablished; ++polls) {
    EXPECT(polls < kManyPolls && static_cast<int64_t>(status) <= static_cast<int64_t>(into.size()));
    if (status == kEstablished) {
      EXPECT(!std::exchange(is_established, true) && IsEstablished(to));
    } else if (side == target_side_) {
      EXPECT(is_established);
      TakeMessage(test::Slice(into, 0, static_cast<size_t>(status)));
    }
    status = to->Poll(into.data(), into.size());
  }
  EXPECT(ERR_peek_error() == 0);
  EXPECT(status == kFailed || is_established == IsEstablished(to));
  EXPECT(to->TimeoutMs() >= -1);
  // They are there to be told, with what the other side said in them.
  to->TakeTrace();
  to->TakeKeylog();
  if (to->progress() & kPskRequested) EXPECT(side == Side::kClient || to->PskIdentity().size() <= kMaxIdentitySize);
  Queue(side, test::TakeAll(*to));
  if (side == target_side_) CheckStatus(was_established, status);
  return status;
}

void Conversation::CheckStatus(bool was_established, int32_t status) {
  NoteState(*target(), status);
  const bool is_harmless =
      status == kIdle || (was_established && (status == kForged || status == kReplayed || status == kUnwanted));
  EXPECT(is_harmless || status == kClosed || status == kFailed);
  EXPECT(is_harmless || !was_established || may_end_);
  has_ended_ = !is_harmless;
  CheckAgreement();
}

// Whoever sat between the two: when both are content, they agree.
void Conversation::CheckAgreement() const {
  if (!established()) return;
  const SSL* ours = target()->ssl();
  const SSL* theirs = peer()->ssl();
  EXPECT(MasterSecretOf(*target()) == MasterSecretOf(*peer()));
  EXPECT(SSL_get_current_cipher(ours) == SSL_get_current_cipher(theirs) && SSL_version(ours) == SSL_version(theirs));
  EXPECT(AlpnOf(*target()) == AlpnOf(*peer()));
}

void Conversation::TakeMessage(const Bytes& message) {
  const auto entry = awaited_.find(message);
  EXPECT(entry != awaited_.end());
  if (--entry->second == 0) awaited_.erase(entry);
}

void Conversation::DeliverToTarget(const Bytes& datagram) {
  if (!has_ended_) DeliverTo(target_side_, datagram);
  CarryToPeer();
}

void Conversation::CarryToPeer() {
  while (!to_peer_.empty()) {
    const Bytes answer = std::move(to_peer_.front());
    to_peer_.pop_front();
    DeliverTo(peer_side_, answer);
  }
}

void Conversation::DeliverTrusted(const Bytes& datagram) {
  highest_ = std::max(highest_, HighestNumber(datagram));
  seen_.push_back(datagram);
  DeliverToTarget(datagram);
}

bool Conversation::Inject(const Bytes& datagram) {
  const size_t sent = sent_by_target_;
  const size_t awaited = awaited_.size();
  DeliverToTarget(datagram);
  return !has_ended_ && sent_by_target_ == sent && awaited_.size() == awaited;
}

void Conversation::Settle() {
  for (size_t round = 0; round < kManyRounds && !to_target_.empty(); ++round) DeliverTrusted(TakeNext());
}

Bytes Conversation::TakeNext() {
  if (to_target_.empty()) return {};
  Bytes next = std::move(to_target_.front());
  to_target_.pop_front();
  return next;
}

void Conversation::WriteFromPeer(const Bytes& message) {
  if (message.empty() || !IsEstablished(peer())) return;
  const Bytes sent = test::Slice(message, 0, std::min(message.size(), peer()->MaxPayload(OptionsOf(peer_side_).mtu)));
  if (peer()->Write(sent.data(), sent.size()) != kIdle) return;
  Announce(kApplicationData, sent);
  Queue(peer_side_, test::TakeAll(*peer()));
}

void Conversation::Announce(uint8_t type, const Bytes& plaintext) {
  constexpr size_t kMaxPlaintext = 16384;
  if (type == kApplicationData && plaintext.size() <= kMaxPlaintext) {
    if (!plaintext.empty()) ++awaited_[plaintext];
  } else if (type >= kChangeCipherSpec && type <= kApplicationData) {
    may_end_ = true;
  }
}

void Conversation::ExpectAlive() {
  constexpr uint64_t kLastNumber = (uint64_t{1} << 48) - 1;
  if (may_end_ || has_ended_ || !IsEstablished(target()) || highest_ == kLastNumber) return;
  const Bytes message = test::BytesOf("alive");
  if (const auto sealer = PeerSealer()) {
    Announce(kApplicationData, message);
    DeliverTrusted(sealer->Seal(kApplicationData, highest_ + 1, message));
  } else {
    WriteFromPeer(message);
    if (to_target_.empty()) return;
    DeliverTrusted(to_target_.back());
    to_target_.pop_back();
  }
  EXPECT(awaited_.count(message) == 0);
}

}  // namespace dtls::fuzz
