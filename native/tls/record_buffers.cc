#include "tls/record_buffers.h"

namespace dtls {

void RecordBuffers::Enter() {
  static thread_local Places places;
  place_ = &places.users[places.next];
  places.next = (places.next + 1) % kPlaces;
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
