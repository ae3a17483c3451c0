#include "addon/udp_handle.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include "addon/arguments.h"

namespace dtls {

namespace {

int IntOf(const Napi::Value& value, int fallback) {
  napi_get_value_int32(value.Env(), value, &fallback);
  return fallback;
}

bool AddressOf(const Napi::Value& ip, const Napi::Value& port, SocketAddress* out) {
  return SocketAddress::Parse(TextOf(ip).c_str(), static_cast<uint16_t>(NumberOf(port)), out);
}

UdpOptions OptionsOf(const Napi::Value& value) {
  UdpOptions options;
  options.ipv6_only = IsTrue(PropertyOf(value, "ipv6Only"));
  options.reuse_port = IsTrue(PropertyOf(value, "reusePort"));
  options.receive_buffer = IntOf(PropertyOf(value, "recvBufferSize"), options.receive_buffer);
  options.send_buffer = IntOf(PropertyOf(value, "sendBufferSize"), options.send_buffer);
  options.ttl = IntOf(PropertyOf(value, "ttl"), options.ttl);
  options.dscp = IntOf(PropertyOf(value, "dscp"), options.dscp);
  options.report_icmp = IsTrue(PropertyOf(value, "reportIcmp"));
  options.use_gso = !IsFalse(PropertyOf(value, "gso"));
  options.use_gro = !IsFalse(PropertyOf(value, "gro"));
  options.use_mmsg = !IsFalse(PropertyOf(value, "mmsg"));
  return options;
}

bool AreWithin(size_t size, const Outgoing* outgoing, size_t count) {
  size_t total = 0;
  for (size_t i = 0; i < count; ++i) {
    if (outgoing[i].size < 0) return false;
    total += static_cast<size_t>(outgoing[i].size);
  }
  return total <= size;
}

Napi::Value ObjectOf(Napi::Env env, const SocketAddress& address) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("address", address.ip());
  object.Set("port", static_cast<uint32_t>(address.port()));
  object.Set("family", address.family() == AF_INET6 ? "IPv6" : "IPv4");
  return object;
}

}  // namespace

Napi::Function UdpHandle::Define(Napi::Env env) {
  return DefineClass(env, "UdpSocket",
                     {InstanceMethod<&UdpHandle::Open>("open"),
                      InstanceMethod<&UdpHandle::Bind>("bind"),
                      InstanceMethod<&UdpHandle::Connect>("connect"),
                      InstanceMethod<&UdpHandle::Start>("start"),
                      InstanceMethod<&UdpHandle::AwaitWritable>("awaitWritable"),
                      InstanceMethod<&UdpHandle::LocalAddress>("localAddress"),
                      InstanceMethod<&UdpHandle::Features>("features"),
                      InstanceMethod<&UdpHandle::Intern>("intern"),
                      InstanceMethod<&UdpHandle::Forget>("forget"),
                      InstanceMethod<&UdpHandle::MaxDatagramSize>("maxDatagramSize"),
                      InstanceMethod<&UdpHandle::Receive>("receive"),
                      InstanceMethod<&UdpHandle::SenderOf>("senderOf"),
                      InstanceMethod<&UdpHandle::Send>("send"),
                      InstanceMethod<&UdpHandle::SendTo>("sendTo"),
                      InstanceMethod<&UdpHandle::TakeError>("takeError"),
                      InstanceMethod<&UdpHandle::ErrorPeer>("errorPeer"),
                      InstanceMethod<&UdpHandle::SetReferenced>("setReferenced"),
                      InstanceMethod<&UdpHandle::Close>("close")});
}

Napi::Value UdpHandle::Open(const Napi::CallbackInfo& info) {
  // Not even after close(): a handle that started may still be closing.
  if (socket_.fd() >= 0 || async_ != nullptr) return Throw(info.Env(), "the UDP socket was opened already");
  const int family = NumberOf(info[0]) == 6 ? AF_INET6 : AF_INET;
  return Int32(info.Env(), socket_.Open(family, OptionsOf(info[1])));
}

