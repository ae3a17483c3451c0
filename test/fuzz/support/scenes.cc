#include "scenes.h"

#include "certificates.h"
#include "determinism.h"
#include "expect.h"

namespace dtls::fuzz {

namespace {

using namespace dtls::test;

constexpr size_t kSmallMtu = 300;
const std::string kAlpn = "coap";

// The sessions that a server remembers would make an input's meaning depend on those before it.
void ForgetSessions(const Scene& scene) {
  static const Bytes ticket_key(kTicketKeySize, 7);
  scene.server->ticket_keys().Set({ViewOf(ticket_key)});
  SSL_CTX_set_session_cache_mode(scene.server->ssl_ctx(), SSL_SESS_CACHE_OFF);
}

Scene PskScene(const std::string& ciphers, PairOptions options = {}) {
  options.client_ciphers = options.server_ciphers = ciphers;
  return {ClientContext(options), ServerContext(options), PatientOptions(), PatientOptions(), ""};
}

Scene HintScene() {
  PairOptions options;
  options.hint = "hint";
  return PskScene("ECDHE-PSK-AES128-CBC-SHA256", options);
}

Scene SmallRecordsScene() {
  PairOptions options;
  options.max_fragment_length = 512;
  return PskScene("PSK-AES128-GCM-SHA256", options);
}

Scene OldVersionScene() {
  TlsContextOptions options;
  options.ciphers = "PSK-AES128-CBC-SHA:@SECLEVEL=0";
  options.min_version = DTLS1_VERSION;
  const auto key = [] { return SecretBytes(reinterpret_cast<const uint8_t*>("0123456789abcdef"), 16); };
  Scene scene = PskScene(options.ciphers);
  scene.server = ContextOf(options);
  scene.server->psk().table.emplace("alice", key());
  options.max_version = DTLS1_VERSION;
  scene.client = ContextOf(options);
  scene.client->psk().client = ClientPsk{"alice", key()};
  return scene;
}

Scene CertificateScene() {
  CertificatePair pair;
  Scene scene = {pair.client, pair.server, PatientOptions(), PatientOptions(), kAlpn};
  scene.client_options.server_name = "server.example";
  scene.client_options.alpn_protocols = "\x03xyz\x04" + kAlpn;
  scene.client_options.srtp_profiles = scene.server_options.srtp_profiles = "SRTP_AEAD_AES_128_GCM";
  scene.server_options.tickets = scene.client_options.tickets = true;
  return scene;
}

// Certificates of both sides, in fragments.
Scene MutualScene() {
  CertificatePair pair(KeyType::kRsa);
  Scene scene = {pair.client, pair.server, PatientOptions(), PatientOptions(), ""};
  Use(scene.client, Issue(pair.authority));
  Trust(scene.server, {&pair.authority});
  scene.server_options.request_certificate = scene.server_options.require_certificate = true;
  scene.client_options.mtu = scene.server_options.mtu = kSmallMtu;
  return scene;
}

// Once more, with the ticket of the first time.
Scene Resumed(Scene scene) {
  scene.server_options.tickets = scene.client_options.tickets = true;
  scene.server_options.session_id_context = "fuzz";
  ForgetSessions(scene);
  Pair pair(scene.client, scene.server, scene.client_options, scene.server_options);
  pair.on_server = [&](Connection& server) {
    if (!scene.alpn.empty()) server.SelectAlpn(scene.alpn);
  };
  pair.Start();
  EXPECT(pair.established());
  scene.client_options.session = SessionOf(*pair.client);
  return scene;
}

std::vector<Scene> MakeScenes() {
  Restart();
  std::vector<Scene> scenes;
  scenes.push_back(PskScene("PSK-AES128-GCM-SHA256"));
  scenes.push_back(CertificateScene());
  scenes.push_back(HintScene());
  scenes.push_back(MutualScene());
  scenes.push_back(Resumed(PskScene("PSK-AES128-GCM-SHA256")));
  scenes.push_back(Resumed(CertificateScene()));
  scenes.push_back(PskScene("PSK-CHACHA20-POLY1305"));
  scenes.push_back(OldVersionScene());
  scenes.push_back(SmallRecordsScene());
  for (const Scene& scene : scenes) ForgetSessions(scene);
  return scenes;
}

}  // namespace

const std::vector<Scene>& Scenes() {
  static const std::vector<Scene> scenes = MakeScenes();
  return scenes;
}

}  // namespace dtls::fuzz
