#include "tls/record_buffers.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "check.h"
#include "pair.h"

namespace dtls::test {

namespace {

struct User {
  explicit User(SSL_CTX* ctx) : ssl(SSL_new(ctx)), buffers(ssl.get()) {}

  SslPointer ssl;
  RecordBuffers buffers;
};

// That many connections, in the order in which they come into use.
class Crowd {
 public:
  explicit Crowd(size_t size) {
    for (size_t i = 0; i < size; ++i) users_.push_back(std::make_unique<User>(context_->ssl_ctx()));
  }

  void UseAll() {
    for (const auto& user : users_) user->buffers.Require();
  }

  size_t CountPlaces(size_t from, size_t to) const {
    return static_cast<size_t>(
        std::count_if(users_.begin() + static_cast<std::ptrdiff_t>(from),
                      users_.begin() + static_cast<std::ptrdiff_t>(to),
                      [](const std::unique_ptr<User>& user) { return user->buffers.HasPlace(); }));
  }

 private:
  const std::shared_ptr<TlsContext> context_ = ClientContext({});
  std::vector<std::unique_ptr<User>> users_;
};

constexpr size_t kKept = RecordBuffers::kKept;
constexpr size_t kPassing = RecordBuffers::kPassing;

}  // namespace

TEST("of many connections in use by turns most keep their buffers, and the others pass a few on") {
  constexpr size_t kOthers = 3 * RecordBuffers::kPassersPerLook;
  Crowd crowd(kKept + kOthers);
  for (int turn = 0; turn < 3; ++turn) {
    crowd.UseAll();
    CHECK_EQ(crowd.CountPlaces(0, kKept), kKept);
    CHECK_EQ(crowd.CountPlaces(kKept, kKept + kOthers), kPassing);
    CHECK_EQ(crowd.CountPlaces(kKept + kOthers - kPassing, kKept + kOthers), kPassing);
  }
}

TEST("connections that are idle give their buffers up to those in use") {
  Crowd idle(kKept);
  idle.UseAll();
  Crowd busy(kPassing + 1);
  // Each is looked at twice before it is known to be idle.
  for (size_t passers = 0; passers < (kKept + 1) * RecordBuffers::kPassersPerLook; passers += kPassing + 1) {
    busy.UseAll();
  }
  CHECK_EQ(idle.CountPlaces(0, kKept), kKept - 1);
  busy.UseAll();
  CHECK_EQ(busy.CountPlaces(0, kPassing + 1), kPassing + 1);
}

TEST("connections that end leave their places to others") {
  { Crowd(kKept + kPassing).UseAll(); }
  Crowd crowd(kKept);
  crowd.UseAll();
  CHECK_EQ(crowd.CountPlaces(0, kKept), kKept);
}

TEST("a handshake and messages go on when others get the buffers between any two steps") {
  Crowd crowd(kKept + kPassing);
  crowd.UseAll();
  Pair pair;
  pair.filter = [&](Side, const Bytes&) {
    crowd.UseAll();
    return true;
  };
  pair.Start();
  REQUIRE(pair.established());
  for (int i = 0; i < 3; ++i) {
    crowd.UseAll();
    const Bytes sent = Written(*pair.client, "a message");
    crowd.UseAll();
    CHECK_EQ(Deliver(*pair.server, sent).messages.at(0), "a message");
  }
}

}  // namespace dtls::test
