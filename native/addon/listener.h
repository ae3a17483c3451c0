#pragma once

#include <napi.h>

#include <memory>

#include "addon/wrapped.h"
#include "tls/acceptor.h"

namespace dtls {

// binding.d.ts Listener: the N-API face of an Acceptor.
class Listener : public Wrapped<Listener> {
 public:
  static Napi::Function Define(Napi::Env env);

  explicit Listener(const Napi::CallbackInfo& info);

 private:
  Napi::Value SetCookieKeys(const Napi::CallbackInfo& info);
  Napi::Value Accept(const Napi::CallbackInfo& info);
  Napi::Value TakeDatagram(const Napi::CallbackInfo& info);
  Napi::Value Promote(const Napi::CallbackInfo& info);
  Napi::Value Destroy(const Napi::CallbackInfo& info);

  std::unique_ptr<Acceptor> acceptor_;
};

}  // namespace dtls
