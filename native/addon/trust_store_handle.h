#pragma once

#include <napi.h>

#include "addon/wrapped.h"
#include "tls/trust_store.h"

namespace dtls {

// binding.d.ts TrustStore. OpenSSL counts the references to what is inside, so a collected one takes nothing away.
class TrustStoreHandle : public Wrapped<TrustStoreHandle> {
 public:
  static Napi::Function Define(Napi::Env env);
  // nullptr when the value is no TrustStore.
  static TrustStoreHandle* From(const Napi::Value& value);

  explicit TrustStoreHandle(const Napi::CallbackInfo& info);

  const TrustStore& store() const { return store_; }

 private:
  Napi::Value Size(const Napi::CallbackInfo& info);

  TrustStore store_;
};

}  // namespace dtls
