// What the kernel is told and tells besides a datagram: the address of this machine that it comes from or has come to
// (IP_PKTINFO), and the size of the datagrams that a message is made of (UDP_SEGMENT, UDP_GRO).
#ifndef PACKET_INFO_H
#define PACKET_INFO_H

#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>

union packet_info {
  char bytes[CMSG_SPACE(sizeof(struct in_pktinfo)) + CMSG_SPACE(sizeof(int))];
  struct cmsghdr align;
};

struct packet_info_read {
  struct in_addr destination;
  size_t segment_size;  // 0 when the message is one datagram
};

// Lets the kernel hand over what a sender sent in one piece (UDP_SEGMENT) without cutting it apart, as a receiver does
// that is made for many datagrams. Where the kernel has no UDP_GRO, they come one by one.
void accept_merged(int fd);

// The control data of `header` is a `union packet_info`. A segment size of 0: the message is one datagram.
void write_packet_info(struct msghdr *header, struct in_addr source, size_t segment_size);
struct packet_info_read read_packet_info(struct msghdr *header);

#endif
