#include "tls/record_window.h"

#include <initializer_list>

#include "check.h"

namespace dtls::test {

namespace {

constexpr uint64_t kLargest = (uint64_t{1} << 48) - 1;

RecordWindow WindowOf(std::initializer_list<uint64_t> numbers) {
  RecordWindow window;
  for (const uint64_t number : numbers) window.Add(number);
  return window;
}

}  // namespace

TEST("a new window covers the Finished and nothing else") {
  const RecordWindow window;
  CHECK_EQ(window.highest(), 0u);
  CHECK(window.Covers(0));
  for (const uint64_t number : {uint64_t{1}, uint64_t{63}, uint64_t{64}, kLargest}) CHECK(!window.Covers(number));
}

TEST("a window covers what was added, in any order, and no number between") {
  const RecordWindow window = WindowOf({5, 2, 9, 7});
  CHECK_EQ(window.highest(), 9u);
  for (const uint64_t number : {0, 2, 5, 7, 9}) CHECK(window.Covers(number));
  for (const uint64_t number : {1, 3, 4, 6, 8, 10}) CHECK(!window.Covers(number));
}

TEST("a window reaches 64 numbers back, and covers all that is older") {
  const RecordWindow window = WindowOf({100});
  CHECK(!window.Covers(99));
  CHECK(!window.Covers(37));
  CHECK(window.Covers(36));
  CHECK(window.Covers(0));
}

TEST("the oldest number of a window can still be added") {
  RecordWindow window = WindowOf({100, 37});
  CHECK(window.Covers(37));
  CHECK(!window.Covers(38));
  window.Add(101);
  CHECK(!window.Covers(38));
  CHECK(window.Covers(37));
}

TEST("a number that is older than the window changes nothing") {
  const RecordWindow window = WindowOf({100, 36, 3});
  CHECK_EQ(window.highest(), 100u);
  for (uint64_t number = 37; number < 100; ++number) CHECK(!window.Covers(number));
}

TEST("a window moves by as much as 63 numbers with what it has") {
  const RecordWindow window = WindowOf({1, 64});
  CHECK(window.Covers(1));
  CHECK(!window.Covers(2));
  CHECK(window.Covers(0));
}

TEST("a window forgets all when it moves farther") {
  for (const uint64_t number : {uint64_t{65}, uint64_t{66}, uint64_t{1000}, kLargest}) {
    const RecordWindow window = WindowOf({1, number});
    CHECK_EQ(window.highest(), number);
    CHECK(window.Covers(number));
    CHECK(!window.Covers(number - 1));
    CHECK(!window.Covers(number - 63));
    CHECK(window.Covers(number - 64));
  }
}

TEST("a number that is added again changes nothing") {
  const RecordWindow window = WindowOf({4, 4, 4});
  CHECK_EQ(window.highest(), 4u);
  CHECK(window.Covers(4));
  CHECK(!window.Covers(3));
}

}  // namespace dtls::test
