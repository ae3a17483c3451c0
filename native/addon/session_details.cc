#include <openssl/evp.h>
#include <openssl/objects.h>

#include "addon/session.h"
#include "tls/own_identity.h"
#include "tls/raw_public_key.h"

namespace dtls {

namespace {

// What lib/ promises.
constexpr uint32_t kMaxKeyingMaterial = 65536;

using CopyFinished = size_t (*)(const SSL*, void*, size_t);

std::string FinishedOf(const SSL* ssl, CopyFinished copy) {
  char message[EVP_MAX_MD_SIZE];
  return std::string(message, copy(ssl, message, sizeof message));
}

std::string PublicKeyDer(const EVP_PKEY* key) {
  uint8_t* der = nullptr;
  const int size = key == nullptr ? 0 : i2d_PUBKEY(key, &der);
  if (size <= 0) return "";
  std::string copy(reinterpret_cast<const char*>(der), static_cast<size_t>(size));
  OPENSSL_free(der);
  return copy;
}

std::string GroupName(const EVP_PKEY* key) {
  const int type = EVP_PKEY_get_base_id(key);
  if (type == EVP_PKEY_X25519 || type == EVP_PKEY_X448) return OBJ_nid2sn(type);
  char name[64];
  size_t size = 0;
  return EVP_PKEY_get_group_name(key, name, sizeof name, &size) == 1 ? name : "";
}

}  // namespace

std::vector<Napi::ClassPropertyDescriptor<Session>> Session::Details() {
  return {InstanceMethod<&Session::MaxPayload>("maxPayload"),
          InstanceMethod<&Session::Reason>("reason"),
          InstanceMethod<&Session::AlertReceived>("alertReceived"),
          InstanceMethod<&Session::AlertSent>("alertSent"),
          InstanceMethod<&Session::PskIdentity>("pskIdentity"),
          InstanceMethod<&Session::CipherName>("cipherName"),
          InstanceMethod<&Session::CipherStandardName>("cipherStandardName"),
          InstanceMethod<&Session::Protocol>("protocol"),
          InstanceMethod<&Session::PeerCertificates>("peerCertificates"),
          InstanceMethod<&Session::PeerPublicKey>("peerPublicKey"),
          InstanceMethod<&Session::VerifyError>("verifyError"),
          InstanceMethod<&Session::OwnCertificate>("ownCertificate"),
          InstanceMethod<&Session::IsReused>("isReused"),
          InstanceMethod<&Session::SessionData>("sessionData"),
          InstanceMethod<&Session::SessionExpiryS>("sessionExpiryS"),
          InstanceMethod<&Session::AlpnProtocol>("alpnProtocol"),
          InstanceMethod<&Session::ServerName>("serverName"),
          InstanceMethod<&Session::SrtpProfile>("srtpProfile"),
          InstanceMethod<&Session::ExtendedMasterSecret>("extendedMasterSecret"),
          InstanceMethod<&Session::ExportKeyingMaterial>("exportKeyingMaterial"),
          InstanceMethod<&Session::Finished>("finished"),
          InstanceMethod<&Session::PeerFinished>("peerFinished"),
          InstanceMethod<&Session::EphemeralKey>("ephemeralKey")};
}

Napi::Value Session::MaxPayload(const Napi::CallbackInfo& info) {
  const Call call(this, info);
  return call ? call.Number(static_cast<int32_t>(call->MaxPayload(NumberOf(info[0])))) : call.Undefined();
}

Napi::Value Session::Reason(const Napi::CallbackInfo& info) {
  const Call call(this, info);
  return call ? call.Text(call->reason().c_str()) : call.Undefined();
}

Napi::Value Session::AlertReceived(const Napi::CallbackInfo& info) {
  const Call call(this, info);
  return call ? call.Number(call->alert_received()) : call.Undefined();
}

Napi::Value Session::AlertSent(const Napi::CallbackInfo& info) {
  const Call call(this, info);
  return call ? call.Number(call->alert_sent()) : call.Undefined();
}

Napi::Value Session::CipherName(const Napi::CallbackInfo& info) {
  const Call call(this, info);
  if (!call) return call.Undefined();
  const SSL_CIPHER* cipher = call->Cipher();
  return call.Text(cipher == nullptr ? "" : SSL_CIPHER_get_name(cipher));
}

Napi::Value Session::CipherStandardName(const Napi::CallbackInfo& info) {
  const Call call(this, info);
  if (!call) return call.Undefined();
  const SSL_CIPHER* cipher = call->Cipher();
  return call.Text(cipher == nullptr ? "" : SSL_CIPHER_standard_name(cipher));
}

Napi::Value Session::Protocol(const Napi::CallbackInfo& info) {
  const Call call(this, info);
  return call ? call.Text(SSL_get_version(call.ssl())) : call.Undefined();
}

Napi::Value Session::PskIdentity(const Napi::CallbackInfo& info) {
  const Call call(this, info);
  if (!call) return call.Undefined();
  const std::string identity = call->PskIdentity();
  return Napi::String::New(info.Env(), identity);
}

Napi::Value Session::PeerCertificates(const Napi::CallbackInfo& info) {
  const Call call(this, info);
  if (!call) return call.Undefined();
  const Napi::Array certificates = Napi::Array::New(info.Env());
  const X509* leaf = SSL_get0_peer_certificate(call.ssl());
  if (leaf == nullptr) return certificates;
  uint32_t count = 0;
  certificates.Set(count++, call.Copy(DerOf(leaf)));
  const STACK_OF(X509)* issuers = SSL_get0_verified_chain(call.ssl());
  // With it the leaf is first. What a client sent is without its leaf; a resumed session has neither.
  int first = 1;
  if (issuers == nullptr || SSL_get_verify_result(call.ssl()) != X509_V_OK) {
    issuers = SSL_get_peer_cert_chain(call.ssl());
    first = SSL_is_server(call.ssl()) == 1 ? 0 : 1;
  }
  for (int i = first; i < sk_X509_num(issuers); ++i) {
    certificates.Set(count++, call.Copy(DerOf(sk_X509_value(issuers, i))));
  }
  return certificates;
}

Napi::Value Session::PeerPublicKey(const Napi::CallbackInfo& info) {
  const Call call(this, info);
  return call ? call.Copy(PublicKeyDer(PeerRawPublicKey(call.ssl()))) : call.Undefined();
}

Napi::Value Session::VerifyError(const Napi::CallbackInfo& info) {
  const Call call(this, info);
  return call ? call.Number(static_cast<int32_t>(SSL_get_verify_result(call.ssl()))) : call.Undefined();
}

Napi::Value Session::OwnCertificate(const Napi::CallbackInfo& info) {
  const Call call(this, info);
  return call ? call.Copy(DerOf(SSL_get_certificate(call.ssl()))) : call.Undefined();
}

Napi::Value Session::IsReused(const Napi::CallbackInfo& info) {
  const Call call(this, info);
  return call ? call.Boolean(SSL_session_reused(call.ssl()) == 1) : call.Undefined();
}

Napi::Value Session::SessionData(const Napi::CallbackInfo& info) {
  const Call call(this, info);
  if (!call) return call.Undefined();
  ErrorScope errors;
  SSL_SESSION* session = SSL_get0_session(call.ssl());
  uint8_t* der = nullptr;
  const bool is_resumable = session != nullptr && SSL_SESSION_is_resumable(session) == 1;
  const int size = is_resumable ? i2d_SSL_SESSION(session, &der) : 0;
  if (size <= 0) return call.Copy("");
  const Napi::Value copy = Napi::Buffer<uint8_t>::Copy(info.Env(), der, static_cast<size_t>(size));
  OPENSSL_clear_free(der, static_cast<size_t>(size));
  return copy;
}

Napi::Value Session::SessionExpiryS(const Napi::CallbackInfo& info) {
  const Call call(this, info);
  if (!call) return call.Undefined();
  const SSL_SESSION* session = SSL_get0_session(call.ssl());
  if (session == nullptr) return call.Number(0);
  // A ticket's server may say how long it keeps to it; 0: it does not say.
  const unsigned long hint = SSL_SESSION_get_ticket_lifetime_hint(session);
  const long lifetime = hint > 0 ? static_cast<long>(hint) : SSL_SESSION_get_timeout(session);
  return Napi::Number::New(info.Env(), static_cast<double>(SSL_SESSION_get_time(session)) + lifetime);
}

Napi::Value Session::AlpnProtocol(const Napi::CallbackInfo& info) {
  const Call call(this, info);
  if (!call) return call.Undefined();
  const unsigned char* protocol = nullptr;
  unsigned int size = 0;
  SSL_get0_alpn_selected(call.ssl(), &protocol, &size);
  return Napi::String::New(info.Env(), reinterpret_cast<const char*>(protocol), size);
}

Napi::Value Session::ServerName(const Napi::CallbackInfo& info) {
  const Call call(this, info);
  return call ? call.Text(SSL_get_servername(call.ssl(), TLSEXT_NAMETYPE_host_name)) : call.Undefined();
}

Napi::Value Session::SrtpProfile(const Napi::CallbackInfo& info) {
  const Call call(this, info);
  if (!call) return call.Undefined();
  const SRTP_PROTECTION_PROFILE* profile = SSL_get_selected_srtp_profile(call.ssl());
  return call.Text(profile == nullptr ? "" : profile->name);
}

Napi::Value Session::ExtendedMasterSecret(const Napi::CallbackInfo& info) {
  const Call call(this, info);
  return call ? call.Boolean(SSL_get_extms_support(call.ssl()) == 1) : call.Undefined();
}

Napi::Value Session::ExportKeyingMaterial(const Napi::CallbackInfo& info) {
  const Call call(this, info);
  if (!call) return call.Undefined();
  ErrorScope errors;
  const uint32_t length = NumberOf(info[0]);
  if (length > kMaxKeyingMaterial || SSL_is_init_finished(call.ssl()) == 0) return call.Undefined();
  std::string material(length, '\0');
  const std::string label = TextOf(info[1]);
  const bool has_context = info[2].IsTypedArray();
  const Bytes context = BytesOf(info[2]);
  const int result = SSL_export_keying_material(call.ssl(), reinterpret_cast<uint8_t*>(material.data()),
                                                material.size(), label.data(), label.size(), context.data,
                                                context.size, has_context ? 1 : 0);
  const Napi::Value copy = result == 1 ? call.Copy(material) : call.Undefined();
  OPENSSL_cleanse(material.data(), material.size());
  return copy;
}

Napi::Value Session::Finished(const Napi::CallbackInfo& info) {
  const Call call(this, info);
  return call ? call.Copy(FinishedOf(call.ssl(), SSL_get_finished)) : call.Undefined();
}

Napi::Value Session::PeerFinished(const Napi::CallbackInfo& info) {
  const Call call(this, info);
  return call ? call.Copy(FinishedOf(call.ssl(), SSL_get_peer_finished)) : call.Undefined();
}

Napi::Value Session::EphemeralKey(const Napi::CallbackInfo& info) {
  const Call call(this, info);
  if (!call) return call.Undefined();
  ErrorScope errors;
  EVP_PKEY* raw = nullptr;
  if (SSL_is_server(call.ssl()) == 1 || SSL_get_peer_tmp_key(call.ssl(), &raw) != 1) return call.Undefined();
  const KeyPointer key(raw);
  const Napi::Object description = Napi::Object::New(info.Env());
  const bool is_dh = EVP_PKEY_get_base_id(key.get()) == EVP_PKEY_DH;
  description.Set("type", is_dh ? "DH" : "ECDH");
  if (!is_dh) description.Set("name", GroupName(key.get()));
  description.Set("size", EVP_PKEY_get_bits(key.get()));
  return description;
}

}  // namespace dtls
