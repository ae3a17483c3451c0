#include "addon/session.h"

#include <utility>

#include "addon/arguments.h"
#include "addon/context.h"

namespace dtls {

namespace {

// What OpenSSL keeps for one idle connection, measured with 3.0; told to V8 so that its heap limits hold.
constexpr int64_t kConnectionMemory = 36 * 1024;

// There is no environment when the object could not be wrapped.
void AdjustExternalMemory(napi_env env, int64_t change) {
  int64_t total;
  napi_adjust_external_memory(env, change, &total);
}

}  // namespace

Napi::Function Session::Define(Napi::Env env) {
  auto members = Verbs();
  const auto details = Details();
  members.insert(members.end(), details.begin(), details.end());
  return DefineClass(env, "Session", members);
}

std::vector<Napi::ClassPropertyDescriptor<Session>> Session::Verbs() {
  return {InstanceMethod<&Session::KnowsIdentity>("knowsIdentity"),
          InstanceMethod<&Session::SetPsk>("setPsk"),
          InstanceMethod<&Session::UseContext>("useContext"),
          InstanceMethod<&Session::SelectAlpn>("selectAlpn"),
          InstanceMethod<&Session::Start>("start"),
          InstanceMethod<&Session::Handle>("handle"),
          InstanceMethod<&Session::Poll>("poll"),
          InstanceMethod<&Session::RecordsAhead>("recordsAhead"),
          InstanceMethod<&Session::UseVirtualTime>("useVirtualTime"),
          InstanceMethod<&Session::HandleTimeout>("handleTimeout"),
          InstanceMethod<&Session::Shutdown>("shutdown"),
          InstanceMethod<&Session::SetMtu>("setMtu"),
          InstanceMethod<&Session::TakeDatagram>("takeDatagram"),
          InstanceMethod<&Session::TimeoutMs>("timeoutMs"),
          InstanceMethod<&Session::GetProgress>("progress"),
          InstanceMethod<&Session::SetTrace>("setTrace"),
          InstanceMethod<&Session::TakeTrace>("takeTrace"),
          InstanceMethod<&Session::TakeKeylog>("takeKeylog"),
          InstanceMethod<&Session::IsDestroyed>("isDestroyed"),
          InstanceMethod<&Session::Destroy>("destroy")};
}

// new Session(context, options), or from Adopt() with an External instead of the context.
Session::Session(const Napi::CallbackInfo& info) : Wrapped(info) {
  if (info[0].IsExternal()) {
    auto* connection = info[0].As<Napi::External<std::unique_ptr<Connection>>>().Data();
    Attach(std::move(*connection));
    return;
  }
  const Context* context = Context::From(info[0]);
  if (context == nullptr) {
    Throw(info.Env(), "the first argument is no DTLS context");
    return;
  }
  // Servers get their sessions from a Listener.
  ConnectionOptions options = ClientOptionsOf(info[1]);
  Attach(Connection::Create(context->tls(), Role::kClient, options));
  // There is a master secret in it.
  OPENSSL_cleanse(options.session.data(), options.session.size());
  if (slot_->connection == nullptr) Throw(info.Env(), "OpenSSL could not make a session of these options");
}

// Runs as a finalizer too: frees, and touches no JavaScript.
Session::~Session() { Release(Env()); }

Napi::Value Session::Adopt(Napi::Env env, const Napi::Function& constructor, std::unique_ptr<Connection> connection) {
  return constructor.New({Napi::External<std::unique_ptr<Connection>>::New(env, &connection)});
}

void Session::Attach(std::unique_ptr<Connection> connection) {
  if (connection == nullptr) return;
  slot_->connection = std::move(connection);
  AdjustExternalMemory(Env(), kConnectionMemory);
}

void Session::Release(Napi::Env env) {
  if (slot_->connection == nullptr) return;
  slot_->connection.reset();
  AdjustExternalMemory(env, -kConnectionMemory);
}

Napi::Value Session::KnowsIdentity(const Napi::CallbackInfo& info) {
  const Call call(this, info);
  if (!call) return call.Undefined();
  return call.Boolean(call->KnowsIdentity(info[0].IsUndefined() ? call->PskIdentity() : BytesOf(info[0]).ToString()));
}

Napi::Value Session::SetPsk(const Napi::CallbackInfo& info) {
  const Call call(this, info);
  if (!call) return call.Undefined();
  const Bytes identity = BytesOf(info[0]);
  const Bytes key = BytesOf(info[1]);
  const bool fits =
      identity.size > 0 && identity.size <= kMaxIdentitySize && key.size > 0 && key.size <= kMaxKeySize;
  if (fits) call->SetPsk(ClientPsk{identity.ToString(), SecretBytes(key.data, key.size)});
  return fits ? call.Undefined() : Throw(info.Env(), "an identity has 1 to 128 bytes, a key 1 to 256");
}

Napi::Value Session::UseContext(const Napi::CallbackInfo& info) {
  const Call call(this, info);
  if (!call) return call.Undefined();
  const Context* context = Context::From(info[0]);
  if (context == nullptr) return Throw(info.Env(), "the argument is no DTLS context");
  const bool is_used = call->UseContext(context->tls(), ViewOf(info[1]), IsTrue(info[2]));
  return is_used ? call.Undefined() : Throw(info.Env(), "OpenSSL could not use the context of the name");
}

Napi::Value Session::SelectAlpn(const Napi::CallbackInfo& info) {
  const Call call(this, info);
  if (call) call->SelectAlpn(BytesOf(info[0]).ToString());
  return call.Undefined();
}

Napi::Value Session::Start(const Napi::CallbackInfo& info) {
  const Call call(this, info);
  return call ? call.Number(call->Start()) : call.Undefined();
}

Napi::Value Session::Handle(const Napi::CallbackInfo& info) {
  const Call call(this, info);
  if (!call) return call.Undefined();
  using Owner = std::shared_ptr<Slot>;
  const auto finalize = [](Napi::Env, Slot*, Owner* owner) { delete owner; };
  return Napi::External<Slot>::New(info.Env(), slot_.get(), finalize, new Owner(slot_));
}

Napi::Value Session::Receive(const Napi::CallbackInfo& info) {
  const Call call(info);
  if (!call) return call.Undefined();
  const Bytes datagram = RangeOf(info[1], info[2], info[3]);
  const Bytes into = RoomOf(info[4], info[5]);
  return call.Number(call->Receive(datagram.data, datagram.size, into.data, into.size));
}

Napi::Value Session::Write(const Napi::CallbackInfo& info) {
  const Call call(info);
  if (!call) return call.Undefined();
  const Bytes data = BytesOf(info[1]);
  const Bytes into = RoomOf(info[2], info[3]);
  const int32_t status = call->Write(data.data, data.size);
  return call.Number(status == kIdle ? static_cast<int32_t>(call->Take(into.data, into.size)) : status);
}

Napi::Value Session::Poll(const Napi::CallbackInfo& info) {
  const Call call(this, info);
  if (!call) return call.Undefined();
  const Bytes into = RoomOf(info[0], info[1]);
  return call.Number(call->Poll(into.data, into.size));
}

Napi::Value Session::RecordsAhead(const Napi::CallbackInfo& info) {
  const Call call(this, info);
  if (!call) return call.Undefined();
  const Bytes datagram = BytesOf(info[0]);
  // Exact: a number has 48 bits.
  return Napi::Number::New(info.Env(), static_cast<double>(call->RecordsAhead(datagram.data, datagram.size)));
}

Napi::Value Session::UseVirtualTime(const Napi::CallbackInfo& info) {
  const Call call(this, info);
  if (call) call->UseVirtualTime();
  return call.Undefined();
}

Napi::Value Session::HandleTimeout(const Napi::CallbackInfo& info) {
  const Call call(this, info);
  return call ? call.Number(call->HandleTimeout(DoubleOf(info[0]))) : call.Undefined();
}

Napi::Value Session::Shutdown(const Napi::CallbackInfo& info) {
  const Call call(this, info);
  return call ? call.Number(call->Shutdown()) : call.Undefined();
}

Napi::Value Session::SetMtu(const Napi::CallbackInfo& info) {
  const Call call(this, info);
  if (call) call->SetMtu(NumberOf(info[0]));
  return call.Undefined();
}

Napi::Value Session::TakeDatagram(const Napi::CallbackInfo& info) {
  const Call call(this, info);
  if (!call) return call.Undefined();
  const Bytes into = RoomOf(info[0], info[1]);
  return call.Number(static_cast<int32_t>(call->Take(into.data, into.size)));
}

Napi::Value Session::TimeoutMs(const Napi::CallbackInfo& info) {
  const Call call(this, info);
  return call ? call.Number(call->TimeoutMs(DoubleOf(info[0]))) : call.Undefined();
}

Napi::Value Session::GetProgress(const Napi::CallbackInfo& info) {
  const Call call(this, info);
  return call ? call.Number(call->progress()) : call.Undefined();
}

Napi::Value Session::TakeKeylog(const Napi::CallbackInfo& info) {
  const Call call(this, info);
  if (!call) return call.Undefined();
  std::string lines = call->TakeKeylog();
  const Napi::Value copy = Napi::Buffer<char>::Copy(info.Env(), lines.data(), lines.size());
  OPENSSL_cleanse(lines.data(), lines.size());
  return copy;
}

Napi::Value Session::SetTrace(const Napi::CallbackInfo& info) {
  const Call call(this, info);
  if (call) call->SetTrace(IsTrue(info[0]));
  return call.Undefined();
}

Napi::Value Session::TakeTrace(const Napi::CallbackInfo& info) {
  const Call call(this, info);
  return call ? call.Copy(call->TakeTrace()) : call.Undefined();
}

Napi::Value Session::IsDestroyed(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), slot_->connection == nullptr);
}

Napi::Value Session::Destroy(const Napi::CallbackInfo& info) {
  Release(info.Env());
  return info.Env().Undefined();
}

}  // namespace dtls
