#pragma once

#include <openssl/ssl.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <thread>

namespace dtls {

// The retransmission timer of a connection that lives in a time of its caller's, such as a test's, which stands still
// and leaps.
//
// OpenSSL reads the system's clock and no other. So its own timer gets a wait that is over at once, and the schedule of
// RFC 6347 section 4.2.4.1 is kept here. What OpenSSL sends again of its own accord, which it does when it reads part
// of a flight after that wait, is not due: the connection discards it. OpenSSL counts it all the same, and fails at the
// 13th; so each time the wait doubles.
class VirtualTimer {
 public:
  VirtualTimer(uint32_t initial_ms, uint32_t max_ms) : initial_ms_(initial_ms), max_ms_(max_ms) {}

  // OpenSSL starts its timer, with `is_first` for a new flight. Returns whether that is as it should be.
  bool OnStart(bool is_first) {
    if (is_first) early_ = 0;
    if (!is_first && !is_firing_) {
      ++early_;
      return false;
    }
    wait_ms_ = is_first ? initial_ms_ : std::min(2 * wait_ms_, max_ms_);
    is_anchored_ = false;
    return true;
  }

  // What OpenSSL's own timer gets, in microseconds. OpenSSL takes what is left of it for nothing when it is less than
  // 15 ms; so the first is over after 5 ms.
  unsigned int OpensslWaitUs() const { return 20000u << early_; }

  // Milliseconds until it is due. A timer counts from the first time that somebody asks.
  int32_t LeftMs(double now_ms) {
    if (!is_anchored_) due_ms_ = now_ms + wait_ms_;
    is_anchored_ = true;
    return static_cast<int32_t>(std::max(0.0, std::ceil(due_ms_ - now_ms)));
  }

  // DTLSv1_handle_timeout() when it is due, after waiting for OpenSSL's own timer: 0 when it is not.
  int Handle(SSL* ssl, double now_ms) {
    timeval left;
    if (DTLSv1_get_timeout(ssl, &left) != 1 || LeftMs(now_ms) > 0) return 0;
    while (DTLSv1_get_timeout(ssl, &left) == 1 && (left.tv_sec > 0 || left.tv_usec > 0)) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    is_firing_ = true;
    const int result = DTLSv1_handle_timeout(ssl);
    is_firing_ = false;
    return result;
  }

 private:
  const uint32_t initial_ms_;
  const uint32_t max_ms_;
  uint32_t wait_ms_ = 0;
  double due_ms_ = 0;
  bool is_anchored_ = false;
  bool is_firing_ = false;
  // How often OpenSSL has sent this flight again of its own accord: up to 12.
  unsigned int early_ = 0;
};

}  // namespace dtls
