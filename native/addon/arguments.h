#pragma once

#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tls/connection.h"

namespace dtls {

// What follows asks Node-API for the value at once, without asking for its type first: the answer to a wrong type is an
// error that is ignored here, and each question costs a crossing. lib/ validates; this only keeps a mistake there from
// reading wild memory.

// A view of a Uint8Array's memory, valid until JavaScript runs again. Empty when the value is none.
struct Bytes {
  uint8_t* data = nullptr;
  size_t size = 0;

  std::string ToString() const { return std::string(reinterpret_cast<const char*>(data), size); }
};

// The memory of a typed array of one kind, and how many elements it has; nullptr and 0 when the value is none.
inline void* MemoryOf(const Napi::Value& value, napi_typedarray_type wanted, size_t* size) {
  void* data = nullptr;
  napi_typedarray_type type;
  const napi_status status = napi_get_typedarray_info(value.Env(), value, &type, size, &data, nullptr, nullptr);
  if (status == napi_ok && type == wanted) return data;
  *size = 0;
  return nullptr;
}

inline Bytes BytesOf(const Napi::Value& value) {
  Bytes bytes;
  bytes.data = static_cast<uint8_t*>(MemoryOf(value, napi_uint8_array, &bytes.size));
  return bytes;
}

// As Bytes, of an Int32Array; `size` counts its elements.
struct Int32s {
  int32_t* data = nullptr;
  size_t size = 0;
};

inline Int32s Int32sOf(const Napi::Value& value) {
  Int32s numbers;
  numbers.data = static_cast<int32_t*>(MemoryOf(value, napi_int32_array, &numbers.size));
  return numbers;
}

inline uint32_t NumberOf(const Napi::Value& value) {
  uint32_t number = 0;
  napi_get_value_uint32(value.Env(), value, &number);
  return number;
}

inline double DoubleOf(const Napi::Value& value) {
  double number = 0;
  napi_get_value_double(value.Env(), value, &number);
  return number;
}

// The room from `offset` to the end of a Uint8Array.
inline Bytes RoomOf(const Napi::Value& value, const Napi::Value& offset) {
  const Bytes bytes = BytesOf(value);
  const size_t skip = NumberOf(offset);
  if (skip >= bytes.size) return {};
  return {bytes.data + skip, bytes.size - skip};
}

// The `length` bytes from `offset` on; empty when the Uint8Array has not so many.
inline Bytes RangeOf(const Napi::Value& value, const Napi::Value& offset, const Napi::Value& length) {
  const Bytes room = RoomOf(value, offset);
  const size_t size = NumberOf(length);
  if (size > room.size) return {};
  return {room.data, size};
}

// Empty when the value is no object, or when its getter throws: then the exception is pending. Node-API itself,
// because node-addon-api ends the process when it is given an empty value.
inline Napi::Value PropertyOf(const Napi::Value& object, const char* name) {
  napi_value value = nullptr;
  if (object.IsEmpty() || napi_get_named_property(object.Env(), object, name, &value) != napi_ok) return Napi::Value();
  return Napi::Value(object.Env(), value);
}

inline Napi::Value ElementOf(const Napi::Value& array, uint32_t index) {
  napi_value value = nullptr;
  if (array.IsEmpty() || napi_get_element(array.Env(), array, index, &value) != napi_ok) return Napi::Value();
  return Napi::Value(array.Env(), value);
}

// 0 when the value is no array.
inline uint32_t LengthOf(const Napi::Value& array) {
  uint32_t length = 0;
  if (!array.IsEmpty()) napi_get_array_length(array.Env(), array, &length);
  return length;
}

inline ByteView ViewOf(const Napi::Value& value) {
  if (value.IsEmpty()) return {};
  const Bytes bytes = BytesOf(value);
  return {bytes.data, bytes.size};
}

inline std::vector<ByteView> ViewsOf(const Napi::Value& array) {
  std::vector<ByteView> views;
  for (uint32_t i = 0; i < LengthOf(array); ++i) views.push_back(ViewOf(ElementOf(array, i)));
  return views;
}

inline std::string TextOf(const Napi::Value& value) {
  return value.IsString() ? value.As<Napi::String>().Utf8Value() : std::string();
}

inline bool IsTrue(const Napi::Value& value) { return value.IsBoolean() && value.As<Napi::Boolean>().Value(); }

inline bool IsFalse(const Napi::Value& value) { return value.IsBoolean() && !value.As<Napi::Boolean>().Value(); }

// Of both roles.
inline ConnectionOptions ConnectionOptionsOf(const Napi::Value& value) {
  ConnectionOptions options;
  options.mtu = NumberOf(PropertyOf(value, "mtu"));
  options.initial_timeout_ms = NumberOf(PropertyOf(value, "initialTimeoutMs"));
  options.max_timeout_ms = NumberOf(PropertyOf(value, "maxTimeoutMs"));
  options.require_trust = !IsFalse(PropertyOf(value, "requireTrust"));
  options.srtp_profiles = TextOf(PropertyOf(value, "srtpProfiles"));
  return options;
}

inline ConnectionOptions ClientOptionsOf(const Napi::Value& value) {
  ConnectionOptions options = ConnectionOptionsOf(value);
  options.server_name = TextOf(PropertyOf(value, "serverName"));
  options.alpn_protocols = BytesOf(PropertyOf(value, "alpnProtocols")).ToString();
  options.session = BytesOf(PropertyOf(value, "session")).ToString();
  return options;
}

inline ConnectionOptions ServerOptionsOf(const Napi::Value& value) {
  ConnectionOptions options = ConnectionOptionsOf(value);
  options.request_certificate = IsTrue(PropertyOf(value, "requestCert"));
  options.require_certificate = IsTrue(PropertyOf(value, "requireCert"));
  options.tickets = IsTrue(PropertyOf(value, "tickets"));
  options.session_id_context = BytesOf(PropertyOf(value, "sessionIdContext")).ToString();
  return options;
}

inline Napi::Value CopyOf(Napi::Env env, const std::string& bytes) {
  return Napi::Buffer<char>::Copy(env, bytes.data(), bytes.size());
}

// Napi::Number makes a double of each, which costs more.
inline Napi::Value Int32(Napi::Env env, int32_t number) {
  napi_value value = nullptr;
  napi_create_int32(env, number, &value);
  return Napi::Value(env, value);
}

// An exception that is pending already wins.
inline Napi::Value Throw(Napi::Env env, const char* message) {
  napi_throw_error(env, nullptr, message);
  return env.Undefined();
}

}  // namespace dtls
