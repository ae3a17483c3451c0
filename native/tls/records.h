#pragma once

#include <cstddef>
#include <cstdint>

namespace dtls {

// The DTLS 1.2 record header (RFC 6347 section 4.1): type 1, version 2, epoch 2, sequence number 6, length 2.
constexpr size_t kRecordHeaderSize = 13;

enum ContentType : uint8_t {
  kChangeCipherSpec = 20,
  kAlert = 21,
  kHandshake = 22,
  kApplicationData = 23,
};

// Size of the whole record that starts at `data`, header included; 0 when the bytes are no whole DTLS record.
inline size_t WholeRecordSize(const uint8_t* data, size_t size) {
  if (size < kRecordHeaderSize) return 0;
  const size_t record = kRecordHeaderSize + (static_cast<size_t>(data[11]) << 8 | data[12]);
  return record <= size ? record : 0;
}

inline uint16_t RecordEpoch(const uint8_t* record) {
  return static_cast<uint16_t>(record[3] << 8 | record[4]);
}

// Size of the whole records before the first of epoch 1.
inline size_t LeadingPlaintextSize(const uint8_t* datagram, size_t size) {
  size_t at = 0;
  while (const size_t record = WholeRecordSize(datagram + at, size - at)) {
    if (RecordEpoch(datagram + at) == 1) break;
    at += record;
  }
  return at;
}

// The 48 bits after the epoch.
inline uint64_t RecordNumber(const uint8_t* record) {
  uint64_t number = 0;
  for (size_t i = 5; i < 11; ++i) number = number << 8 | record[i];
  return number;
}

inline void SetRecordNumber(uint8_t* record, uint64_t number) {
  for (size_t i = 11; i-- > 5; number >>= 8) record[i] = static_cast<uint8_t>(number);
}

// Whether a whole record begins a plaintext ClientHello or a fragment of one.
inline bool IsClientHello(const uint8_t* record, size_t size) {
  constexpr uint8_t kClientHello = 1;
  return record[0] == kHandshake && RecordEpoch(record) == 0 && size > kRecordHeaderSize &&
         record[kRecordHeaderSize] == kClientHello;
}

// Whether a datagram begins with a record that holds one ClientHello, or its first fragment (RFC 6347 section 4.2.2),
// in which the cookie is: what a server can answer without remembering anything.
inline bool BeginsClientHello(const uint8_t* datagram, size_t size) {
  constexpr size_t kHandshakeHeaderSize = 12;
  const size_t record = WholeRecordSize(datagram, size);
  if (record < kRecordHeaderSize + kHandshakeHeaderSize || !IsClientHello(datagram, record)) return false;
  const uint8_t* message = datagram + kRecordHeaderSize;
  const auto uint24 = [](const uint8_t* at) { return size_t{at[0]} << 16 | size_t{at[1]} << 8 | at[2]; };
  const size_t fragment = uint24(message + 9);
  return datagram[1] == 0xfe && uint24(message + 6) == 0 && fragment <= uint24(message + 1) &&
         record == kRecordHeaderSize + kHandshakeHeaderSize + fragment;
}

// No ciphertext is expected yet.
constexpr size_t kNoCiphertext = SIZE_MAX;

// What TLS allows in one record (RFC 5246 section 6.2.1).
constexpr size_t kMaxPlaintext = 16384;

// What the records of a session are like, as far as it is known.
struct RecordBounds {
  // Of epoch 1, in bytes.
  size_t min_ciphertext = kNoCiphertext;
  // On the wire; 0 before it is negotiated.
  uint16_t version = 0;
  // Largest plaintext of a record.
  size_t max_fragment = kMaxPlaintext;
};

// Whether a DTLS session without renegotiation can have use for a whole record: a known content type, version major
// 254, epoch 0, or epoch 1 within its bounds. What anybody can forge and OpenSSL (3.0 to 3.5 at least) takes for a
// fatal error must not reach it: ciphertext too short for its nonce and tag, application data in clear, and warnings in
// clear, which 3.0 reads over and over until they are too many. Neither must records of a future epoch, which it keeps
// without a useful bound (CVE-2026-54874), nor records of another version than the negotiated one or too long: of those
// it passes over the header only, and reads what the body holds as records, which nobody has looked at.
inline bool IsWantedUntrusted(const uint8_t* record, size_t size, const RecordBounds& bounds) {
  // OpenSSL's SSL3_RT_MAX_ENCRYPTED_OVERHEAD.
  constexpr size_t kMaxOverhead = 320;
  if (record[0] < kChangeCipherSpec || record[0] > kApplicationData || record[1] != 0xfe) return false;
  // It reads alerts of any version.
  const bool is_other_version = bounds.version != 0 && (record[1] << 8 | record[2]) != bounds.version;
  if (is_other_version && record[0] != kAlert) return false;
  const size_t body = size - kRecordHeaderSize;
  if (body > bounds.max_fragment + kMaxOverhead) return false;
  const uint16_t epoch = RecordEpoch(record);
  if (epoch > 0) return epoch == 1 && body >= bounds.min_ciphertext;
  if (record[0] == kApplicationData) return false;
  // Level 1 is a warning; description 0, close_notify, is one that matters.
  const bool is_warning = record[0] == kAlert && size >= kRecordHeaderSize + 2 && record[kRecordHeaderSize] == 1;
  return !is_warning || record[kRecordHeaderSize + 1] == 0;
}

}  // namespace dtls
