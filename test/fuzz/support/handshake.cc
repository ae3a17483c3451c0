#include "handshake.h"

#include "determinism.h"
#include "expect.h"

namespace dtls::fuzz {

namespace {

int Run(Side target, bool begins_established, const uint8_t* data, size_t size) {
  const std::vector<Scene>& scenes = Scenes();
  Restart();
  Input input(data, size);
  const uint8_t choice = input.Byte();
  constexpr uint8_t kWithoutCookies = 0x80;
  constexpr uint8_t kTraced = 0x40;
  Conversation conversation(scenes[(choice & 0x3f) % scenes.size()], target, (choice & kWithoutCookies) == 0,
                            (choice & kTraced) != 0);
  if (begins_established) {
    conversation.Settle();
    EXPECT(conversation.established());
  }
  while (!input.empty()) conversation.Step(input);
  conversation.ExpectAlive();
  return 0;
}

}  // namespace

int RunHandshake(Side target, const uint8_t* data, size_t size) { return Run(target, false, data, size); }

int RunEstablished(Side target, const uint8_t* data, size_t size) { return Run(target, true, data, size); }

}  // namespace dtls::fuzz
