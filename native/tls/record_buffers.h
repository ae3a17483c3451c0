#pragma once

#include <openssl/ssl.h>

#include <cstddef>

namespace dtls {

// The record buffers of one SSL, 17 KiB for reading and as much for writing, which OpenSSL would keep for as long as
// the SSL lives. Here the connections of a thread that were used last have theirs, and an idle one has none. With many
// connections in use, the same memory goes from one to the next and stays in the processor's cache.
class RecordBuffers {
 public:
  explicit RecordBuffers(SSL* ssl) : ssl_(ssl) {}
  ~RecordBuffers() { Leave(); }
  RecordBuffers(const RecordBuffers&) = delete;
  RecordBuffers& operator=(const RecordBuffers&) = delete;

  // Before each call that reads or writes records.
  void Require() {
    if (place_ == nullptr) Enter();
  }

 private:
  static constexpr size_t kPlaces = 64;
  // Of one thread, as its connections are. It has no destructor that could run before theirs.
  struct Places {
    RecordBuffers* users[kPlaces];
    size_t next;
  };

  void Enter();
  void Leave();

  // Not owned; freed after this.
  SSL* const ssl_;
  RecordBuffers** place_ = nullptr;
};

}  // namespace dtls
