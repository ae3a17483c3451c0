#include "packet-info.h"

#include <netinet/udp.h>
#include <stdint.h>
#include <string.h>

// Not in the headers of every system whose kernel has them.
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

void accept_merged(int fd) {
  const int on = 1;
  setsockopt(fd, SOL_UDP, UDP_GRO, &on, sizeof on);
}

static void put(struct cmsghdr *control, int level, int type, const void *data, size_t size) {
  control->cmsg_level = level;
  control->cmsg_type = type;
  control->cmsg_len = CMSG_LEN(size);
  memcpy(CMSG_DATA(control), data, size);
}

void write_packet_info(struct msghdr *header, struct in_addr source, size_t segment_size) {
  const struct in_pktinfo info = {.ipi_spec_dst = source};
  const uint16_t segment = (uint16_t)segment_size;
  header->msg_controllen = sizeof(union packet_info);
  memset(header->msg_control, 0, header->msg_controllen);
  struct cmsghdr *control = CMSG_FIRSTHDR(header);
  put(control, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
  if (segment_size > 0) put(CMSG_NXTHDR(header, control), SOL_UDP, UDP_SEGMENT, &segment, sizeof segment);
  header->msg_controllen = CMSG_SPACE(sizeof info) + (segment_size > 0 ? CMSG_SPACE(sizeof segment) : 0);
}

struct packet_info_read read_packet_info(struct msghdr *header) {
  struct packet_info_read read = {0};
  for (struct cmsghdr *control = CMSG_FIRSTHDR(header); control != NULL; control = CMSG_NXTHDR(header, control)) {
    if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_PKTINFO) {
      struct in_pktinfo info;
      memcpy(&info, CMSG_DATA(control), sizeof info);
      read.destination = info.ipi_addr;
    } else if (control->cmsg_level == SOL_UDP && control->cmsg_type == UDP_GRO) {
      int segment_size;
      memcpy(&segment_size, CMSG_DATA(control), sizeof segment_size);
      read.segment_size = (size_t)segment_size;
    }
  }
  return read;
}
