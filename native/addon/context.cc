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

void ReadCredentials(const Napi::Value& options, PskCredentials* psk) {
  const Napi::Value client = PropertyOf(options, "psk");
  if (client.IsObject()) {
    psk->client =
        ClientPsk{BytesOf(PropertyOf(client, "identity")).ToString(), SecretOf(PropertyOf(client, "key"))};
  }
  const Napi::Value table = PropertyOf(options, "pskTable");
  if (!table.IsArray()) return;
  const uint32_t length = table.As<Napi::Array>().Length();
  for (uint32_t i = 0; i < length; ++i) {
    const Napi::HandleScope scope(options.Env());
    const Napi::Value entry = ElementOf(table, i);
    psk->table.emplace(BytesOf(ElementOf(entry, 0)).ToString(), SecretOf(ElementOf(entry, 1)));
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
  const Napi::Value options = info[0];
  TlsContextOptions tls;
  tls.keylog = IsTrue(PropertyOf(options, "keylog"));
  tls.ciphers = TextOf(PropertyOf(options, "ciphers"));
  tls.psk_identity_hint = BytesOf(PropertyOf(options, "pskIdentityHint")).ToString();
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
