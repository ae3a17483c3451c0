#include "guidance.h"

#include <functional>

namespace dtls::fuzz {

namespace {

constexpr size_t kCounters = 8192;

// libFuzzer reads and clears what is in this section with each input.
__attribute__((section("__libfuzzer_extra_counters"))) uint8_t counters[kCounters];

}  // namespace

void NoteState(const Connection& connection, int32_t status) {
  const auto state = static_cast<size_t>(SSL_get_state(connection.ssl()));
  const auto sign = static_cast<size_t>(status > 0 ? 1 : -status);
  const size_t reason = std::hash<std::string>()(connection.reason());
  const auto alert = static_cast<size_t>(connection.alert_sent() & 0xff);
  const size_t mixed = (state << 3 ^ sign) * 0x9e3779b97f4a7c15u ^ reason * 31 ^ alert << 40;
  ++counters[(mixed ^ mixed >> 32) % kCounters];
}

}  // namespace dtls::fuzz
