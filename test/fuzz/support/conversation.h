#pragma once

#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "input.h"
#include "scenes.h"
#include "sealer.h"

namespace dtls::fuzz {

using test::Side;

// A client and a server, of which one is the target: an input says what becomes of the datagrams on their way to it,
// and what else it gets. The other is a genuine peer that sees all that the target sends. Expects throughout what the
// target promises.
class Conversation {
 public:
  // With cookies the server stands behind an Acceptor. Traced: OpenSSL describes each message.
  Conversation(const Scene& scene, Side target, bool cookies, bool is_traced);
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;

  // Does what the next bytes of the input say; README.md has the list.
  void Step(Input& input);
  // Carries what is under way until nothing is left.
  void Settle();
  bool established() const;

  // The peer sends a message, once established.
  void WriteFromPeer(const Bytes& message);
  // Datagrams on their way to the target.
  const std::deque<Bytes>& to_target() const { return to_target_; }
  // A datagram that the peer did not make. True when the target neither answered nor learned anything.
  bool Inject(const Bytes& datagram);
  // Unless records of the peer may have ended the association, its next message arrives.
  void ExpectAlive();

 private:
  Connection* ConnectionOf(Side side) const { return (side == Side::kClient ? client_ : server_).get(); }
  Connection* target() const { return ConnectionOf(target_side_); }
  Connection* peer() const { return ConnectionOf(peer_side_); }
  const ConnectionOptions& OptionsOf(Side side) const {
    return side == Side::kClient ? scene_.client_options : scene_.server_options;
  }
  // Keys of the peer's records; nothing before the key exchange.
  std::optional<Sealer> PeerSealer() const;

  void StartServer();
  void Accept(const Bytes& datagram);
  int32_t DeliverTo(Side side, const Bytes& datagram);
  void DeliverToTarget(const Bytes& datagram);
  void CarryToPeer();
  // A datagram with records that may authenticate.
  void DeliverTrusted(const Bytes& datagram);
  void TakeMessage(const Bytes& message);
  void Queue(Side from, std::vector<Bytes> datagrams);
  void CheckAgreement() const;
  void CheckStatus(bool was_established, int32_t status);

  // The next datagram for the target, which the caller delivers, or not.
  Bytes TakeNext();
  void DeliverChanged(Input& input);
  void DeliverMany(size_t count);
  void DeliverRewritten(Input& input);
  void DeliverResealed(Input& input);
  void DeliverSealed(Input& input);
  // Notes what may come of a record that authenticates.
  void Announce(uint8_t type, const Bytes& plaintext);
  void Replay(Input& input);
  void LetTimePass(uint32_t ms);
  void SetMtu(size_t mtu);
  void WriteFromTarget(Bytes message);
  void Close(Side side);

  const Scene& scene_;
  const bool is_traced_;
  const Side target_side_;
  const Side peer_side_;
  size_t target_mtu_;
  std::unique_ptr<Acceptor> acceptor_;
  std::unique_ptr<Connection> client_;
  // nullptr until the cookie was verified.
  std::unique_ptr<Connection> server_;
  std::deque<Bytes> to_target_;
  std::deque<Bytes> to_peer_;
  // What the target has got of the peer.
  std::vector<Bytes> seen_;
  // So many of the target's next datagrams get lost.
  size_t to_lose_ = 0;
  size_t sent_by_target_ = 0;
  // Messages of the peer that may still arrive, each as often as it was sent.
  std::map<Bytes, size_t> awaited_;
  // No record that authenticates has a higher number.
  uint64_t highest_ = 0;
  // Records that authenticate may end the association, or it ended itself.
  bool may_end_ = false;
  bool has_ended_ = false;
};

}  // namespace dtls::fuzz
