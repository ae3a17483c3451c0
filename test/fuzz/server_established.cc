// A server with an open association.
#include "support/handshake.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return dtls::fuzz::RunEstablished(dtls::fuzz::Side::kServer, data, size);
}
