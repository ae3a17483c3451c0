#pragma once

#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "tls/connection.h"

namespace dtls {

// A view of a Uint8Array's memory, valid until JavaScript runs again. Empty when the value is none: lib/
// validates, this only keeps a mistake there from reading wild memory.
struct Bytes {
  uint8_t* data = nullptr;
  size_t size = 0;

  std::string ToString() const { return std::string(reinterpret_cast<const char*>(data), size); }
};

inline Bytes BytesOf(const Napi::Value& value) {
  if (!value.IsTypedArray()) return {};
  void* data = nullptr;
  size_t size = 0;
  napi_typedarray_type type;
  if (napi_get_typedarray_info(value.Env(), value, &type, &size, &data, nullptr, nullptr) != napi_ok) return {};
  if (type != napi_uint8_array) return {};
  return {static_cast<uint8_t*>(data), size};
}

// The room from `offset` to the end of a Uint8Array.
inline Bytes RoomOf(const Napi::Value& value, const Napi::Value& offset) {
  const Bytes bytes = BytesOf(value);
  const size_t skip = offset.IsNumber() ? offset.As<Napi::Number>().Uint32Value() : 0;
  if (skip >= bytes.size) return {};
  return {bytes.data + skip, bytes.size - skip};
}

inline ConnectionOptions ConnectionOptionsOf(const Napi::Value& value) {
  ConnectionOptions options;
  const Napi::Object object = value.As<Napi::Object>();
  options.mtu = object.Get("mtu").As<Napi::Number>().Uint32Value();
  options.initial_timeout_ms = object.Get("initialTimeoutMs").As<Napi::Number>().Uint32Value();
  options.max_timeout_ms = object.Get("maxTimeoutMs").As<Napi::Number>().Uint32Value();
  return options;
}

inline Napi::Value Throw(Napi::Env env, const char* message) {
  Napi::Error::New(env, message).ThrowAsJavaScriptException();
  return env.Undefined();
}

}  // namespace dtls
