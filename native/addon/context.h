#pragma once

#include <napi.h>

#include <memory>

#include "addon/wrapped.h"
#include "tls/tls_context.h"

namespace dtls {

// binding.d.ts Context. The TlsContext is shared with its sessions, so a collected Context takes nothing away.
class Context : public Wrapped<Context> {
 public:
  static Napi::Function Define(Napi::Env env);
  // nullptr when the value is no Context.
  static Context* From(const Napi::Value& value);

  explicit Context(const Napi::CallbackInfo& info);

  const std::shared_ptr<TlsContext>& tls() const { return tls_; }

 private:
  Napi::Value Suites(const Napi::CallbackInfo& info);
  Napi::Value SetTrust(const Napi::CallbackInfo& info);
  Napi::Value SetTicketKeys(const Napi::CallbackInfo& info);

  // The name of the option that was refused; nullptr when all were taken.
  const char* ReadCredentials(const Napi::Value& options);

  std::shared_ptr<TlsContext> tls_;
};

}  // namespace dtls
