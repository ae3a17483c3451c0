// Hellos of several addresses for one Acceptor, and the connections that come of them.
#include <algorithm>
#include <array>
#include <deque>
#include <memory>
#include <utility>

#include "support/conversation.h"
#include "support/determinism.h"
#include "support/expect.h"
#include "support/guidance.h"
#include "tls/cookie_mac.h"
#include "tls/records.h"

namespace dtls::fuzz {

namespace {

using Result = Acceptor::Result;

constexpr size_t kMaxKeys = 3;
constexpr size_t kIntoSize = 16384;

struct Sender {
  Bytes address;
  std::unique_ptr<Connection> client;
  std::unique_ptr<Connection> server;
  std::deque<Bytes> to_server;
};

class Door {
 public:
  explicit Door(const Scene& scene) : scene_(scene), acceptor_(scene.server, scene.server_options) {
    for (size_t i = 0; i < senders_.size(); ++i) {
      senders_[i].address = {192, 0, 2, static_cast<uint8_t>(i), 0x16, 0x33};
    }
    SetKeys({1});
  }

  void Step(Input& input) {
    const uint8_t choice = input.Byte();
    Sender& sender = senders_[choice % senders_.size()];
    if (sender.client == nullptr) Begin(sender);
    switch (choice >> 2 & 7) {
      case 0:
        return Deliver(sender, Next(sender));
      case 1:
        return Deliver(sender, Changed(Next(sender), input));
      case 2: {
        Bytes fragment = Next(sender);
        fragment.resize(std::min<size_t>(fragment.size(), input.Word()));
        return Deliver(sender, fragment);
      }
      case 3:
        return Deliver(sender, input.Long());
      case 4:
        // Somebody else's datagram.
        return Deliver(sender, Next(senders_[input.Byte() % senders_.size()]));
      case 5: {
        std::vector<uint8_t> keys;
        for (size_t i = input.Byte() % kMaxKeys + 1; i > 0; --i) keys.push_back(input.Byte());
        return SetKeys(keys);
      }
      case 6:
        if (sender.to_server.size() > 1) sender.to_server.pop_front();
        return;
      case 7:
        sender.server.reset();
    }
  }

 private:
  void Begin(Sender& sender) const {
    sender.client = Connection::Create(scene_.client, Role::kClient, scene_.client_options);
    EXPECT(sender.client->Start() == kIdle);
    Collect(sender);
  }

  // The last one stays, to be used again.
  static Bytes Next(Sender& sender) {
    if (sender.to_server.empty()) return {};
    Bytes next = sender.to_server.front();
    if (sender.to_server.size() > 1) sender.to_server.pop_front();
    return next;
  }

  static Bytes Changed(Bytes datagram, Input& input) {
    size_t at = input.Word();
    const Bytes mask = input.Short();
    if (datagram.empty()) return datagram;
    for (const uint8_t bits : mask) datagram[at++ % datagram.size()] ^= bits;
    return datagram;
  }

  void SetKeys(const std::vector<uint8_t>& keys) {
    keys_.clear();
    for (const uint8_t key : keys) keys_.push_back({key});
    acceptor_.SetCookieKeys(keys_);
  }

  void Deliver(Sender& sender, const Bytes& datagram) {
    if (sender.server != nullptr) return DeliverToServer(sender, datagram);
    const Result result =
        acceptor_.Accept(datagram.data(), datagram.size(), sender.address.data(), sender.address.size());
    EXPECT(ERR_peek_error() == 0);
    EXPECT(result == Result::kIgnored || BeginsClientHello(datagram.data(), datagram.size()));
    const std::vector<Bytes> replies = test::TakeAll(acceptor_);
    EXPECT(replies.size() == (result == Result::kReply ? 1 : 0));
    for (const Bytes& reply : replies) {
      // An answer to a forged sender's address is never an amplification.
      EXPECT(reply.size() <= datagram.size());
      DeliverToClient(sender, reply);
    }
    EXPECT(result != Result::kVerified || HasCookie(datagram, sender.address));
    auto server = acceptor_.Promote();
    EXPECT((server != nullptr) == (result == Result::kVerified));
    if (server == nullptr) return;
    sender.server = std::move(server);
    if (!scene_.alpn.empty()) sender.server->SelectAlpn(scene_.alpn);
    const int32_t status = sender.server->Start();
    EXPECT(status == kIdle || status == kFailed);
    Answer(sender);
  }

  // No other proof of an address exists.
  bool HasCookie(const Bytes& datagram, const Bytes& address) const {
    return std::any_of(keys_.begin(), keys_.end(), [&](const CookieKey& key) {
      Bytes cookie(kCookieSize);
      EXPECT(CookieMac(key).Make({address.data(), address.size()}, cookie.data()));
      return std::search(datagram.begin(), datagram.end(), cookie.begin(), cookie.end()) != datagram.end();
    });
  }

  void DeliverToServer(Sender& sender, const Bytes& datagram) {
    Bytes into(kIntoSize);
    int32_t status = sender.server->Receive(datagram.data(), datagram.size(), into.data(), into.size());
    while (status == kEstablished || status > 0) status = sender.server->Poll(into.data(), into.size());
    NoteState(*sender.server, status);
    Answer(sender);
  }

  void Answer(Sender& sender) {
    for (const Bytes& answer : test::TakeAll(*sender.server)) DeliverToClient(sender, answer);
  }

  void DeliverToClient(Sender& sender, const Bytes& datagram) {
    Bytes into(kIntoSize);
    int32_t status = sender.client->Receive(datagram.data(), datagram.size(), into.data(), into.size());
    while (status == kEstablished || status > 0) status = sender.client->Poll(into.data(), into.size());
    Collect(sender);
  }

  static void Collect(Sender& sender) {
    for (Bytes& datagram : test::TakeAll(*sender.client)) sender.to_server.push_back(std::move(datagram));
  }

  const Scene& scene_;
  Acceptor acceptor_;
  std::vector<CookieKey> keys_;
  std::array<Sender, 3> senders_;
};

}  // namespace

}  // namespace dtls::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace dtls::fuzz;
  const std::vector<Scene>& scenes = Scenes();
  Restart();
  Input input(data, size);
  Door door(scenes[input.Byte() % scenes.size()]);
  while (!input.empty()) door.Step(input);
  return 0;
}
