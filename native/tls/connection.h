#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "tls/datagram_channel.h"
#include "tls/openssl_handles.h"
#include "tls/record_buffers.h"
#include "tls/record_window.h"
#include "tls/records.h"
#include "tls/tls_context.h"
#include "tls/virtual_timer.h"

namespace dtls {

class Acceptor;
class Screen;

// What a verb of a Connection found. Positive values are the size of a message.
enum Status : int32_t {
  kIdle = 0,
  kEstablished = -1,
  // The peer's close_notify.
  kClosed = -2,
  // Fatal: see reason() and the alerts.
  kFailed = -3,
  // Once established, data or an alert that came to nothing: it does not authenticate; it was there before, or is too
  // old to tell; no record that could matter came at all.
  kForged = -4,
  kReplayed = -5,
  kUnwanted = -6,
};

// How far the key exchange is, where a wrong pre-shared key shows itself.
enum class Stage : int32_t {
  kNegotiating = 0,
  // Our Finished has been sent, the peer's change of cipher has not been seen.
  kSentFinished = 1,
  // The peer changed its cipher: what is missing is a Finished that authenticates.
  kAwaitingFinished = 2,
  kEstablished = 3,
};

// How a handshake stands, in one number: its Stage in the two lowest bits, and these.
enum Progress : int32_t {
  // There is something to judge the peer by: a certificate or raw public key whose private key it has shown, or a session
  // that is resumed.
  kPeerKnown = 4,
  // OpenSSL has asked for a pre-shared key.
  kPskRequested = 8,
};

enum class Role { kClient, kServer };

struct ConnectionOptions {
  // Largest outgoing datagram of the handshake in bytes (UDP payload).
  size_t mtu = 1200;
  // First wait of the retransmission timer; it doubles up to max_timeout_ms (RFC 6347 section 4.2.4.1).
  uint32_t initial_timeout_ms = 1000;
  uint32_t max_timeout_ms = 60000;
  // A server asks for a certificate, and refuses who has none; a client always asks.
  bool request_certificate = false;
  bool require_certificate = false;
  // A chain that is not trusted ends the handshake. Otherwise it is for the caller to look at SSL_get_verify_result().
  bool require_trust = true;
  // A server gives tickets; else session IDs.
  bool tickets = true;
  // Up to 32 bytes: a server resumes no session that was made under other ones.
  std::string session_id_context;
  // OpenSSL's list; no use_srtp extension when empty (RFC 5764).
  std::string srtp_profiles;
  // Of a client; none when empty. ALPN's are a ProtocolNameList without its length (RFC 7301 section 3.1).
  std::string server_name;
  std::string alpn_protocols;
  // An SSL_SESSION, DER.
  std::string session;
};

// One SSL and its datagrams: bytes in, bytes out, no socket, no clock of its own but OpenSSL's, no Node.
//
// Call order: Start() once, then Receive() for each datagram, Poll() until kIdle, HandleTimeout() when
// TimeoutMs() has passed; after each of them Take() until 0. After kFailed no verb does anything.
class Connection {
 public:
  // nullptr when memory is short, or a client's options cannot be used.
  static std::unique_ptr<Connection> Create(std::shared_ptr<TlsContext> context, Role role,
                                            const ConnectionOptions& options);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  int32_t Start();
  // `into` must hold 16,384 bytes until established, later at least as many as the datagram: SSL_read would
  // cut a longer message in two.
  int32_t Receive(const uint8_t* datagram, size_t size, uint8_t* into, size_t capacity);
  int32_t Poll(uint8_t* into, size_t capacity);
  // kIdle when taken. `size` is 1 to 16,384.
  int32_t Write(const uint8_t* data, size_t size);
  int32_t HandleTimeout(double now_ms = 0);
  // Sends close_notify; nothing before the handshake is complete.
  int32_t Shutdown();

  size_t Take(uint8_t* into, size_t capacity) { return channel_.Take(into, capacity); }
  // Milliseconds until HandleTimeout() is due, rounded up; -1 when no timer runs. `now_ms` is read with virtual time
  // only.
  int32_t TimeoutMs(double now_ms = 0);
  Stage stage() const;
  int32_t progress() const;
  // How far a datagram's only record, application data or an alert of epoch 1, is ahead of all that authenticated so
  // far; 0 when it is not, or the datagram is another one.
  uint64_t RecordsAhead(const uint8_t* datagram, size_t size) const;
  // The negotiated suite; during the handshake the one that the server chose, nullptr before.
  const SSL_CIPHER* Cipher() const;
  // Largest datagram of the flights from now on, 256 bytes at least; what is sent again is cut anew. Before Start(), a
  // session whose ticket does not fit is not offered any more.
  void SetMtu(size_t mtu);
  // Largest message that fits a datagram of `mtu` bytes with the negotiated cipher; 0 before the handshake is complete.
  size_t MaxPayload(size_t mtu) const;

