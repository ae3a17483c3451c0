#include "hostile-datagrams.h"

#include <string.h>

enum {
  RECORD_HEADER = 13,
  HANDSHAKE = 22,
  APPLICATION_DATA = 23,
  COOKIE = 32,
  CIPHERTEXT = 8 + 100 + 16,  // a message of 100 bytes in AES-GCM
};

const char *const kind_names[KINDS] = {
    [HELLO] = "hello",
    [WRONG_COOKIE] = "wrong-cookie",
    [GARBAGE] = "garbage",
    [TRUNCATED] = "truncated",
    [OTHER_EPOCH] = "other-epoch",
    [STRAY] = "stray",
    [MOVED] = "moved",
    [REPLAYED] = "replayed",
    [FORGED] = "forged",
    [SPOOFED_HELLO] = "spoofed-hello",
};

uint64_t next_random(struct random *random) {
  uint64_t x = random->state;
  x ^= x >> 12;
  x ^= x << 25;
  x ^= x >> 27;
  random->state = x;
  return x * UINT64_C(0x2545f4914f6cdd1d);
}

uint32_t random_below(struct random *random, uint32_t bound) {
  return (uint32_t)((next_random(random) >> 32) * bound >> 32);
}

static void fill_random(struct random *random, uint8_t *into, size_t size) {
  for (size_t at = 0; at < size; at += sizeof(uint64_t)) {
    const uint64_t bits = next_random(random);
    memcpy(into + at, &bits, size - at < sizeof bits ? size - at : sizeof bits);
  }
}

static void put(uint8_t *into, uint64_t value, size_t size) {
  for (; size > 0; value >>= 8) into[--size] = (uint8_t)value;
}

// RFC 6347 section 4.1. Returns the size of the record.
static size_t put_header(uint8_t *into, unsigned type, unsigned epoch, uint64_t number, size_t size) {
  into[0] = (uint8_t)type;
  put(into + 1, 0xfefd, 2);
  put(into + 3, epoch, 2);
  put(into + 5, number, 6);
  put(into + 11, size, 2);
  return RECORD_HEADER + size;
}

// RFC 6347 section 4.2; suites and extensions as OpenSSL's client sends them.
static size_t put_hello(uint8_t *into, struct random *random, bool has_cookie) {
  static const uint8_t end[] = {
      0, 4, 0x00, 0xa8, 0x00, 0xff,               // TLS_PSK_WITH_AES_128_GCM_SHA256, secure renegotiation
      1, 0,                                       // no compression
      0, 22, 0, 22, 0, 0, 0, 23, 0, 0,            // encrypt_then_mac, extended_master_secret
      0, 13, 0, 10, 0, 8, 4, 3, 4, 1, 5, 3, 5, 1  // signature_algorithms
  };
  uint8_t *message = into + RECORD_HEADER, *body = message + 12, *at = body;
  put(at, 0xfefd, 2);
  fill_random(random, at + 2, 32);
  at += 2 + 32;
  *at++ = 0;
  *at++ = has_cookie ? COOKIE : 0;
  if (has_cookie) {
    fill_random(random, at, COOKIE);
    at += COOKIE;
  }
  memcpy(at, end, sizeof end);
  at += sizeof end;
  const size_t size = (size_t)(at - body);
  put(message, 1, 1);
  put(message + 1, size, 3);
  put(message + 4, has_cookie, 2);
  put(message + 6, 0, 3);
  put(message + 9, size, 3);
  return put_header(into, HANDSHAKE, 0, has_cookie, 12 + size);
}

static size_t put_record(uint8_t *into, struct random *random, unsigned epoch) {
  fill_random(random, into + RECORD_HEADER, CIPHERTEXT);
  return put_header(into, APPLICATION_DATA, epoch, next_random(random) >> 16, CIPHERTEXT);
}

// The captured datagram, whose record is of epoch 1 and the first of its association, with another number.
static size_t put_forged(uint8_t *into, const struct captured *captured, uint64_t number) {
  memcpy(into, captured->datagram, captured->size);
  put(into + 5, number, 6);
  return captured->size;
}

size_t make_hostile(enum kind kind, const struct captured *captured, struct random *random, uint8_t *into) {
  size_t size;
  switch (kind) {
    case HELLO:
      return put_hello(into, random, false);
    case WRONG_COOKIE:
      return put_hello(into, random, true);
    case GARBAGE:
      size = 1 + random_below(random, MAX_HOSTILE);
      fill_random(random, into, size);
      return size;
    case TRUNCATED:
      return 1 + random_below(random, (uint32_t)put_record(into, random, 1) - 1);
    case OTHER_EPOCH:
      return put_record(into, random, 2 + random_below(random, 0xfffe));
    case STRAY:
      return put_record(into, random, 1);
    case MOVED:
      // Within what may have been lost before it.
      return put_forged(into, captured, 2000 + random_below(random, 2000));
    case REPLAYED:
      memcpy(into, captured->datagram, captured->size);
      return captured->size;
    case FORGED:
      return put_forged(into, captured, (UINT64_C(1) << 40) + random_below(random, UINT32_MAX));
    default:
      return put_hello(into, random, random_below(random, 2) == 0);
  }
}
