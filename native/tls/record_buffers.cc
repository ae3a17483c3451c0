#include "tls/record_buffers.h"

#include <utility>

namespace dtls {

RecordBuffers** RecordBuffers::Places::Choose() {
  RecordBuffers** candidate = &kept[next_kept];
  if (*candidate == nullptr || ++passers == kPassersPerLook) {
    passers = 0;
    next_kept = (next_kept + 1) % kKept;
    if (*candidate == nullptr || !std::exchange((*candidate)->is_used_, false)) return candidate;
  }
  candidate = &passing[next_passing];
  next_passing = (next_passing + 1) % kPassing;
  return candidate;
}

void RecordBuffers::Enter() {
  static thread_local Places places;
  place_ = places.Choose();
  if (RecordBuffers* former = *place_) {
    former->place_ = nullptr;
    // Refused while a record is half read; then they stay, and SSL_alloc_buffers() finds them later.
    SSL_free_buffers(former->ssl_);
  }
  *place_ = this;
  // To read, OpenSSL makes them itself, to write it does not (do_dtls1_write of 3.0). Without memory the next call
  // into it fails.
  SSL_alloc_buffers(ssl_);
}

void RecordBuffers::Leave() {
  if (place_ != nullptr) *place_ = nullptr;
  place_ = nullptr;
}

}  // namespace dtls
