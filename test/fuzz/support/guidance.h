#pragma once

#include "tls/connection.h"

namespace dtls::fuzz {

// OpenSSL is not compiled for the fuzzer: what it did is told by its state, as if each were a branch of ours.
void NoteState(const Connection& connection, int32_t status);

}  // namespace dtls::fuzz
