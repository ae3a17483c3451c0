// Datagrams that authenticate nowhere, for open associations: nothing may come of them. As long as it holds, the same
// associations serve one input after the other, which makes this the fastest target.
#include <map>
#include <memory>
#include <utility>

#include "support/conversation.h"
#include "support/determinism.h"
#include "support/expect.h"

namespace dtls::fuzz {

namespace {

// Then they are asked whether they are well, and replaced.
constexpr size_t kInputsOfOne = 4096;

struct Target {
  std::unique_ptr<Conversation> conversation;
  size_t inputs = 0;
};

std::unique_ptr<Conversation> Open(const Scene& scene, Side side) {
  auto conversation = std::make_unique<Conversation>(scene, side, true, false);
  conversation->Settle();
  EXPECT(conversation->established());
  for (const char* message : {"first", "second", "third"}) conversation->WriteFromPeer(test::BytesOf(message));
  return conversation;
}

// Bytes as they are, or a datagram of the peer, which stays on its way, with others in some place.
Bytes NextDatagram(const Conversation& conversation, Input& input) {
  const uint8_t choice = input.Byte();
  if (choice >= conversation.to_target().size()) return input.Long();
  const Bytes& original = conversation.to_target()[choice];
  Bytes forged = original;
  size_t at = input.Word();
  for (const uint8_t bits : input.Short()) forged[at++ % forged.size()] ^= bits;
  if (forged == original) forged[at % forged.size()] ^= 1;
  return forged;
}

void Run(Input& input) {
  static std::map<std::pair<size_t, Side>, Target> targets;
  const std::vector<Scene>& scenes = Scenes();
  const uint8_t choice = input.Byte();
  const size_t scene = (choice >> 1) % scenes.size();
  const Side side = (choice & 1) == 0 ? Side::kClient : Side::kServer;
  Target& target = targets[{scene, side}];
  if (target.conversation == nullptr) {
    Restart();
    target = {Open(scenes[scene], side), 0};
  }
  Conversation& conversation = *target.conversation;
  bool is_untouched = true;
  while (!input.empty() && is_untouched) is_untouched = conversation.Inject(NextDatagram(conversation, input));
  // An input that is run alone is the first.
  ++target.inputs;
  if (is_untouched && (target.inputs == 1 || target.inputs == kInputsOfOne)) conversation.ExpectAlive();
  if (!is_untouched || target.inputs == kInputsOfOne) target.conversation.reset();
}

}  // namespace

}  // namespace dtls::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  dtls::fuzz::Input input(data, size);
  dtls::fuzz::Run(input);
  return 0;
}
