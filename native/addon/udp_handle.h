#pragma once

#include <napi.h>
#include <uv.h>

#include "addon/wrapped.h"
#include "udp/udp_socket.h"

namespace dtls {

// binding.d.ts UdpSocket: the N-API face of a udp UdpSocket, and its place in the event loop.
//
// From start() to close() it holds a reference to itself and to the callback, like every handle of Node.
class UdpHandle : public Wrapped<UdpHandle> {
 public:
  static Napi::Function Define(Napi::Env env);

  explicit UdpHandle(const Napi::CallbackInfo& info) : Wrapped(info) {}

 private:
  Napi::Value Open(const Napi::CallbackInfo& info);
  Napi::Value Bind(const Napi::CallbackInfo& info);
  Napi::Value Connect(const Napi::CallbackInfo& info);
  Napi::Value Start(const Napi::CallbackInfo& info);
  Napi::Value AwaitWritable(const Napi::CallbackInfo& info);
  Napi::Value LocalAddress(const Napi::CallbackInfo& info);
  Napi::Value Features(const Napi::CallbackInfo& info);
  Napi::Value Intern(const Napi::CallbackInfo& info);
  Napi::Value Forget(const Napi::CallbackInfo& info);
  Napi::Value MaxDatagramSize(const Napi::CallbackInfo& info);
  Napi::Value Receive(const Napi::CallbackInfo& info);
  Napi::Value SenderOf(const Napi::CallbackInfo& info);
  Napi::Value Send(const Napi::CallbackInfo& info);
  Napi::Value SendTo(const Napi::CallbackInfo& info);
  Napi::Value TakeError(const Napi::CallbackInfo& info);
  Napi::Value ErrorPeer(const Napi::CallbackInfo& info);
  Napi::Value SetReferenced(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);

  static void OnPoll(uv_poll_t* poll, int status, int events);
  static void OnTeardown(napi_async_cleanup_hook_handle hook, void* self);
  static void OnClosed(uv_handle_t* poll);

  void Report(bool readable, bool writable);
  void Stop();
  void Reference();
  int Poll() { return uv_poll_start(poll_, events_, OnPoll); }

  UdpSocket socket_;
  // Allocated by the size that the running libuv tells: one binary serves several versions of it. Owned by the
  // event loop from uv_close() on.
  uv_poll_t* poll_ = nullptr;
  int events_ = UV_READABLE;
  bool is_referenced_ = true;
  napi_async_context async_ = nullptr;
  napi_async_cleanup_hook_handle cleanup_ = nullptr;
  Napi::FunctionReference on_event_;
};

}  // namespace dtls
