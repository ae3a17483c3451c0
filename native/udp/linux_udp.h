#pragma once

#include <netinet/udp.h>
#include <sys/socket.h>

// Of linux/udp.h: older C libraries do not name what newer kernels have.
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

namespace dtls {

/** CMSG_NXTHDR: musl's compares signed with unsigned, of which clang warns at the place of use. */
inline cmsghdr* NextControl(msghdr* header, cmsghdr* control) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-compare"
  return CMSG_NXTHDR(header, control);
#pragma GCC diagnostic pop
}

}  // namespace dtls
