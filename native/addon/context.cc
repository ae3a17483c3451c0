#include "addon/context.h"

#include <utility>

#include "addon/arguments.h"

namespace dtls {

namespace {

constexpr napi_type_tag kContextTag = {0x6474'6c73'6173'736f, 0x636f'6e74'6578'7401};

SecretBytes SecretOf(const Napi::Value& value) {
  const Bytes bytes = BytesOf(value);
  return SecretBytes(bytes.data, bytes.size);
}

void ReadCredentials(const Napi::Object& options, PskCredentials* psk) {
  const Napi::Value client = options.Get("psk");
  if (client.IsObject()) {
    const Napi::Object object = client.As<Napi::Object>();
    psk->client = ClientPsk{BytesOf(object.Get("identity")).ToString(), SecretOf(object.Get("key"))};
  }
  const Napi::Value table = options.Get("pskTable");
  if (!table.IsArray()) return;
  const Napi::Array entries = table.As<Napi::Array>();
  for (uint32_t i = 0; i < entries.Length(); ++i) {
    const Napi::HandleScope scope(options.Env());
    const Napi::Array entry = entries.Get(i).As<Napi::Array>();
    psk->table.emplace(BytesOf(entry.Get(0u)).ToString(), SecretOf(entry.Get(1u)));
  }
}

}  // namespace

Napi::Function Context::Define(Napi::Env env) {
  return DefineClass(env, "Context", {InstanceMethod<&Context::CipherNames>("cipherNames")});
}

Context* Context::From(const Napi::Value& value) {
  if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&kContextTag)) return nullptr;
  return Unwrap(value.As<Napi::Object>());
}

Context::Context(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Context>(info) {
  const Napi::Object options = info[0].As<Napi::Object>();
  TlsContextOptions tls;
  tls.keylog = options.Get("keylog").ToBoolean();
  tls.ciphers = options.Get("ciphers").ToString().Utf8Value();
  tls.psk_identity_hint = BytesOf(options.Get("pskIdentityHint")).ToString();
  std::string error;
  tls_ = TlsContext::Create(tls, &error);
  if (tls_ == nullptr) {
    Throw(info.Env(), error.c_str());
    return;
  }
  ReadCredentials(options, &tls_->psk());
  info.This().As<Napi::Object>().TypeTag(&kContextTag);
}

Napi::Value Context::CipherNames(const Napi::CallbackInfo& info) {
  ErrorScope errors;
  const SslPointer ssl(SSL_new(tls_->ssl_ctx()));
  // Unlike the context's list, this one leaves out what the protocol version and the security level rule out.
  STACK_OF(SSL_CIPHER)* ciphers = ssl == nullptr ? nullptr : SSL_get1_supported_ciphers(ssl.get());
  const Napi::Array names = Napi::Array::New(info.Env());
  for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); ++i) {
    names.Set(static_cast<uint32_t>(i), SSL_CIPHER_get_name(sk_SSL_CIPHER_value(ciphers, i)));
  }
  sk_SSL_CIPHER_free(ciphers);
  return names;
}

}  // namespace dtls
