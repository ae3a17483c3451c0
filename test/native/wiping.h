#pragma once

#include <string>

namespace dtls::test {

// Secrets cannot be looked at once their memory is freed, so OPENSSL_cleanse() is replaced by one that tells.

// Watches one piece of memory, or for the given bytes in any memory.
void WatchMemory(const void* memory, size_t size);
void WatchContent(const std::string& content);
// Whether what is watched has been wiped as a whole.
bool IsWiped();

}  // namespace dtls::test
