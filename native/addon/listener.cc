#include "addon/listener.h"

#include <cstring>
#include <utility>
#include <vector>

#include "addon/addon_data.h"
#include "addon/arguments.h"
#include "addon/context.h"
#include "addon/session.h"

namespace dtls {

Napi::Function Listener::Define(Napi::Env env) {
  return DefineClass(env, "Listener",
                     {InstanceMethod<&Listener::SetCookieKeys>("setCookieKeys"),
                      InstanceMethod<&Listener::Accept>("accept"),
                      InstanceMethod<&Listener::TakeDatagram>("takeDatagram"),
                      InstanceMethod<&Listener::Promote>("promote"),
                      InstanceMethod<&Listener::Destroy>("destroy")});
}

Listener::Listener(const Napi::CallbackInfo& info) : Wrapped(info) {
  const Context* context = Context::From(info[0]);
  if (context == nullptr) {
    Throw(info.Env(), "the first argument is no DTLS context");
    return;
  }
  acceptor_ = std::make_unique<Acceptor>(context->tls(), ServerOptionsOf(info[1]));
}

Napi::Value Listener::SetCookieKeys(const Napi::CallbackInfo& info) {
  std::vector<CookieKey> keys;
  const auto array = info[0].As<Napi::Array>();
  for (uint32_t i = 0; i < array.Length(); ++i) {
    const Bytes key = BytesOf(array.Get(i));
    if (key.size != kCookieKeySize) return Throw(info.Env(), "a cookie key has 32 bytes");
    std::memcpy(keys.emplace_back().data(), key.data, key.size);
  }
  if (acceptor_ != nullptr) acceptor_->SetCookieKeys(keys);
  for (CookieKey& key : keys) OPENSSL_cleanse(key.data(), key.size());
  return info.Env().Undefined();
}

Napi::Value Listener::Accept(const Napi::CallbackInfo& info) {
  if (acceptor_ == nullptr) return Throw(info.Env(), "the DTLS listener is destroyed");
  const Bytes datagram = BytesOf(info[0]);
  const Bytes address = BytesOf(info[1]);
  const Acceptor::Result result = acceptor_->Accept(datagram.data, datagram.size, address.data, address.size);
  return Napi::Number::New(info.Env(), static_cast<int32_t>(result));
}

Napi::Value Listener::TakeDatagram(const Napi::CallbackInfo& info) {
  if (acceptor_ == nullptr) return Throw(info.Env(), "the DTLS listener is destroyed");
  const Bytes into = RoomOf(info[0], info[1]);
  return Napi::Number::New(info.Env(), static_cast<double>(acceptor_->Take(into.data, into.size)));
}

Napi::Value Listener::Promote(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  std::unique_ptr<Connection> connection = acceptor_ == nullptr ? nullptr : acceptor_->Promote();
  if (connection == nullptr) return Throw(env, "no verified DTLS connection waits");
  return Session::Adopt(env, env.GetInstanceData<AddonData>()->session_constructor.Value(), std::move(connection));
}

Napi::Value Listener::Destroy(const Napi::CallbackInfo& info) {
  acceptor_.reset();
  return info.Env().Undefined();
}

}  // namespace dtls
