#pragma once

#include <iostream>
#include <vector>

namespace dtls::test {

struct Test {
  const char* name;
  void (*run)();
};

inline std::vector<Test>& Tests() {
  static std::vector<Test> tests;
  return tests;
}

// Checks that failed in the test that runs.
inline int& Failures() {
  static int failures = 0;
  return failures;
}

struct Registration {
  Registration(const char* name, void (*run)()) { Tests().push_back({name, run}); }
};

inline bool Check(bool holds, const char* what, const char* file, int line) {
  if (holds) return true;
  ++Failures();
  std::cout << file << ':' << line << ": " << what << '\n';
  return false;
}

template <typename Actual, typename Expected>
bool CheckEqual(const Actual& actual, const Expected& expected, const char* what, const char* file, int line) {
  if (actual == expected) return true;
  ++Failures();
  std::cout << file << ':' << line << ": " << what << " is " << actual << ", not " << expected << '\n';
  return false;
}

}  // namespace dtls::test

#define DTLS_JOIN_(a, b) a##b
#define DTLS_JOIN(a, b) DTLS_JOIN_(a, b)
#define DTLS_TEST(name, run)                                                     \
  static void run();                                                             \
  static const dtls::test::Registration DTLS_JOIN(run, Registration)(name, run); \
  static void run()
#define TEST(name) DTLS_TEST(name, DTLS_JOIN(Test, __LINE__))

#define CHECK(condition) dtls::test::Check(static_cast<bool>(condition), #condition, __FILE__, __LINE__)
#define CHECK_EQ(actual, expected) dtls::test::CheckEqual(actual, expected, #actual, __FILE__, __LINE__)
// For what the rest of the test cannot do without.
#define REQUIRE(condition) \
  if (!CHECK(condition)) return
