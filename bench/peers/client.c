#include "client.h"

#include <stdio.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "association.h"
#include "common.h"

static const char usage[] =
    "usage: PROGRAM flood     HOST PORT [--size BYTES] [--seconds S]\n"
    "       PROGRAM echo      HOST PORT [--size BYTES] [--window W] [--seconds S] [--associations N]\n"
    "       PROGRAM handshake HOST PORT [--count N] [--concurrency C] [--warm-up N]\n"
    "       PROGRAM hold      HOST PORT [--associations N]\n"
    "HOST is an IPv4 address. Each command prints one line of JSON; hold then waits for SIGTERM.\n";

static const struct {
  const char *name;
  void (*run)(const struct sockaddr_in *server, const struct options *options);
} commands[] = {{"flood", flood}, {"echo", echo}, {"handshake", handshake}, {"hold", hold}};

int main(int argc, char **argv) {
  // A result is wanted before associations are closed, which takes long when they are many.
  setvbuf(stdout, NULL, _IOLBF, 0);
  struct options options = {
      .size = 100, .window = 1, .seconds = 2, .associations = 1, .count = 1000, .warm_up = 20, .concurrency = 1};
  parse_options(argc, argv, &options, usage);
  if (argc - optind != 3) exit_with_usage(usage);
  const struct sockaddr_in server = parse_address(argv[optind + 1], argv[optind + 2], usage);
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
    if (strcmp(argv[optind], commands[i].name) != 0) continue;
    raise_open_file_limit();
    association_setup();
    commands[i].run(&server, &options);
    association_cleanup();
    return 0;
  }
  exit_with_usage(usage);
}
