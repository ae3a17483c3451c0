#include "discard.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef UDP_GRO
#define UDP_GRO 104
#endif

enum { BATCH = 256, PAUSE_US = 300, CONTENT_TYPE_ALERT = 21 };

union control {
  char bytes[CMSG_SPACE(sizeof(int))];
  struct cmsghdr align;
};

void accept_merged(int fd) {
  const int on = 1;
  // Where the kernel has none, datagrams come one by one.
  setsockopt(fd, SOL_UDP, UDP_GRO, &on, sizeof on);
}

// How many datagrams the kernel handed over in one piece.
static uint64_t datagrams_of(struct msghdr *header, unsigned int size) {
  for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c != NULL; c = CMSG_NXTHDR(header, c)) {
    if (c->cmsg_level != SOL_UDP || c->cmsg_type != UDP_GRO) continue;
    int segment_size;
    memcpy(&segment_size, CMSG_DATA(c), sizeof segment_size);
    return (size + (unsigned int)segment_size - 1) / (unsigned int)segment_size;
  }
  return 1;
}

bool discard_datagrams(int fd, int flags, struct discarded *discarded) {
  // One byte of each is enough, the content type of its first record; MSG_TRUNC makes msg_len the true length.
  static unsigned char content_types[BATCH];
  static struct iovec vectors[BATCH];
  static union control controls[BATCH];
  static struct mmsghdr messages[BATCH];
  for (int i = 0; i < BATCH; i++) {
    vectors[i] = (struct iovec){.iov_base = &content_types[i], .iov_len = 1};
    messages[i].msg_hdr = (struct msghdr){.msg_iov = &vectors[i],
                                          .msg_iovlen = 1,
                                          .msg_control = controls[i].bytes,
                                          .msg_controllen = sizeof controls[i].bytes};
  }
  *discarded = (struct discarded){0};
  const int count = recvmmsg(fd, messages, BATCH, flags | MSG_TRUNC, NULL);
  if (count < 0) return false;
  for (int i = 0; i < count; i++) {
    discarded->datagrams += datagrams_of(&messages[i].msg_hdr, messages[i].msg_len);
    discarded->bytes += messages[i].msg_len;
    if (content_types[i] == CONTENT_TYPE_ALERT) discarded->has_alert = true;
  }
  return true;
}

void let_datagrams_gather(void) { usleep(PAUSE_US); }
