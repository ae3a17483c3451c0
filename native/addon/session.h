#pragma once

#include <napi.h>

#include <memory>
#include <string_view>

#include "tls/connection.h"

namespace dtls {

// binding.d.ts Session: the N-API face of a Connection.
//
// Holds no reference to JavaScript but a thrown value that nobody took yet: the PSK callback is a property of
// the JavaScript object, found through the `this` of the verb that runs.
class Session : public Napi::ObjectWrap<Session>, private PskProvider {
 public:
  static Napi::Function Define(Napi::Env env);
  // Wraps a connection that a Listener verified.
  static Napi::Value Adopt(Napi::Env env, const Napi::Function& constructor, std::unique_ptr<Connection> connection);

  explicit Session(const Napi::CallbackInfo& info);
  ~Session() override;

 private:
  // One verb: refuses re-entry, lends `this` to the PSK callback, carries out a destroy() asked for inside.
  class Call;

  Napi::Value Start(const Napi::CallbackInfo& info);
  Napi::Value Receive(const Napi::CallbackInfo& info);
  Napi::Value Poll(const Napi::CallbackInfo& info);
  Napi::Value Write(const Napi::CallbackInfo& info);
  Napi::Value HandleTimeout(const Napi::CallbackInfo& info);
  Napi::Value Shutdown(const Napi::CallbackInfo& info);
  Napi::Value TakeDatagram(const Napi::CallbackInfo& info);
  Napi::Value TimeoutMs(const Napi::CallbackInfo& info);
  Napi::Value GetStage(const Napi::CallbackInfo& info);
  Napi::Value MaxPayload(const Napi::CallbackInfo& info);
  Napi::Value Reason(const Napi::CallbackInfo& info);
  Napi::Value AlertReceived(const Napi::CallbackInfo& info);
  Napi::Value AlertSent(const Napi::CallbackInfo& info);
  Napi::Value TakePskRequested(const Napi::CallbackInfo& info);
  Napi::Value PskIdentity(const Napi::CallbackInfo& info);
  Napi::Value TakeThrown(const Napi::CallbackInfo& info);
  Napi::Value TakeKeylog(const Napi::CallbackInfo& info);
  Napi::Value CipherName(const Napi::CallbackInfo& info);
  Napi::Value CipherStandardName(const Napi::CallbackInfo& info);
  Napi::Value Protocol(const Napi::CallbackInfo& info);
  Napi::Value Destroy(const Napi::CallbackInfo& info);

  bool ClientCredentials(std::string_view hint, ClientPsk* out) override;
  bool ServerKey(std::string_view identity, SecretBytes* out) override;
  // The callback's answer; an empty Value when there is none or it threw.
  Napi::Value AskPsk(std::string_view asked);
  void ParkException(Napi::Env env);

  void Attach(std::unique_ptr<Connection> connection);
  void Release(Napi::Env env);

  std::unique_ptr<Connection> connection_;
  // The `this` of the verb that runs; nullptr between verbs.
  napi_value running_ = nullptr;
  bool destroy_requested_ = false;
  // { value }, because a reference cannot hold a primitive and users may throw one.
  Napi::ObjectReference thrown_;
};

}  // namespace dtls
