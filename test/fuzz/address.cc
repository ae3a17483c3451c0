// Addresses as texts: what is read is written so that it is read as the same again.
#include "support/expect.h"
#include "support/input.h"
#include "udp/socket_address.h"

namespace dtls::fuzz {

namespace {

void Run(Input& input) {
  const uint16_t port = input.Word();
  const uint8_t seed = input.Byte();
  Bytes rest = input.Take(SIZE_MAX);
  rest.push_back(0);
  const std::string text(reinterpret_cast<const char*>(rest.data()));
  SocketAddress address;
  if (!SocketAddress::Parse(text.c_str(), port, &address)) return;
  EXPECT(address.port() == port);
  EXPECT(address.family() == (text.find(':') == text.npos ? AF_INET : AF_INET6));
  SocketAddress again;
  EXPECT(SocketAddress::Parse(address.ip().c_str(), port, &again));
  // Only link-local addresses are written with their scope.
  const std::string canonical = address.ip();
  if (text.find('%') == text.npos || canonical.find('%') != canonical.npos) {
    EXPECT(again == address && again.Hash(seed) == address.Hash(seed));
  }
  EXPECT(again.ip() == canonical);
}

}  // namespace

}  // namespace dtls::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  dtls::fuzz::Input input(data, size);
  dtls::fuzz::Run(input);
  return 0;
}
