#pragma once

#include <openssl/ssl.h>

#include <cstddef>

namespace dtls {

// The record buffers of one SSL, 17 KiB for reading and as much for writing, which OpenSSL would keep for as long as
// the SSL lives. Here those connections of a thread that came first keep theirs until they are idle. The others pass:
// the same few buffers, which stay in the processor's cache, go from one to the next. With one ring of places for all,
// thousands in use by turns would each take the buffers of one that was used long ago and is out of the cache.
class RecordBuffers {
 public:
  static constexpr size_t kKept = 1024;
  static constexpr size_t kPassing = 8;
  // One after the other, those who keep theirs are looked at, whenever so many have passed. Who has not been used since
  // the last time is idle: 65,536 have passed by then.
  static constexpr size_t kPassersPerLook = 64;

  explicit RecordBuffers(SSL* ssl) : ssl_(ssl) {}
  ~RecordBuffers() { Leave(); }
  RecordBuffers(const RecordBuffers&) = delete;
  RecordBuffers& operator=(const RecordBuffers&) = delete;

  // Before each call that reads or writes records.
  void Require() {
    is_used_ = true;
    if (place_ == nullptr) Enter();
  }

  bool HasPlace() const { return place_ != nullptr; }

 private:
  // Of one thread, as its connections are. It has no destructor that could run before theirs.
  struct Places {
    RecordBuffers* kept[kKept];
    RecordBuffers* passing[kPassing];
    size_t next_kept;
    size_t next_passing;
    size_t passers;

    // One that is free, or whose owner has to give it up.
    RecordBuffers** Choose();
  };

  void Enter();
  void Leave();

  // Not owned; freed after this.
  SSL* const ssl_;
  RecordBuffers** place_ = nullptr;
  // Since it was looked at.
  bool is_used_ = false;
};

}  // namespace dtls
