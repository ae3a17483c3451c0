#include "discard.h"

#include <stddef.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "packet-info.h"

enum { BATCH = 256, PAUSE_US = 300, CONTENT_TYPE_ALERT = 21 };

// How many datagrams the kernel handed over in one piece.
static uint64_t datagrams_of(struct msghdr *header, unsigned int size) {
  const size_t segment_size = read_packet_info(header).segment_size;
  return segment_size == 0 ? 1 : (size + segment_size - 1) / segment_size;
}

bool discard_datagrams(int fd, int flags, struct discarded *discarded) {
  // One byte of each is enough, the content type of its first record; MSG_TRUNC makes msg_len the true length.
  static unsigned char content_types[BATCH];
  static struct iovec vectors[BATCH];
  static union packet_info infos[BATCH];
  static struct mmsghdr messages[BATCH];
  for (int i = 0; i < BATCH; i++) {
    vectors[i] = (struct iovec){.iov_base = &content_types[i], .iov_len = 1};
    messages[i].msg_hdr = (struct msghdr){.msg_iov = &vectors[i],
                                          .msg_iovlen = 1,
                                          .msg_control = infos[i].bytes,
                                          .msg_controllen = sizeof infos[i].bytes};
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
