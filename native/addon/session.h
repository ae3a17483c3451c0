#pragma once

#include <napi.h>

#include <memory>
#include <string>
#include <vector>

#include "addon/arguments.h"
#include "addon/wrapped.h"
#include "tls/connection.h"

namespace dtls {

// binding.d.ts Session: the N-API face of a Connection. What moves the connection on is in session.cc, what tells of it
// in session_details.cc. No JavaScript runs inside a verb.
//
// Node-API finds the native half of an object by a private property, which takes as long as a short message takes
// OpenSSL. So the two verbs that move messages are functions of a handle, which Node-API takes as it is.
class Session : public Wrapped<Session> {
 public:
  static Napi::Function Define(Napi::Env env);
  // Wraps a connection that a Listener verified.
  static Napi::Value Adopt(Napi::Env env, const Napi::Function& constructor, std::unique_ptr<Connection> connection);
  static Napi::Value Receive(const Napi::CallbackInfo& info);
  static Napi::Value Write(const Napi::CallbackInfo& info);

  explicit Session(const Napi::CallbackInfo& info);
  ~Session() override;

 private:
  // What a handle leads to. It may outlive the session, and the connection is gone then.
  struct Slot {
    std::unique_ptr<Connection> connection;
  };
  // The connection of one call; throws when there is none any more.
  class Call;

  static std::vector<Napi::ClassPropertyDescriptor<Session>> Verbs();
  static std::vector<Napi::ClassPropertyDescriptor<Session>> Details();

  Napi::Value KnowsIdentity(const Napi::CallbackInfo& info);
  Napi::Value SetPsk(const Napi::CallbackInfo& info);
  Napi::Value UseContext(const Napi::CallbackInfo& info);
  Napi::Value SelectAlpn(const Napi::CallbackInfo& info);
  Napi::Value Start(const Napi::CallbackInfo& info);
  Napi::Value Handle(const Napi::CallbackInfo& info);
  Napi::Value Poll(const Napi::CallbackInfo& info);
  Napi::Value RecordsAhead(const Napi::CallbackInfo& info);
  Napi::Value UseVirtualTime(const Napi::CallbackInfo& info);
  Napi::Value HandleTimeout(const Napi::CallbackInfo& info);
  Napi::Value Shutdown(const Napi::CallbackInfo& info);
  Napi::Value TakeDatagram(const Napi::CallbackInfo& info);
  Napi::Value TimeoutMs(const Napi::CallbackInfo& info);
  Napi::Value GetProgress(const Napi::CallbackInfo& info);
  Napi::Value SetMtu(const Napi::CallbackInfo& info);
  Napi::Value MaxPayload(const Napi::CallbackInfo& info);
  Napi::Value Reason(const Napi::CallbackInfo& info);
  Napi::Value AlertReceived(const Napi::CallbackInfo& info);
  Napi::Value AlertSent(const Napi::CallbackInfo& info);
  Napi::Value PskIdentity(const Napi::CallbackInfo& info);
  Napi::Value TakeKeylog(const Napi::CallbackInfo& info);
  Napi::Value CipherName(const Napi::CallbackInfo& info);
  Napi::Value CipherStandardName(const Napi::CallbackInfo& info);
  Napi::Value Protocol(const Napi::CallbackInfo& info);
  Napi::Value PeerCertificates(const Napi::CallbackInfo& info);
  Napi::Value PeerPublicKey(const Napi::CallbackInfo& info);
  Napi::Value VerifyError(const Napi::CallbackInfo& info);
  Napi::Value OwnCertificate(const Napi::CallbackInfo& info);
  Napi::Value IsReused(const Napi::CallbackInfo& info);
  Napi::Value SessionData(const Napi::CallbackInfo& info);
  Napi::Value SessionExpiryS(const Napi::CallbackInfo& info);
  Napi::Value AlpnProtocol(const Napi::CallbackInfo& info);
  Napi::Value ServerName(const Napi::CallbackInfo& info);
  Napi::Value SrtpProfile(const Napi::CallbackInfo& info);
  Napi::Value ExtendedMasterSecret(const Napi::CallbackInfo& info);
  Napi::Value ExportKeyingMaterial(const Napi::CallbackInfo& info);
  Napi::Value Finished(const Napi::CallbackInfo& info);
  Napi::Value PeerFinished(const Napi::CallbackInfo& info);
  Napi::Value EphemeralKey(const Napi::CallbackInfo& info);
  Napi::Value SetTrace(const Napi::CallbackInfo& info);
  Napi::Value TakeTrace(const Napi::CallbackInfo& info);
  Napi::Value IsDestroyed(const Napi::CallbackInfo& info);
  Napi::Value Destroy(const Napi::CallbackInfo& info);

  void Attach(std::unique_ptr<Connection> connection);
  void Release(Napi::Env env);

  const std::shared_ptr<Slot> slot_ = std::make_shared<Slot>();
};

class Session::Call {
 public:
  Call(const Session* session, const Napi::CallbackInfo& info) : Call(session->slot_.get(), info) {}
  // The first argument is a handle.
  explicit Call(const Napi::CallbackInfo& info) : Call(SlotOf(info[0]), info) {}
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  explicit operator bool() const { return connection_ != nullptr; }
  Connection* operator->() const { return connection_; }
  SSL* ssl() const { return connection_->ssl(); }
  Napi::Value Undefined() const { return env_.Undefined(); }
  Napi::Value Number(int32_t value) const { return Int32(env_, value); }
  Napi::Value Boolean(bool value) const { return Napi::Boolean::New(env_, value); }
  Napi::Value Text(const char* text) const { return Napi::String::New(env_, text == nullptr ? "" : text); }
  Napi::Value Copy(const std::string& bytes) const { return CopyOf(env_, bytes); }

 private:
  Call(const Slot* slot, const Napi::CallbackInfo& info)
      : env_(info.Env()), connection_(slot == nullptr ? nullptr : slot->connection.get()) {
    if (connection_ == nullptr) Throw(env_, "the DTLS session is destroyed");
  }
  static const Slot* SlotOf(const Napi::Value& handle) {
    void* slot = nullptr;
    napi_get_value_external(handle.Env(), handle, &slot);
    return static_cast<const Slot*>(slot);
  }

  const Napi::Env env_;
  Connection* const connection_;
};

}  // namespace dtls
