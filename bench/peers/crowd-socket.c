#include "crowd-socket.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client-socket.h"
#include "common.h"
#include "openssl-context.h"
#include "packet-info.h"

// 127.1.0.0: that of the device with index 0.
#define FIRST_ADDRESS UINT32_C(0x7f010000)

enum {
  MESSAGES = 64,     // of a system call
  DATAGRAMS = 64,    // that wait to be sent
  MAX_DATAGRAM = 2048,
  MAX_RECEIVED = 65536,  // with UDP_GRO a message holds all that came from one sender in one piece
};

struct received {
  struct mmsghdr messages[MESSAGES];
  struct iovec pieces[MESSAGES];
  union packet_info infos[MESSAGES];
  uint8_t (*bytes)[MAX_RECEIVED];
};

// With UDP_SEGMENT the datagrams of one device that have one size are one message.
struct waiting {
  struct mmsghdr messages[MESSAGES];
  struct iovec pieces[MESSAGES][DATAGRAMS];
  union packet_info infos[MESSAGES];
  int devices[MESSAGES];
  int message_count;
  uint8_t datagrams[DATAGRAMS][MAX_DATAGRAM];
  int datagram_count;
};

struct crowd_socket {
  int fd;
  struct sockaddr_in server;
  BIO_METHOD *method;
  struct received received;
  struct waiting waiting;
  // What the next read of a BIO gives, once.
  const uint8_t *given;
  size_t given_size;
};

static struct mmsghdr *message_for(struct waiting *waiting, int device, size_t size) {
  for (int i = waiting->message_count - 1; i >= 0; i--) {
    if (waiting->devices[i] != device) continue;
    if (waiting->pieces[i][0].iov_len == size) return &waiting->messages[i];
    break;
  }
  const int added = waiting->message_count++;
  waiting->devices[added] = device;
  waiting->messages[added].msg_hdr.msg_iovlen = 0;
  return &waiting->messages[added];
}

// What BIO_get_data() gives is the socket, BIO_get_app_data() the number of the device.
static int write_datagram(BIO *bio, const char *datagram, int size) {
  struct crowd_socket *crowd_socket = BIO_get_data(bio);
  struct waiting *waiting = &crowd_socket->waiting;
  if (size > MAX_DATAGRAM) die("a datagram of %d bytes", size);
  if (waiting->datagram_count == DATAGRAMS) crowd_socket_flush(crowd_socket);
  uint8_t *copy = waiting->datagrams[waiting->datagram_count++];
  memcpy(copy, datagram, (size_t)size);
  struct msghdr *header = &message_for(waiting, (int)(intptr_t)BIO_get_app_data(bio), (size_t)size)->msg_hdr;
  header->msg_iov[header->msg_iovlen++] = (struct iovec){.iov_base = copy, .iov_len = (size_t)size};
  return size;
}

static int read_datagram(BIO *bio, char *datagram, int capacity) {
  struct crowd_socket *crowd_socket = BIO_get_data(bio);
  BIO_clear_retry_flags(bio);
  if (crowd_socket->given == NULL) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const size_t size = crowd_socket->given_size < (size_t)capacity ? crowd_socket->given_size : (size_t)capacity;
  memcpy(datagram, crowd_socket->given, size);
  crowd_socket->given = NULL;
  return (int)size;
}

static long control(BIO *bio, int command, long number, void *pointer) {
  (void)bio;
  (void)number;
  (void)pointer;
  return command == BIO_CTRL_FLUSH;
}

static BIO_METHOD *new_method(void) {
  BIO_METHOD *method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "crowd socket");
  if (method == NULL || BIO_meth_set_write(method, write_datagram) != 1 ||
      BIO_meth_set_read(method, read_datagram) != 1 || BIO_meth_set_ctrl(method, control) != 1) {
    die_openssl("BIO_METHOD");
  }
  return method;
}

BIO *crowd_socket_bio(struct crowd_socket *crowd_socket, int device) {
  BIO *bio = BIO_new(crowd_socket->method);
  if (bio == NULL) die_openssl("BIO");
  BIO_set_data(bio, crowd_socket);
  BIO_set_app_data(bio, (char *)(intptr_t)device);
  BIO_set_init(bio, 1);
  return bio;
}

