#pragma once

#include <openssl/bio.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace dtls {

// The datagram ends of one SSL: one borrowed input datagram, and a queue of outgoing ones.
//
// A plain memory BIO joins records into a byte stream and so loses the MTU; here what OpenSSL writes leaves as
// datagrams of whole records. The BIO returned by NewBio() refers to this object, which must outlive the SSL.
class DatagramChannel {
 public:
  explicit DatagramChannel(size_t mtu) : mtu_(mtu) {}
  DatagramChannel(const DatagramChannel&) = delete;
  DatagramChannel& operator=(const DatagramChannel&) = delete;

  // nullptr when memory is exhausted. The SSL that takes the BIO owns it.
  BIO* NewBio();

  // Borrows `data` until EndInput(), for the length of one call into OpenSSL.
  void BeginInput(const uint8_t* data, size_t size) {
    input_ = data;
    input_size_ = size;
  }
  // What OpenSSL has not read yet is copied: only a datagram larger than its buffer leaves something.
  void EndInput();

  // The first plaintext record to come gets at least this number, those that follow the next ones. A server's flight
  // continues the numbers of the hello (RFC 6347 section 4.2.1), or some meet those of its HelloVerifyRequest, and the
  // client drops them as replays. OpenSSL 3.0 sees to it, 3.2 and later begin with 1.
  void NumberFrom(uint64_t first) { first_number_ = first; }

  // Whether what OpenSSL writes is discarded, but for alerts.
  void SetMuted(bool muted) { muted_ = muted; }

  bool HasOutput() const { return taken_ < outgoing_.size(); }

  // Largest datagram to join records for, from the next one on.
  void SetMtu(size_t mtu) { mtu_ = mtu; }

  // Copies the oldest outgoing datagram and returns its size; 0 when there is none or it does not fit.
  size_t Take(uint8_t* into, size_t capacity);

  void Clear();
  // Gives back the memory that a handshake needed.
  void Shrink();

 private:
  struct Outgoing {
    size_t begin;
    size_t size;
    // Takes further handshake records; application data never shares its datagram.
    bool joinable;
  };

  static int OnWrite(BIO* bio, const char* data, size_t size, size_t* written);
  static int OnRead(BIO* bio, char* into, size_t capacity, size_t* size);
  static long OnControl(BIO* bio, int command, long number, void* pointer);
  static BIO_METHOD* Method();

  void Write(const uint8_t* data, size_t size);
  size_t Read(uint8_t* into, size_t capacity);
  void Renumber(uint8_t* record);
  void Enqueue(const uint8_t* records, size_t size, bool joinable);

  size_t mtu_;
  const uint8_t* input_ = nullptr;
  size_t input_size_ = 0;
  std::vector<uint8_t> kept_input_;
  std::vector<uint8_t> bytes_;
  std::vector<Outgoing> outgoing_;
  size_t taken_ = 0;
  bool muted_ = false;
  std::optional<uint64_t> first_number_;
  uint64_t number_shift_ = 0;
};

}  // namespace dtls
