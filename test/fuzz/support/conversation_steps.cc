// What an input can say.
#include <algorithm>
#include <utility>

#include "conversation.h"
#include "determinism.h"
#include "expect.h"
#include "guidance.h"
#include "tls/records.h"

namespace dtls::fuzz {

namespace {

constexpr size_t kMessageHeaderSize = 12;

enum Steps : uint8_t {
  kDeliver,
  kDeliverChanged,
  kLose,
  kDuplicate,
  kPostpone,
  kDeliverPart,
  kInject,
  kDeliverRewritten,
  kDeliverResealed,
  kDeliverSealed,
  kReplay,
  kLetTimePass,
  kWriteFromPeer,
  kWriteFromTarget,
  kClose,
  kLoseFromTarget,
  kSetMtu,
  kDeliverMany,
  kSteps,
};

// Offset and bytes to combine with those there.
void Change(Bytes* bytes, Input& input) {
  size_t at = input.Word();
  const Bytes mask = input.Short();
  if (bytes->empty()) return;
  for (const uint8_t bits : mask) (*bytes)[at++ % bytes->size()] ^= bits;
}

// Offset, how many bytes go, and which come.
void Edit(Bytes* bytes, Input& input) {
  const size_t at = bytes->empty() ? 0 : input.Word() % bytes->size();
  const size_t gone = std::min<size_t>(input.Byte(), bytes->size() - at);
  const Bytes come = input.Short();
  const auto begin = bytes->begin() + static_cast<ptrdiff_t>(at);
  bytes->insert(bytes->erase(begin, begin + static_cast<ptrdiff_t>(gone)), come.begin(), come.end());
}

void Store24(uint8_t* at, size_t value) {
  at[0] = static_cast<uint8_t>(value >> 16);
  at[1] = static_cast<uint8_t>(value >> 8);
  at[2] = static_cast<uint8_t>(value);
}

// Edits the handshake message of a plaintext record; all lengths stay right.
void Rewrite(Bytes* record, Input& input) {
  constexpr size_t kHeaders = kRecordHeaderSize + kMessageHeaderSize;
  if (record->size() < kHeaders || (*record)[0] != kHandshake || RecordEpoch(record->data()) != 0) return;
  Bytes body = test::Slice(*record, kHeaders, record->size());
  Edit(&body, input);
  record->resize(kHeaders);
  record->insert(record->end(), body.begin(), body.end());
  uint8_t* message = record->data() + kRecordHeaderSize;
  Store24(message + 1, body.size());
  Store24(message + 9, body.size());
  const size_t size = kMessageHeaderSize + body.size();
  (*record)[11] = static_cast<uint8_t>(size >> 8);
  (*record)[12] = static_cast<uint8_t>(size);
}

}  // namespace

void Conversation::Step(Input& input) {
  switch (input.Byte() % kSteps) {
    case kDeliver:
      return DeliverTrusted(TakeNext());
    case kDeliverChanged:
      return DeliverChanged(input);
    case kLose:
      TakeNext();
      return;
    case kDuplicate:
      if (!to_target_.empty()) DeliverTrusted(Bytes(to_target_.front()));
      return;
    case kPostpone:
      if (!to_target_.empty()) to_target_.push_back(TakeNext());
      return;
    case kDeliverPart: {
      Bytes part = TakeNext();
      part.resize(std::min<size_t>(part.size(), input.Word()));
      return DeliverTrusted(part);
    }
    case kInject:
      return DeliverToTarget(input.Long());
    case kDeliverRewritten:
      return DeliverRewritten(input);
    case kDeliverResealed:
      return DeliverResealed(input);
    case kDeliverSealed:
      return DeliverSealed(input);
    case kReplay:
      return Replay(input);
    case kLetTimePass:
      return LetTimePass(input.Byte() * 1000u);
    case kWriteFromPeer:
      return WriteFromPeer(input.Short());
    case kWriteFromTarget:
      return WriteFromTarget(input.Short());
    case kClose:
      return Close((input.Byte() & 1) == 0 ? peer_side_ : target_side_);
    case kLoseFromTarget:
      to_lose_ = input.Byte() % 4;
      return;
    case kSetMtu:
      return SetMtu(input.Byte() * 8u);
    case kDeliverMany:
      return DeliverMany(input.Byte());
  }
}

// Records that the change left alone still authenticate.
void Conversation::DeliverChanged(Input& input) {
  const Bytes original = TakeNext();
  Bytes changed = original;
  Change(&changed, input);
  for (const Bytes& record : test::RecordsOf(original)) {
    if (RecordEpoch(record.data()) == 1) highest_ = std::max(highest_, RecordNumber(record.data()));
  }
  seen_.push_back(original);
  DeliverToTarget(changed);
}

// As one datagram, which may be more than OpenSSL reads at a time.
void Conversation::DeliverMany(size_t count) {
  constexpr size_t kMaxDatagram = 65'507;
  const Bytes next = TakeNext();
  if (next.empty()) return;
  DeliverTrusted(test::Join(std::vector<Bytes>(std::min(count, kMaxDatagram / next.size()), next)));
}

void Conversation::DeliverRewritten(Input& input) {
  std::vector<Bytes> records = test::RecordsOf(TakeNext());
  if (records.empty()) return;
  Rewrite(&records[input.Byte() % records.size()], input);
  DeliverTrusted(test::Join(records));
}

// As if the peer itself had made other records.
void Conversation::DeliverResealed(Input& input) {
  const auto sealer = PeerSealer();
  std::vector<Bytes> records = test::RecordsOf(TakeNext());
  for (Bytes& record : records) {
    const std::optional<Bytes> plaintext = sealer ? sealer->Open(record) : std::nullopt;
    if (!plaintext) continue;
    Bytes edited = *plaintext;
    Edit(&edited, input);
    const uint8_t type = record[0];
    Announce(type, edited);
    record = sealer->Seal(type, RecordNumber(record.data()), edited);
  }
  DeliverTrusted(test::Join(records));
}

void Conversation::DeliverSealed(Input& input) {
  const auto sealer = PeerSealer();
  const uint8_t type = input.Byte();
  // From 128 behind the highest number to 127 ahead of the next.
  const auto step = static_cast<int64_t>(static_cast<int8_t>(input.Byte()));
  const Bytes plaintext = input.Long();
  if (!sealer) return;
  // OpenSSL keeps data that overtake the handshake; what is behind an empty record waits there for the next datagram.
  if (plaintext.empty() && type == kApplicationData && target()->stage() != Stage::kEstablished) return;
  const int64_t number = std::max<int64_t>(static_cast<int64_t>(highest_) + 1 + step, 0);
  Announce(type, plaintext);
  DeliverTrusted(sealer->Seal(type, static_cast<uint64_t>(number), plaintext));
}

void Conversation::Replay(Input& input) {
  const size_t which = input.Byte();
  Bytes datagram = seen_.empty() ? Bytes() : seen_[which % seen_.size()];
  Change(&datagram, input);
  DeliverToTarget(datagram);
}

void Conversation::LetTimePass(uint32_t ms) {
  Advance(ms);
  for (const Side side : {Side::kClient, Side::kServer}) {
    Connection* connection = ConnectionOf(side);
    if (connection == nullptr || (side == target_side_ && has_ended_)) continue;
    const int32_t status = connection->HandleTimeout();
    EXPECT(status == kIdle || status == kFailed);
    if (side == target_side_) has_ended_ = status == kFailed;
    Queue(side, test::TakeAll(*connection));
  }
  CarryToPeer();
}

void Conversation::SetMtu(size_t mtu) {
  if (target() == nullptr) return;
  constexpr size_t kMinMtu = 256;
  target_mtu_ = std::max(mtu, kMinMtu);
  target()->SetMtu(target_mtu_);
}

void Conversation::WriteFromTarget(Bytes message) {
  if (has_ended_ || target() == nullptr) return;
  message.resize(std::min(message.size(), target()->MaxPayload(target_mtu_)));
  if (message.empty()) return;
  const int32_t status = target()->Write(message.data(), message.size());
  EXPECT(status == kIdle || may_end_);
  has_ended_ = status != kIdle;
  Queue(target_side_, test::TakeAll(*target()));
  CarryToPeer();
}

void Conversation::Close(Side side) {
  Connection* connection = ConnectionOf(side);
  if (connection == nullptr || (side == target_side_ && has_ended_)) return;
  may_end_ = true;
  connection->Shutdown();
  Queue(side, test::TakeAll(*connection));
  CarryToPeer();
}

}  // namespace dtls::fuzz
