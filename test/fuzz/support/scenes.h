#pragma once

#include <memory>
#include <string>
#include <vector>

#include "pair.h"

namespace dtls::fuzz {

// Which handshake a client and a server make.
struct Scene {
  std::shared_ptr<TlsContext> client;
  std::shared_ptr<TlsContext> server;
  ConnectionOptions client_options;
  ConnectionOptions server_options;
  // Of the client's offer, the one that the server takes.
  std::string alpn;
};

// Inputs name them by their place: append only.
const std::vector<Scene>& Scenes();

}  // namespace dtls::fuzz
