#pragma once

#include <cstdint>

namespace dtls::fuzz {

// OpenSSL's random numbers begin anew, and its clock is set back, so that an input means the same at any time.
void Restart();

// OpenSSL's clock, which stands still otherwise.
void Advance(uint32_t ms);

}  // namespace dtls::fuzz
