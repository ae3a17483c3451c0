#include <napi.h>
#include <openssl/crypto.h>
#include <openssl/opensslv.h>

#include "addon/addon_data.h"
#include "addon/context.h"
#include "addon/listener.h"
#include "addon/session.h"
#ifdef DTLS_UDP_SOCKET
#include "addon/udp_handle.h"
#endif

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

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  auto* data = new AddonData;
  env.SetInstanceData(data);
  const Napi::Function session = Session::Define(env);
  data->session_constructor = Napi::Persistent(session);
  exports.Set("versions", Napi::Function::New(env, Versions, "versions"));
  exports.Set("Context", Context::Define(env));
  exports.Set("Session", session);
  exports.Set("Listener", Listener::Define(env));
#ifdef DTLS_UDP_SOCKET
  exports.Set("UdpSocket", UdpHandle::Define(env));
#endif
  return exports;
}

}  // namespace

NODE_API_MODULE(dtls, Init)

}  // namespace dtls
