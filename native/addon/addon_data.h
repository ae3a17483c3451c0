#pragma once

#include <napi.h>

namespace dtls {

// What one environment (main thread or worker) holds. Nothing of JavaScript is kept in a static: the addon is
// loaded once a process and initialised once an environment.
struct AddonData {
  Napi::FunctionReference session_constructor;
};

}  // namespace dtls
