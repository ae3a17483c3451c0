#include <napi.h>
#include <openssl/crypto.h>
#include <openssl/opensslv.h>

#include "addon/addon_data.h"
#include "addon/arguments.h"
#include "addon/context.h"
#include "addon/listener.h"
#include "addon/session.h"
#include "addon/trust_store_handle.h"
#ifdef DTLS_UDP_SOCKET
#include "addon/udp_handle.h"
#endif
#include "tls/own_identity.h"
#include "tls/raw_public_key.h"

namespace dtls {

namespace {

Napi::Value Versions(const Napi::CallbackInfo& info) {
  Napi::Object versions = Napi::Object::New(info.Env());
  versions.Set("addon", DTLS_ADDON_VERSION);
  versions.Set("opensslBuilt", OPENSSL_FULL_VERSION_STR);
  versions.Set("opensslRuntime", OpenSSL_version(OPENSSL_FULL_VERSION_STRING));
  versions.Set("opensslMajorBuilt", OPENSSL_VERSION_MAJOR);
  versions.Set("opensslMajorRuntime", OPENSSL_version_major());
#ifdef DTLS_OPENSSL_STATIC
  versions.Set("openssl", "static");
#else
  versions.Set("openssl", "node");
#endif
  return versions;
}

Napi::Value ReadPfx(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  std::string passphrase = TextOf(info[1]);
  Pkcs12Contents contents;
  const Pkcs12Result result = ReadPkcs12(ViewOf(info[0]), passphrase, &contents);
  OPENSSL_cleanse(passphrase.data(), passphrase.size());
  if (result == Pkcs12Result::kWrongPassphrase) return Napi::String::New(env, "passphrase");
  if (result == Pkcs12Result::kUnreadable) return Napi::String::New(env, "unreadable");
  const Napi::Array certificates = Napi::Array::New(env);
  for (const std::string& der : contents.certificates) certificates.Set(certificates.Length(), CopyOf(env, der));
  const Napi::Object read = Napi::Object::New(env);
  read.Set("certificates", certificates);
  read.Set("key", Napi::Buffer<uint8_t>::Copy(env, contents.key.data(), contents.key.size()));
  return read;
}

Napi::Value RawPublicKeys(const Napi::CallbackInfo& info) { return Napi::Boolean::New(info.Env(), HasRawPublicKeys()); }

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  auto* data = new AddonData;
  env.SetInstanceData(data);
  const Napi::Function session = Session::Define(env);
  data->session_constructor = Napi::Persistent(session);
  exports.Set("versions", Napi::Function::New(env, Versions, "versions"));
  exports.Set("readPkcs12", Napi::Function::New(env, ReadPfx, "readPkcs12"));
  exports.Set("hasRawPublicKeys", Napi::Function::New(env, RawPublicKeys, "hasRawPublicKeys"));
  exports.Set("Context", Context::Define(env));
  exports.Set("TrustStore", TrustStoreHandle::Define(env));
  exports.Set("Session", session);
  exports.Set("receive", Napi::Function::New<Session::Receive>(env, "receive"));
  exports.Set("write", Napi::Function::New<Session::Write>(env, "write"));
  exports.Set("Listener", Listener::Define(env));
#ifdef DTLS_UDP_SOCKET
  exports.Set("UdpSocket", UdpHandle::Define(env));
#endif
  return exports;
}

}  // namespace

NODE_API_MODULE(dtls, Init)

}  // namespace dtls
