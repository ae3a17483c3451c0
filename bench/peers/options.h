// The command line options of all programs; each reads those it knows how to use.
#ifndef OPTIONS_H
#define OPTIONS_H

#include <netinet/in.h>
#include <stdbool.h>

enum mode {
  MODE_ECHO,     // each message goes back
  MODE_SINK,     // messages are decrypted and counted
  MODE_DISCARD,  // after the handshake, datagrams are counted undecrypted
  MODE_DISCARD_MERGED,  // and the kernel may hand over many of them in one piece (UDP_GRO)
};

static inline bool discards(enum mode mode) { return mode == MODE_DISCARD || mode == MODE_DISCARD_MERGED; }

struct options {
  enum mode mode;
  int port;  // of a server; 0 lets the kernel choose
  int size;
  int window;
  double seconds;
  int associations;
  int count;
  int warm_up;
  int concurrency;
  int rate;  // a second; 0 is as fast as it goes
  int newcomers;
  int seed;
  const char *kind;
  const char *file;
};

// Parses the options of `argv` into `options`, which holds the defaults; positional arguments are left at argv[optind].
// Prints `usage` and exits with status 2 when one is unknown or out of range.
void parse_options(int argc, char **argv, struct options *options, const char *usage);

_Noreturn void exit_with_usage(const char *usage);

// An IPv4 address and a port as text; exits with `usage` when they are none.
struct sockaddr_in parse_address(const char *host, const char *port, const char *usage);

#endif