  const std::string& reason() const { return reason_; }
  // level << 8 | description (RFC 5246 section 7.2), -1 when none was seen.
  int32_t alert_received() const { return alert_received_; }
  int32_t alert_sent() const { return alert_sent_; }
  // What the client named (server) or sent (client), in this handshake or in that of the resumed session; empty before.
  std::string PskIdentity() const;
  // As a server: whether the context has a fixed key for it.
  bool KnowsIdentity(const std::string& identity) const { return context_->psk().table.count(identity) > 0; }
  // For what the context's fixed keys do not answer; a server's answers for one identity. Wiped when established.
  void SetPsk(ClientPsk psk) { psk_ = std::move(psk); }
  // Before Start(), on a server: takes the place of the context of Create(), but for its session tickets. False when
  // OpenSSL refuses.
  bool UseContext(std::shared_ptr<TlsContext> context, ByteView session_id_context, bool keep_trust);
  // Before Start(): retransmissions keep to the time that the caller tells.
  void UseVirtualTime() { virtual_timer_.emplace(initial_timeout_ms_, max_timeout_ms_); }
  // Before Start(), on a server. Without it the extension is ignored; empty: no_application_protocol.
  void SelectAlpn(std::string protocol) { alpn_ = std::move(protocol); }
  std::string TakeKeylog();
  // Whether OpenSSL's description of each message is kept for TakeTrace().
  void SetTrace(bool enabled);
  std::string TakeTrace();

  SSL* ssl() const { return ssl_.get(); }
  DatagramChannel& channel() { return channel_; }

  // Whose cookie step this connection serves; nullptr once promoted. Not owned.
  Acceptor* acceptor = nullptr;
  static Acceptor* AcceptorOf(const SSL* ssl) { return Of(ssl)->acceptor; }

  // Installs the callbacks that lead from an SSL of this context back to its Connection.
  static void InstallCallbacks(SSL_CTX* ctx, bool keylog);

 private:
  Connection(std::shared_ptr<TlsContext> context, const ConnectionOptions& options)
      : context_(context),
        first_context_(std::move(context)),
        mtu_(options.mtu),
        initial_timeout_ms_(options.initial_timeout_ms),
        max_timeout_ms_(options.max_timeout_ms),
        channel_(options.mtu) {}

  // Leads back from the SSL.
  void Bind();
  static Connection* Of(const SSL* ssl);
  static void OnInfo(const SSL* ssl, int where, int value);
  static void OnKeylog(const SSL* ssl, const char* line);
  static unsigned int OnTimer(SSL* ssl, unsigned int previous_us);
  static unsigned int OnClientPsk(SSL* ssl, const char* hint, char* identity, unsigned int max_identity,
                                  unsigned char* key, unsigned int max_key);
  static unsigned int OnServerPsk(SSL* ssl, const char* identity, unsigned char* key, unsigned int max_key);

  static int OnTicketKey(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
                         int is_new);
  static int OnAlpn(SSL* ssl, const unsigned char** chosen, unsigned char* chosen_size, const unsigned char* offered,
                    unsigned int offered_size, void* unused);

  bool IsPeerKnown() const;
  bool KeepTrust();
  bool ConfigureServer(const ConnectionOptions& options);
  bool ConfigureClient(const ConnectionOptions& options);
  // False only for a session that cannot be read.
  bool OfferSession(const std::string& der);
  // Whether a ClientHello of one datagram has room for what a session is resumed by.
  bool HasRoomFor(const SSL_SESSION* session) const;
  void ApplyMtu() const;
  RecordBounds Bounds() const;
  size_t MaxFragment() const;
  // Lends OpenSSL records of one datagram and polls once.
  int32_t Feed(const Screen& records, uint8_t* into, size_t capacity);
  int32_t ReceiveData(const uint8_t* datagram, size_t size, uint8_t* into, size_t capacity);
  bool AdmitsCiphertexts(size_t count);
  int32_t Handshake();
  int32_t Read(uint8_t* into, size_t capacity);
  int32_t Conclude(int result);
  int32_t Fail();

  std::shared_ptr<TlsContext> context_;
  // OpenSSL, too, keeps to the first context's tickets when the server name brings another one.
  const std::shared_ptr<TlsContext> first_context_;
  size_t mtu_;
  const uint32_t initial_timeout_ms_;
  const uint32_t max_timeout_ms_;
  // Before ssl_: the SSL writes into the channel until it is freed.
  DatagramChannel channel_;
  SslPointer ssl_;
  std::optional<RecordBuffers> buffers_;
  // Until established: a new ticket takes its place in the SSL, but not in what OpenSSL keeps of a flight to send it
  // again (dtls_retransmit_state), which has no reference of its own.
  SessionPointer offered_;
  std::optional<VirtualTimer> virtual_timer_;
  bool failed_ = false;
  // OpenSSL takes a peer's wish for another handshake for the end of the first one, until it has refused it.
  bool is_established_ = false;
  // Once established.
  RecordBounds bounds_;
  size_t early_ciphertexts_ = 0;
  RecordWindow window_;
  // Whether a record has authenticated that brings no message: an alert, or before OpenSSL 3.2 data without content.
  bool read_silently_ = false;
  bool psk_requested_ = false;
  int32_t alert_received_ = -1;
  int32_t alert_sent_ = -1;
  std::string reason_;
  std::optional<ClientPsk> psk_;
  std::string psk_identity_;
  std::optional<std::string> alpn_;
  std::string keylog_;
  BioPointer trace_;
};

}  // namespace dtls
