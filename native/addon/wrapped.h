#pragma once

#include <napi.h>

namespace dtls {

// The native half of a JavaScript object, which frees it. When a worker is terminated in the middle of a constructor,
// napi_wrap() fails and the object has no such half: it is freed with the environment.
template <typename T>
class Wrapped : public Napi::ObjectWrap<T> {
 protected:
  explicit Wrapped(const Napi::CallbackInfo& info) : Napi::ObjectWrap<T>(info) {
    if (!this->IsEmpty()) return;
    napi_add_env_cleanup_hook(
        info.Env(), [](void* self) { delete static_cast<Wrapped*>(self); }, this);
  }
};

}  // namespace dtls
