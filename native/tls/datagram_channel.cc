#include "tls/datagram_channel.h"

#include <cstring>
#include <mutex>

#include "tls/records.h"

namespace dtls {

namespace {

DatagramChannel* ChannelOf(BIO* bio) { return static_cast<DatagramChannel*>(BIO_get_data(bio)); }

}  // namespace

BIO* DatagramChannel::NewBio() {
  BIO_METHOD* method = Method();
  BIO* bio = method == nullptr ? nullptr : BIO_new(method);
  if (bio == nullptr) return nullptr;
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  return bio;
}

// One table for the process, made once and never freed: BIOs of every thread point to it.
BIO_METHOD* DatagramChannel::Method() {
  static BIO_METHOD* method = nullptr;
  static std::once_flag once;
  std::call_once(once, [] {
    method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "DTLS datagrams");
    if (method == nullptr) return;
    BIO_meth_set_write_ex(method, OnWrite);
    BIO_meth_set_read_ex(method, OnRead);
    BIO_meth_set_ctrl(method, OnControl);
  });
  return method;
}

int DatagramChannel::OnWrite(BIO* bio, const char* data, size_t size, size_t* written) {
  ChannelOf(bio)->Write(reinterpret_cast<const uint8_t*>(data), size);
  *written = size;
  return 1;
}

int DatagramChannel::OnRead(BIO* bio, char* into, size_t capacity, size_t* size) {
  BIO_clear_retry_flags(bio);
  *size = ChannelOf(bio)->Read(reinterpret_cast<uint8_t*>(into), capacity);
  if (*size > 0) return 1;
  BIO_set_retry_read(bio);
  return -1;
}

// OpenSSL asks for a flush after each flight and treats 0 as a failed write. All else (path MTU, peer address,
// timers of the socket) is answered with 0: there is no socket, and the MTU is set on the SSL.
long DatagramChannel::OnControl(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

// OpenSSL buffers a flight up to the MTU only while its buffering BIO is in place; a retransmission after the
// handshake comes record by record, and a message in a datagram of its own costs the peer a wake-up each.
void DatagramChannel::Write(const uint8_t* data, size_t size) {
  // Alerts travel alone, for a flight is flushed before.
  if (muted_ && size > 0 && data[0] != kAlert) return;
  while (size > 0) {
    const size_t record = WholeRecordSize(data, size);
    const size_t taken = record == 0 ? size : record;
    // A server's stateless step looks at the first record only, and OpenSSL loses what follows a record of another
    // version than the negotiated one, as a hello has.
    const bool travels_alone = record == 0 || data[0] == kApplicationData || IsClientHello(data, record);
    Enqueue(data, taken, !travels_alone);
    if (record != 0 && RecordEpoch(data) == 0) Renumber(bytes_.data() + bytes_.size() - record);
    data += taken;
    size -= taken;
  }
}

// In clear, a record's number is protected by nothing that would have to change with it.
void DatagramChannel::Renumber(uint8_t* record) {
  const uint64_t number = RecordNumber(record);
  if (first_number_) number_shift_ = *first_number_ > number ? *first_number_ - number : 0;
  first_number_.reset();
  if (number_shift_ > 0) SetRecordNumber(record, number + number_shift_);
}

void DatagramChannel::Enqueue(const uint8_t* records, size_t size, bool joinable) {
  Outgoing* last = HasOutput() ? &outgoing_.back() : nullptr;
  if (joinable && last != nullptr && last->joinable && last->size + size <= mtu_) {
    last->size += size;
  } else {
    outgoing_.push_back({bytes_.size(), size, joinable});
  }
  bytes_.insert(bytes_.end(), records, records + size);
}

// OpenSSL reads with a buffer of one record; what does not fit is handed over record by record, so that a
// datagram of several large records loses nothing.
size_t DatagramChannel::Read(uint8_t* into, size_t capacity) {
  size_t size = 0;
  if (input_size_ <= capacity) {
    size = input_size_;
  } else {
    while (const size_t record = WholeRecordSize(input_ + size, input_size_ - size)) {
      if (size + record > capacity) break;
      size += record;
    }
    if (size == 0) input_size_ = 0;
  }
  if (size == 0) return 0;
  std::memcpy(into, input_, size);
  input_ += size;
  input_size_ -= size;
  return size;
}

void DatagramChannel::EndInput() {
  if (input_size_ > 0) {
    kept_input_ = std::vector<uint8_t>(input_, input_ + input_size_);
    input_ = kept_input_.data();
  } else {
    input_ = nullptr;
  }
}

size_t DatagramChannel::Take(uint8_t* into, size_t capacity) {
  if (!HasOutput()) return 0;
  const Outgoing& next = outgoing_[taken_];
  const size_t size = next.size;
  if (size > capacity) return 0;
  std::memcpy(into, bytes_.data() + next.begin, size);
  if (++taken_ == outgoing_.size()) Clear();
  return size;
}

void DatagramChannel::Clear() {
  bytes_.clear();
  outgoing_.clear();
  taken_ = 0;
}

void DatagramChannel::Shrink() {
  bytes_.shrink_to_fit();
  outgoing_.shrink_to_fit();
}

}  // namespace dtls
