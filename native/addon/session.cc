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

class Session::Call {
 public:
  Call(Session* session, const Napi::CallbackInfo& info)
      : session_(session), env_(info.Env()), connection_(session->connection_.get()) {
    if (session->running_ != nullptr) {
      connection_ = nullptr;
      Throw(env_, "a verb of a DTLS session was called from inside its own callback");
    } else if (connection_ == nullptr) {
      Throw(env_, "the DTLS session is destroyed");
    } else {
      session->running_ = info.This();
    }
  }

  ~Call() {
    if (connection_ == nullptr) return;
    session_->running_ = nullptr;
    if (session_->destroy_requested_) session_->Release(env_);
  }

  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  explicit operator bool() const { return connection_ != nullptr; }
  Connection* operator->() const { return connection_; }
  Napi::Value Undefined() const { return env_.Undefined(); }
  Napi::Value Number(int32_t value) const { return Int32(env_, value); }

 private:
  Session* const session_;
  const Napi::Env env_;
  Connection* connection_;
};

Napi::Function Session::Define(Napi::Env env) {
  return DefineClass(env, "Session",
                     {InstanceMethod<&Session::Start>("start"),
                      InstanceMethod<&Session::Receive>("receive"),
                      InstanceMethod<&Session::Poll>("poll"),
                      InstanceMethod<&Session::Write>("write"),
                      InstanceMethod<&Session::HandleTimeout>("handleTimeout"),
                      InstanceMethod<&Session::Shutdown>("shutdown"),
                      InstanceMethod<&Session::TakeDatagram>("takeDatagram"),
                      InstanceMethod<&Session::TimeoutMs>("timeoutMs"),
                      InstanceMethod<&Session::GetStage>("stage"),
                      InstanceMethod<&Session::MaxPayload>("maxPayload"),
                      InstanceMethod<&Session::Reason>("reason"),
                      InstanceMethod<&Session::AlertReceived>("alertReceived"),
                      InstanceMethod<&Session::AlertSent>("alertSent"),
                      InstanceMethod<&Session::TakePskRequested>("takePskRequested"),
                      InstanceMethod<&Session::PskIdentity>("pskIdentity"),
                      InstanceMethod<&Session::TakeThrown>("takeThrown"),
                      InstanceMethod<&Session::TakeKeylog>("takeKeylog"),
                      InstanceMethod<&Session::CipherName>("cipherName"),
                      InstanceMethod<&Session::CipherStandardName>("cipherStandardName"),
                      InstanceMethod<&Session::Protocol>("protocol"),
                      InstanceMethod<&Session::Destroy>("destroy")});
}

