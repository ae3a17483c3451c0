#include "addon/trust_store_handle.h"

#include "addon/arguments.h"
#include "tls/tls_context.h"

namespace dtls {

namespace {

constexpr napi_type_tag kTrustStoreTag = {0x6474'6c73'6173'736f, 0x7472'7573'7473'7401};

}  // namespace

Napi::Function TrustStoreHandle::Define(Napi::Env env) {
  return DefineClass(env, "TrustStore", {InstanceAccessor<&TrustStoreHandle::Size>("size")});
}

TrustStoreHandle* TrustStoreHandle::From(const Napi::Value& value) {
  if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&kTrustStoreTag)) return nullptr;
  return Unwrap(value.As<Napi::Object>());
}

TrustStoreHandle::TrustStoreHandle(const Napi::CallbackInfo& info) : Wrapped(info) {
  ErrorScope errors;
  for (uint32_t i = 0; i < LengthOf(info[0]); ++i) {
    const Napi::HandleScope scope(info.Env());
    if (store_.AddCertificate(ViewOf(ElementOf(info[0], i)))) continue;
    Throw(info.Env(), LastErrorReason().c_str());
    return;
  }
  for (uint32_t i = 0; i < LengthOf(info[1]); ++i) {
    const Napi::HandleScope scope(info.Env());
    if (store_.AddRevocationList(ViewOf(ElementOf(info[1], i)))) continue;
    Throw(info.Env(), LastErrorReason().c_str());
    return;
  }
  info.This().As<Napi::Object>().TypeTag(&kTrustStoreTag);
}

Napi::Value TrustStoreHandle::Size(const Napi::CallbackInfo& info) { return Int32(info.Env(), store_.size()); }

}  // namespace dtls
