// Of a record of another version than the negotiated one, and of one that is too long, OpenSSL passes over the header
// only: what the body holds, which anybody may have put there, it would read as records.
#include "check.h"
#include "pair.h"
#include "tls/records.h"

namespace dtls::test {

namespace {

constexpr uint8_t kMinorOfDtls10 = 0xff;

// Its ciphertext is too short for its nonce and tag, which OpenSSL takes for a fatal error.
Bytes Deadly() { return RecordOf(kApplicationData, 1, 9, Bytes(10)); }

Bytes OfAnotherVersion(uint8_t type, uint16_t epoch, const Bytes& body) {
  Bytes record = RecordOf(type, epoch, 9, body);
  record[2] = kMinorOfDtls10;
  return record;
}

// Nothing comes of the datagram.
void CheckIgnored(Pair& pair, const Bytes& datagram) {
  for (Connection* side : {pair.client.get(), pair.server.get()}) {
    CHECK_EQ(Deliver(*side, datagram).status, kUnwanted);
    CHECK(TakeAll(*side).empty());
  }
}

}  // namespace

TEST("records in the body of one of another version are not read") {
  for (const char* suite : {"PSK-AES128-GCM-SHA256", "PSK-AES128-CCM8:@SECLEVEL=0", "PSK-CHACHA20-POLY1305"}) {
    PairOptions options;
    options.client_ciphers = options.server_ciphers = suite;
    EstablishedPair pair(options);
    for (const uint8_t type : {kChangeCipherSpec, kHandshake, kApplicationData}) {
      for (const uint16_t epoch : {0, 1}) CheckIgnored(pair, OfAnotherVersion(type, epoch, Join({Deadly(), Bytes(40)})));
    }
    CheckAlive(pair);
  }
}

TEST("records in the body of one of another version are not read during a handshake") {
  Pair pair;
  pair.filter = [&](Side, const Bytes&) {
    // Once the ServerHello has told the version.
    const Bytes hiding = OfAnotherVersion(kHandshake, 0, Deadly());
    for (Connection* side : {pair.client.get(), pair.server.get()}) {
      if (side == nullptr || side->Cipher() == nullptr || side->stage() == Stage::kEstablished) continue;
      CHECK_EQ(Deliver(*side, hiding).status, kIdle);
    }
    return true;
  };
  pair.Start();
  CHECK(pair.established());
}

TEST("records in the body of one that exceeds the negotiated record size are not read") {
  constexpr size_t kFragment = 512;
  PairOptions options;
  options.max_fragment_length = kFragment;
  EstablishedPair pair(options);
  CheckIgnored(pair, RecordOf(kApplicationData, 1, 9, Join({Deadly(), Bytes(kFragment + 320)})));
  CheckAlive(pair);
}

}  // namespace dtls::test