Napi::Value UdpHandle::Bind(const Napi::CallbackInfo& info) {
  SocketAddress local;
  if (!AddressOf(info[0], info[1], &local)) return Int32(info.Env(), EINVAL);
  return Int32(info.Env(), socket_.Bind(local));
}

Napi::Value UdpHandle::Connect(const Napi::CallbackInfo& info) {
  SocketAddress remote;
  if (!AddressOf(info[0], info[1], &remote)) return Int32(info.Env(), EINVAL);
  return Int32(info.Env(), socket_.Connect(remote));
}

Napi::Value UdpHandle::Start(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  uv_loop_t* loop = nullptr;
  if (socket_.fd() < 0 || poll_ != nullptr || !info[0].IsFunction()) return Throw(env, "the UDP socket cannot start");
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) return Throw(env, "there is no event loop");
  const Napi::String name = Napi::String::New(env, "DTLS_UDP");
  if (napi_async_init(env, info.This(), name, &async_) != napi_ok) return env.Undefined();
  poll_ = static_cast<uv_poll_t*>(std::calloc(1, uv_handle_size(UV_POLL)));
  int error = poll_ == nullptr ? UV_ENOMEM : uv_poll_init(loop, poll_, socket_.fd());
  if (error != 0) {
    std::free(std::exchange(poll_, nullptr));
    napi_async_destroy(env, std::exchange(async_, nullptr));
    return Int32(env, -error);
  }
  uv_handle_set_data(reinterpret_cast<uv_handle_t*>(poll_), this);
  napi_add_async_cleanup_hook(env, OnTeardown, this, &cleanup_);
  on_event_ = Napi::Persistent(info[0].As<Napi::Function>());
  ObjectWrap::Ref();
  Reference();
  error = Poll();
  if (error != 0) Stop();
  return Int32(env, -error);
}

Napi::Value UdpHandle::AwaitWritable(const Napi::CallbackInfo& info) {
  events_ = IsTrue(info[0]) ? UV_READABLE | UV_WRITABLE : UV_READABLE;
  if (poll_ != nullptr) Poll();
  return info.Env().Undefined();
}

void UdpHandle::OnPoll(uv_poll_t* poll, int status, int events) {
  auto* self = static_cast<UdpHandle*>(uv_handle_get_data(reinterpret_cast<uv_handle_t*>(poll)));
  // An ICMP message: libuv stops polling (uv__poll_io), and reading tells what it was.
  if (status < 0) self->Poll();
  self->Report(status < 0 || (events & UV_READABLE) != 0, (events & UV_WRITABLE) != 0);
}

void UdpHandle::Report(bool readable, bool writable) {
  const Napi::Env env = Env();
  const Napi::HandleScope scope(env);
  const napi_value arguments[] = {Napi::Boolean::New(env, readable), Napi::Boolean::New(env, writable)};
  const napi_status status =
      napi_make_callback(env, async_, Value(), on_event_.Value(), 2, arguments, nullptr);
  if (status != napi_pending_exception) return;
  napi_value error = nullptr;
  if (napi_get_and_clear_last_exception(env, &error) == napi_ok) napi_fatal_exception(env, error);
}

Napi::Value UdpHandle::LocalAddress(const Napi::CallbackInfo& info) {
  return ObjectOf(info.Env(), socket_.LocalAddress());
}

Napi::Value UdpHandle::Features(const Napi::CallbackInfo& info) {
  Napi::Object features = Napi::Object::New(info.Env());
  features.Set("gso", socket_.has_gso());
  features.Set("gro", socket_.has_gro());
  features.Set("mmsg", socket_.has_mmsg());
  return features;
}

Napi::Value UdpHandle::Intern(const Napi::CallbackInfo& info) {
  SocketAddress address;
  const bool is_valid = AddressOf(info[0], info[1], &address);
  return Int32(info.Env(), is_valid ? socket_.peers().Intern(address) : PeerIndex::kStranger);
}

Napi::Value UdpHandle::Forget(const Napi::CallbackInfo& info) {
  socket_.peers().Forget(IntOf(info[0], PeerIndex::kStranger));
  return info.Env().Undefined();
}

