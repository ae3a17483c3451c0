#pragma once

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <functional>
#include <vector>

namespace dtls::test {

// What a UDP socket asks of the kernel.
enum Call { kSendmmsg, kSendmsg, kRecvmmsg, kRecvmsg, kCalls };

// One message that the kernel took.
struct Sent {
  size_t size;
  // 0: it is one datagram.
  size_t segment_size;

  bool operator==(const Sent& other) const { return size == other.size && segment_size == other.segment_size; }
};

// Stands between UdpSocket and the kernel while it exists (CMakeLists.txt, --wrap): notes what is asked, and fails in
// the kernel's place where a test says so. Each function returns an errno, or 0 to ask the kernel.
class Kernel {
 public:
  Kernel();
  ~Kernel();
  Kernel(const Kernel&) = delete;
  Kernel& operator=(const Kernel&) = delete;

  std::function<int(Call)> on_call = [](Call) { return 0; };
  // A refused message ends sendmmsg: those before it are sent.
  std::function<int(const Sent&)> on_message = [](const Sent&) { return 0; };
  std::function<int(int level, int name)> on_option = [](int, int) { return 0; };
  // recvmmsg waits until so many messages are there, in place of returning those that are.
  size_t awaited = 0;

  std::vector<Sent> sent;
  std::array<int, kCalls> calls = {};
};

// Fails with `error` when asked for the first time.
template <typename... Arguments>
std::function<int(Arguments...)> Once(int error) {
  return [error](Arguments...) mutable {
    const int answer = error;
    error = 0;
    return answer;
  };
}

}  // namespace dtls::test
