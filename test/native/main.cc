#include "check.h"

int main() {
  int failed = 0;
  for (const dtls::test::Test& test : dtls::test::Tests()) {
    dtls::test::Failures() = 0;
    test.run();
    const bool passed = dtls::test::Failures() == 0;
    if (!passed) ++failed;
    std::cout << (passed ? "ok   " : "FAIL ") << test.name << std::endl;
  }
  std::cout << dtls::test::Tests().size() - failed << " passed, " << failed << " failed" << std::endl;
  return failed == 0 ? 0 : 1;
}