Napi::Value UdpHandle::MaxDatagramSize(const Napi::CallbackInfo& info) {
  const size_t size = socket_.MaxDatagramSize(IntOf(info[0], PeerIndex::kStranger));
  return Int32(info.Env(), static_cast<int32_t>(size));
}

Napi::Value UdpHandle::Receive(const Napi::CallbackInfo& info) {
  const Bytes slab = BytesOf(info[0]);
  const Int32s received = Int32sOf(info[1]);
  const size_t slots = std::min<size_t>(NumberOf(info[2]), received.size * sizeof(int32_t) / sizeof(Received));
  const size_t count = socket_.Receive(slab.data, slab.size, reinterpret_cast<Received*>(received.data), slots);
  return Int32(info.Env(), static_cast<int32_t>(count));
}

Napi::Value UdpHandle::SenderOf(const Napi::CallbackInfo& info) {
  const uint32_t entry = NumberOf(info[0]);
  return ObjectOf(info.Env(), socket_.SenderOf(entry < UdpSocket::kSlots ? entry : 0));
}

Napi::Value UdpHandle::Send(const Napi::CallbackInfo& info) {
  const Bytes bytes = RoomOf(info[0], info[1]);
  const Int32s outgoing = Int32sOf(info[2]);
  const size_t first = NumberOf(info[3]);
  const size_t count = NumberOf(info[4]);
  if ((first + count) * sizeof(Outgoing) > outgoing.size * sizeof(int32_t)) return Throw(info.Env(), "no such datagram");
  auto* entries = reinterpret_cast<Outgoing*>(outgoing.data) + first;
  if (!AreWithin(bytes.size, entries, count)) return Throw(info.Env(), "no such datagram");
  const auto done = static_cast<int32_t>(socket_.Send(bytes.data, entries, count));
  return Int32(info.Env(), socket_.has_error() ? ~done : done);
}

Napi::Value UdpHandle::SendTo(const Napi::CallbackInfo& info) {
  const Bytes datagram = BytesOf(info[0]);
  SocketAddress to;
  const bool is_valid = AddressOf(info[1], info[2], &to);
  return Int32(info.Env(), is_valid ? socket_.SendTo(datagram.data, datagram.size, to) : EINVAL);
}

Napi::Value UdpHandle::TakeError(const Napi::CallbackInfo& info) {
  return Int32(info.Env(), socket_.TakeError());
}

Napi::Value UdpHandle::ErrorPeer(const Napi::CallbackInfo& info) {
  return Int32(info.Env(), socket_.error_peer());
}

Napi::Value UdpHandle::SetReferenced(const Napi::CallbackInfo& info) {
  is_referenced_ = IsTrue(info[0]);
  if (poll_ != nullptr) Reference();
  return info.Env().Undefined();
}

void UdpHandle::Reference() {
  auto* handle = reinterpret_cast<uv_handle_t*>(poll_);
  if (is_referenced_) {
    uv_ref(handle);
  } else {
    uv_unref(handle);
  }
}

Napi::Value UdpHandle::Close(const Napi::CallbackInfo& info) {
  Stop();
  return info.Env().Undefined();
}

void UdpHandle::OnTeardown(napi_async_cleanup_hook_handle, void* self) { static_cast<UdpHandle*>(self)->Stop(); }

// The descriptor may be closed as soon as nobody polls it any more; the rest must wait for OnClosed().
void UdpHandle::Stop() {
  uv_poll_t* poll = std::exchange(poll_, nullptr);
  if (poll != nullptr) uv_close(reinterpret_cast<uv_handle_t*>(poll), OnClosed);
  socket_.Close();
}

void UdpHandle::OnClosed(uv_handle_t* poll) {
  auto* self = static_cast<UdpHandle*>(uv_handle_get_data(poll));
  std::free(poll);
  const Napi::Env env = self->Env();
  const Napi::HandleScope scope(env);
  napi_async_destroy(env, self->async_);
  self->on_event_.Reset();
  napi_remove_async_cleanup_hook(self->cleanup_);
  // The last line: it may be all that kept the object.
  self->ObjectWrap::Unref();
}

}  // namespace dtls
