// A client from its first ClientHello on.
#include "support/handshake.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return dtls::fuzz::RunHandshake(dtls::fuzz::Side::kClient, data, size);
}
