#include "addon/context.h"

#include <utility>
#include <vector>

#include "addon/arguments.h"
#include "addon/trust_store_handle.h"
#include "tls/own_identity.h"
#include "tls/raw_public_key.h"

namespace dtls {

namespace {

constexpr napi_type_tag kContextTag = {0x6474'6c73'6173'736f, 0x636f'6e74'6578'7401};

SecretBytes SecretOf(const Napi::Value& value) {
  const Bytes bytes = BytesOf(value);
  return SecretBytes(bytes.data, bytes.size);
}

TlsContextOptions OptionsOf(const Napi::Value& options) {
  TlsContextOptions tls;
  tls.ciphers = TextOf(PropertyOf(options, "ciphers"));
  tls.min_version = static_cast<int>(NumberOf(PropertyOf(options, "minVersion")));
  tls.max_version = static_cast<int>(NumberOf(PropertyOf(options, "maxVersion")));
  tls.groups = TextOf(PropertyOf(options, "groups"));
  tls.signature_algorithms = TextOf(PropertyOf(options, "signatureAlgorithms"));
  tls.keylog = IsTrue(PropertyOf(options, "keylog"));
  tls.session_timeout_s = NumberOf(PropertyOf(options, "sessionTimeoutS"));
  tls.max_fragment_length = NumberOf(PropertyOf(options, "maxFragmentLength"));
  tls.eddsa_server = {TextOf(PropertyOf(options, "eddsaSignatureAlgorithms")),
                      TextOf(PropertyOf(options, "peerSignatureAlgorithms"))};
  tls.psk_identity_hint = BytesOf(PropertyOf(options, "pskIdentityHint")).ToString();
  return tls;
}

void ReadPsk(const Napi::Value& options, PskCredentials* psk) {
  const Napi::Value client = PropertyOf(options, "psk");
  if (client.IsObject()) {
    psk->client =
        ClientPsk{BytesOf(PropertyOf(client, "identity")).ToString(), SecretOf(PropertyOf(client, "key"))};
  }
  const Napi::Value table = PropertyOf(options, "pskTable");
  for (uint32_t i = 0; i < LengthOf(table); ++i) {
    const Napi::HandleScope scope(options.Env());
    const Napi::Value entry = ElementOf(table, i);
    psk->table.emplace(BytesOf(ElementOf(entry, 0)).ToString(), SecretOf(ElementOf(entry, 1)));
  }
}

bool UseIdentities(SSL_CTX* ctx, const Napi::Value& identities) {
  for (uint32_t i = 0; i < LengthOf(identities); ++i) {
    const Napi::Value identity = ElementOf(identities, i);
    // Every value before any memory is looked at: a getter may run JavaScript.
    const Napi::Value key = PropertyOf(identity, "key");
    const std::vector<ByteView> certificates = ViewsOf(PropertyOf(identity, "certificates"));
    if (!UseIdentity(ctx, certificates, ViewOf(key))) return false;
  }
  return true;
}

bool UseRawKeys(SSL_CTX* ctx, const Napi::Value& options) {
  if (!IsTrue(PropertyOf(options, "rawPublicKeys"))) return true;
  const ByteView own = ViewOf(PropertyOf(options, "rawPrivateKey"));
  const KeyPointer key = own.size == 0 ? nullptr : ReadPrivateKey(own);
  return (own.size == 0 || key != nullptr) && UseRawPublicKey(ctx, key.get());
}

}  // namespace

Napi::Function Context::Define(Napi::Env env) {
  return DefineClass(env, "Context",
                     {InstanceMethod<&Context::Suites>("suites"),
                      InstanceMethod<&Context::SetTrust>("setTrust"),
                      InstanceMethod<&Context::SetTicketKeys>("setTicketKeys")});
}

Context* Context::From(const Napi::Value& value) {
  if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&kContextTag)) return nullptr;
  return Unwrap(value.As<Napi::Object>());
}

Context::Context(const Napi::CallbackInfo& info) : Wrapped(info) {
  const Napi::Value options = info[0];
  TlsContextError error;
  tls_ = TlsContext::Create(OptionsOf(options), &error);
  if (tls_ == nullptr) {
    napi_throw_error(info.Env(), error.option, error.reason.c_str());
    return;
  }
  ErrorScope errors;
  if (const char* refused = ReadCredentials(options)) {
    tls_.reset();
    napi_throw_error(info.Env(), refused, LastErrorReason().c_str());
    return;
  }
  info.This().As<Napi::Object>().TypeTag(&kContextTag);
}

const char* Context::ReadCredentials(const Napi::Value& options) {
  SSL_CTX* ctx = tls_->ssl_ctx();
  ReadPsk(options, &tls_->psk());
  if (!UseIdentities(ctx, PropertyOf(options, "identities"))) return "identities";
  if (!tls_->eddsa_server().AddStandIn(ctx)) return "eddsaSignatureAlgorithms";
  if (!UseRawKeys(ctx, options)) return "rawPublicKeys";
  return nullptr;
}

Napi::Value Context::Suites(const Napi::CallbackInfo& info) {
  ErrorScope errors;
  const Napi::Env env = info.Env();
  const SslPointer ssl(SSL_new(tls_->ssl_ctx()));
  // Unlike the context's list, this one leaves out what the protocol version and the security level rule out.
  STACK_OF(SSL_CIPHER)* ciphers = ssl == nullptr ? nullptr : SSL_get1_supported_ciphers(ssl.get());
  const Napi::Array names = Napi::Array::New(env);
  const Napi::Array ids = Napi::Array::New(env);
  for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); ++i) {
    const SSL_CIPHER* cipher = sk_SSL_CIPHER_value(ciphers, i);
    names.Set(static_cast<uint32_t>(i), SSL_CIPHER_get_name(cipher));
    ids.Set(static_cast<uint32_t>(i), SSL_CIPHER_get_protocol_id(cipher));
  }
  sk_SSL_CIPHER_free(ciphers);
  const Napi::Object suites = Napi::Object::New(env);
  suites.Set("names", names);
  suites.Set("ids", ids);
  return suites;
}

Napi::Value Context::SetTrust(const Napi::CallbackInfo& info) {
  ErrorScope errors;
  const TrustStoreHandle* trust = TrustStoreHandle::From(info[0]);
  if (trust == nullptr) return Throw(info.Env(), "the first argument is no trust store");
  if (!trust->store().UseIn(tls_->ssl_ctx(), IsTrue(info[1]))) return Throw(info.Env(), LastErrorReason().c_str());
  return info.Env().Undefined();
}

Napi::Value Context::SetTicketKeys(const Napi::CallbackInfo& info) {
  const std::vector<ByteView> keys = ViewsOf(info[0]);
  for (const ByteView& key : keys) {
    if (key.size != kTicketKeySize) return Throw(info.Env(), "a ticket key has 48 bytes");
  }
  tls_->ticket_keys().Set(keys);
  return info.Env().Undefined();
}

}  // namespace dtls