// new Session(context, options), or from Adopt() with an External instead of the context.
Session::Session(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Session>(info) {
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
  Attach(Connection::Create(context->tls(), Role::kClient, ConnectionOptionsOf(info[1])));
  if (connection_ == nullptr) Throw(info.Env(), "OpenSSL could not make a session: out of memory");
}

// Runs as a finalizer too: frees, and touches no JavaScript.
Session::~Session() { Release(Env()); }

Napi::Value Session::Adopt(Napi::Env env, const Napi::Function& constructor, std::unique_ptr<Connection> connection) {
  return constructor.New({Napi::External<std::unique_ptr<Connection>>::New(env, &connection)});
}

void Session::Attach(std::unique_ptr<Connection> connection) {
  if (connection == nullptr) return;
  connection_ = std::move(connection);
  connection_->psk_provider = this;
  AdjustExternalMemory(Env(), kConnectionMemory);
}

void Session::Release(Napi::Env env) {
  if (connection_ == nullptr) return;
  connection_.reset();
  AdjustExternalMemory(env, -kConnectionMemory);
}

Napi::Value Session::Start(const Napi::CallbackInfo& info) {
  const Call call(this, info);
  return call ? call.Number(call->Start()) : call.Undefined();
}

Napi::Value Session::Receive(const Napi::CallbackInfo& info) {
  const Call call(this, info);
  if (!call) return call.Undefined();
  const Bytes datagram = RangeOf(info[0], info[1], info[2]);
  const Bytes into = RoomOf(info[3], info[4]);
  return call.Number(call->Receive(datagram.data, datagram.size, into.data, into.size));
}

Napi::Value Session::Poll(const Napi::CallbackInfo& info) {
  const Call call(this, info);
  if (!call) return call.Undefined();
  const Bytes into = RoomOf(info[0], info[1]);
  return call.Number(call->Poll(into.data, into.size));
}

Napi::Value Session::Write(const Napi::CallbackInfo& info) {
  const Call call(this, info);
  if (!call) return call.Undefined();
  const Bytes data = BytesOf(info[0]);
  const Bytes into = RoomOf(info[1], info[2]);
  const int32_t status = call->Write(data.data, data.size);
  return call.Number(status == kIdle ? static_cast<int32_t>(call->Take(into.data, into.size)) : status);
}

Napi::Value Session::HandleTimeout(const Napi::CallbackInfo& info) {
  const Call call(this, info);
  return call ? call.Number(call->HandleTimeout()) : call.Undefined();
}

Napi::Value Session::Shutdown(const Napi::CallbackInfo& info) {
  const Call call(this, info);
  return call ? call.Number(call->Shutdown()) : call.Undefined();
}

Napi::Value Session::TakeDatagram(const Napi::CallbackInfo& info) {
  const Call call(this, info);
  if (!call) return call.Undefined();
  const Bytes into = RoomOf(info[0], info[1]);
  return call.Number(static_cast<int32_t>(call->Take(into.data, into.size)));
}

Napi::Value Session::TimeoutMs(const Napi::CallbackInfo& info) {
  const Call call(this, info);
  return call ? call.Number(call->TimeoutMs()) : call.Undefined();
}

Napi::Value Session::GetStage(const Napi::CallbackInfo& info) {
  const Call call(this, info);
  return call ? call.Number(static_cast<int32_t>(call->stage())) : call.Undefined();
}

Napi::Value Session::MaxPayload(const Napi::CallbackInfo& info) {
  const Call call(this, info);
  return call ? call.Number(static_cast<int32_t>(call->MaxPayload())) : call.Undefined();
}

Napi::Value Session::Reason(const Napi::CallbackInfo& info) {
  const Call call(this, info);
  return call ? Napi::String::New(info.Env(), call->reason()) : call.Undefined();
}

Napi::Value Session::AlertReceived(const Napi::CallbackInfo& info) {
  const Call call(this, info);
  return call ? call.Number(call->alert_received()) : call.Undefined();
}

Napi::Value Session::AlertSent(const Napi::CallbackInfo& info) {
  const Call call(this, info);
  return call ? call.Number(call->alert_sent()) : call.Undefined();
}

Napi::Value Session::TakePskRequested(const Napi::CallbackInfo& info) {
  const Call call(this, info);
  return call ? Napi::Boolean::New(info.Env(), call->TakePskRequested()) : call.Undefined();
}

Napi::Value Session::PskIdentity(const Napi::CallbackInfo& info) {
  const Call call(this, info);
  if (!call) return call.Undefined();
  const std::string& identity = call->psk_identity();
  return Napi::Buffer<char>::Copy(info.Env(), identity.data(), identity.size());
}

// No Call: what a callback threw must come out even if it destroyed the session.
Napi::Value Session::TakeThrown(const Napi::CallbackInfo& info) {
  if (thrown_.IsEmpty()) return info.Env().Undefined();
  const Napi::Value thrown = thrown_.Value();
  thrown_.Reset();
  return thrown;
}

Napi::Value Session::TakeKeylog(const Napi::CallbackInfo& info) {
  const Call call(this, info);
  if (!call) return call.Undefined();
  std::string lines = call->TakeKeylog();
  const Napi::Value copy = Napi::Buffer<char>::Copy(info.Env(), lines.data(), lines.size());
  OPENSSL_cleanse(lines.data(), lines.size());
  return copy;
}

Napi::Value Session::CipherName(const Napi::CallbackInfo& info) {
  const Call call(this, info);
  if (!call) return call.Undefined();
  const SSL_CIPHER* cipher = call->Cipher();
  return Napi::String::New(info.Env(), cipher == nullptr ? "" : SSL_CIPHER_get_name(cipher));
}

Napi::Value Session::CipherStandardName(const Napi::CallbackInfo& info) {
  const Call call(this, info);
  if (!call) return call.Undefined();
  const SSL_CIPHER* cipher = call->Cipher();
  return Napi::String::New(info.Env(), cipher == nullptr ? "" : SSL_CIPHER_standard_name(cipher));
}

Napi::Value Session::Protocol(const Napi::CallbackInfo& info) {
  const Call call(this, info);
  return call ? Napi::String::New(info.Env(), SSL_get_version(call->ssl())) : call.Undefined();
}

Napi::Value Session::Destroy(const Napi::CallbackInfo& info) {
  if (running_ != nullptr) {
    destroy_requested_ = true;
  } else {
    Release(info.Env());
  }
  return info.Env().Undefined();
}

bool Session::ClientCredentials(std::string_view hint, ClientPsk* out) {
  const Napi::HandleScope scope(Env());
  const Napi::Value answer = AskPsk(hint);
  if (answer.IsEmpty() || !answer.IsObject()) return false;
  // Both before either memory is looked at: a getter may run JavaScript.
  const Napi::Value identity_value = PropertyOf(answer, "identity");
  const Napi::Value key_value = PropertyOf(answer, "key");
  ParkException(Env());
  const Bytes identity = BytesOf(identity_value);
  const Bytes key = BytesOf(key_value);
  if (identity.size == 0 || identity.size > kMaxIdentitySize || key.size == 0 || key.size > kMaxKeySize) return false;
  *out = ClientPsk{identity.ToString(), SecretBytes(key.data, key.size)};
  return true;
}

bool Session::ServerKey(std::string_view identity, SecretBytes* out) {
  const Napi::HandleScope scope(Env());
  const Napi::Value answer = AskPsk(identity);
  if (answer.IsEmpty()) return false;
  const Bytes key = BytesOf(answer);
  if (key.size == 0 || key.size > kMaxKeySize) return false;
  *out = SecretBytes(key.data, key.size);
  return true;
}

// Raw napi_call_function: the callback may throw null or undefined, and no microtask may run inside OpenSSL's
// callback.
Napi::Value Session::AskPsk(std::string_view asked) {
  const Napi::Env env = Env();
  const Napi::Object self = Napi::Object(env, running_);
  // JavaScript may detach the datagram's memory: whatever OpenSSL has not read yet is copied first.
  connection_->channel().EndInput();
  const Napi::Value callback = PropertyOf(self, "onPsk");
  ParkException(env);
  if (!callback.IsFunction()) return Napi::Value();
  const napi_value argument = Napi::Buffer<char>::Copy(env, asked.data(), asked.size());
  napi_value answer = nullptr;
  if (napi_call_function(env, self, callback, 1, &argument, &answer) == napi_ok) return Napi::Value(env, answer);
  ParkException(env);
  return Napi::Value();
}

// OpenSSL must not be returned to with an exception pending; lib/ takes it when the verb has ended.
void Session::ParkException(Napi::Env env) {
  bool pending = false;
  napi_value value = nullptr;
  napi_is_exception_pending(env, &pending);
  // Without one, the environment is being torn down and cannot run JavaScript any more.
  if (!pending || napi_get_and_clear_last_exception(env, &value) != napi_ok) return;
  const Napi::Object parked = Napi::Object::New(env);
  if (napi_set_named_property(env, parked, "value", value) != napi_ok) return;
  thrown_ = Napi::Persistent(parked);
}

}  // namespace dtls
