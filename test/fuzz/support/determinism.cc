// RAND_set_rand_method() is deprecated; the provider that is to take its place would take a file of its own.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "determinism.h"

#include <openssl/rand.h>
#include <sys/time.h>

#include <cstring>
#include <ctime>

namespace dtls::fuzz {

namespace {

constexpr int64_t kStartUs = 1'800'000'000'000'000;

uint64_t random_state = 0;
int64_t now_us = kStartUs;

// SplitMix64.
uint64_t NextRandom() {
  random_state += 0x9e3779b97f4a7c15u;
  uint64_t mixed = random_state;
  mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9u;
  mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebu;
  return mixed ^ mixed >> 31;
}

int FillRandom(unsigned char* into, int size) {
  for (int at = 0; at < size; ++at) into[at] = static_cast<unsigned char>(NextRandom());
  return 1;
}

int IsSeeded() { return 1; }

const RAND_METHOD kMethod = {nullptr, FillRandom, nullptr, nullptr, FillRandom, IsSeeded};

const int installed = RAND_set_rand_method(&kMethod);

}  // namespace

void Restart() {
  random_state = 0;
  now_us = kStartUs;
}

void Advance(uint32_t ms) { now_us += int64_t{ms} * 1000; }

}  // namespace dtls::fuzz

// In place of the C library's, for OpenSSL too; libFuzzer has its time from elsewhere.
extern "C" {

int gettimeofday(timeval* time, void*) noexcept {
  time->tv_sec = dtls::fuzz::now_us / 1'000'000;
  time->tv_usec = dtls::fuzz::now_us % 1'000'000;
  return 0;
}

time_t time(time_t* into) noexcept {
  const time_t now = dtls::fuzz::now_us / 1'000'000;
  if (into != nullptr) *into = now;
  return now;
}

}  // extern "C"
