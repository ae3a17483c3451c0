#include "wiping.h"

#include <cstdint>
#include <cstring>

namespace {

const void* watched = nullptr;
size_t watched_size = 0;
std::string watched_content;
bool wiped = false;

bool IsWatched(const void* memory, size_t size) {
  if (watched != nullptr) return memory == watched && size >= watched_size;
  return !watched_content.empty() && size >= watched_content.size() &&
         std::memcmp(memory, watched_content.data(), watched_content.size()) == 0;
}

}  // namespace

// In place of OpenSSL's own, for the program and the library.
extern "C" void OPENSSL_cleanse(void* memory, size_t size) {
  if (IsWatched(memory, size)) wiped = true;
  volatile auto* bytes = static_cast<volatile uint8_t*>(memory);
  for (size_t i = 0; i < size; ++i) bytes[i] = 0;
}

namespace dtls::test {

void WatchMemory(const void* memory, size_t size) {
  watched = memory;
  watched_size = size;
  wiped = false;
}

void WatchContent(const std::string& content) {
  watched = nullptr;
  watched_content = content;
  wiped = false;
}

bool IsWiped() { return wiped; }

}  // namespace dtls::test