static int open_socket(int64_t receive_timeout_ns) {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) die_errno("socket");
  const struct sockaddr_in any = {.sin_family = AF_INET};
  if (bind(fd, (const struct sockaddr *)&any, sizeof any) != 0) die_errno("bind");
  const int on = 1;
  if (setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on) != 0) die_errno("IP_PKTINFO");
  accept_merged(fd);
  set_socket_blocking(fd, receive_timeout_ns);
  return fd;
}

struct crowd_socket *crowd_socket_new(const struct sockaddr_in *server, int64_t receive_timeout_ns) {
  struct crowd_socket *crowd_socket = allocate(1, sizeof *crowd_socket);
  crowd_socket->server = *server;
  crowd_socket->method = new_method();
  crowd_socket->fd = open_socket(receive_timeout_ns);
  crowd_socket->received.bytes = allocate(MESSAGES, MAX_RECEIVED);
  for (int i = 0; i < MESSAGES; i++) {
    struct received *received = &crowd_socket->received;
    received->pieces[i] = (struct iovec){.iov_base = received->bytes[i], .iov_len = MAX_RECEIVED};
    received->messages[i].msg_hdr = (struct msghdr){.msg_iov = &received->pieces[i], .msg_iovlen = 1};
    received->messages[i].msg_hdr.msg_control = received->infos[i].bytes;
    struct waiting *waiting = &crowd_socket->waiting;
    waiting->messages[i].msg_hdr = (struct msghdr){.msg_name = &crowd_socket->server,
                                                   .msg_namelen = sizeof crowd_socket->server,
                                                   .msg_iov = waiting->pieces[i],
                                                   .msg_control = waiting->infos[i].bytes};
  }
  return crowd_socket;
}

void crowd_socket_free(struct crowd_socket *crowd_socket) {
  close(crowd_socket->fd);
  BIO_meth_free(crowd_socket->method);
  free(crowd_socket->received.bytes);
  free(crowd_socket);
}

int crowd_socket_receive(struct crowd_socket *crowd_socket) {
  struct received *received = &crowd_socket->received;
  // The kernel has made them as long as what it wrote.
  for (int i = 0; i < MESSAGES; i++) received->messages[i].msg_hdr.msg_controllen = sizeof received->infos[i].bytes;
  const int count = recvmmsg(crowd_socket->fd, received->messages, MESSAGES, MSG_WAITFORONE, NULL);
  if (count >= 0) return count;
  if (errno != EAGAIN && errno != EINTR) die_errno("recvmmsg");
  return 0;
}

void crowd_socket_deliver(struct crowd_socket *crowd_socket, int index, on_datagram_function on_datagram, void *context) {
  struct mmsghdr *message = &crowd_socket->received.messages[index];
  const struct packet_info_read info = read_packet_info(&message->msg_hdr);
  const uint32_t device = ntohl(info.destination.s_addr) - FIRST_ADDRESS;
  const uint8_t *bytes = crowd_socket->received.bytes[index];
  const size_t step = info.segment_size > 0 ? info.segment_size : message->msg_len;
  for (size_t at = 0; at < message->msg_len; at += step) {
    crowd_socket->given = bytes + at;
    crowd_socket->given_size = message->msg_len - at < step ? message->msg_len - at : step;
    on_datagram(context, device);
  }
}

void crowd_socket_flush(struct crowd_socket *crowd_socket) {
  struct waiting *waiting = &crowd_socket->waiting;
  for (int i = 0; i < waiting->message_count; i++) {
    struct msghdr *header = &waiting->messages[i].msg_hdr;
    const size_t segment_size = header->msg_iovlen > 1 ? header->msg_iov[0].iov_len : 0;
    write_packet_info(header, (struct in_addr){htonl(FIRST_ADDRESS + (uint32_t)waiting->devices[i])}, segment_size);
  }
  for (int sent = 0; sent < waiting->message_count;) {
    const int count = sendmmsg(crowd_socket->fd, &waiting->messages[sent], (unsigned)(waiting->message_count - sent), 0);
    if (count < 0) die_errno("sendmmsg");
    sent += count;
  }
  waiting->message_count = waiting->datagram_count = 0;
}
