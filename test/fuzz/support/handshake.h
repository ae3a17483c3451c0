#pragma once

#include "conversation.h"

namespace dtls::fuzz {

// The input's first byte chooses the scene, its high bits a server without cookies and traces; the rest is a script.
int RunHandshake(Side target, const uint8_t* data, size_t size);
// The same, when the handshake is done.
int RunEstablished(Side target, const uint8_t* data, size_t size);

}  // namespace dtls::fuzz
