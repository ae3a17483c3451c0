#include "options.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"

void exit_with_usage(const char *usage) {
  fputs(usage, stderr);
  exit(2);
}

static int parse_int(const char *text, int min, int max, const char *usage) {
  char *end;
  const long value = strtol(text, &end, 10);
  if (*text == '\0' || *end != '\0' || value < min || value > max) exit_with_usage(usage);
  return (int)value;
}

static double parse_seconds(const char *text, const char *usage) {
  char *end;
  const double value = strtod(text, &end);
  if (*text == '\0' || *end != '\0' || !(value > 0 && value <= 3600)) exit_with_usage(usage);
  return value;
}

static enum mode parse_mode(const char *text, const char *usage) {
  if (strcmp(text, "echo") == 0) return MODE_ECHO;
  if (strcmp(text, "sink") == 0) return MODE_SINK;
  if (strcmp(text, "discard") == 0) return MODE_DISCARD;
  if (strcmp(text, "discard-merged") == 0) return MODE_DISCARD_MERGED;
  exit_with_usage(usage);
}

void parse_options(int argc, char **argv, struct options *options, const char *usage) {
  static const struct option known[] = {
      {"mode", required_argument, NULL, 'm'},        {"port", required_argument, NULL, 'p'},
      {"size", required_argument, NULL, 's'},        {"window", required_argument, NULL, 'w'},
      {"seconds", required_argument, NULL, 't'},     {"associations", required_argument, NULL, 'a'},
      {"count", required_argument, NULL, 'n'},       {"concurrency", required_argument, NULL, 'c'},
      {"rate", required_argument, NULL, 'r'},        {"newcomers", required_argument, NULL, 'e'},
      {"seed", required_argument, NULL, 'd'},        {"kind", required_argument, NULL, 'k'},
      {"file", required_argument, NULL, 'f'},        {"warm-up", required_argument, NULL, 'u'},
      {NULL, 0, NULL, 0},
  };
  int option;
  while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
    switch (option) {
      case 'm': options->mode = parse_mode(optarg, usage); break;
      case 'p': options->port = parse_int(optarg, 0, 65535, usage); break;
      case 's': options->size = parse_int(optarg, 1, MAX_MESSAGE, usage); break;
      case 'w': options->window = parse_int(optarg, 1, 1000000, usage); break;
      case 't': options->seconds = parse_seconds(optarg, usage); break;
      case 'a': options->associations = parse_int(optarg, 1, 1000000, usage); break;
      case 'n': options->count = parse_int(optarg, 1, 100000000, usage); break;
      case 'u': options->warm_up = parse_int(optarg, 1, 100000000, usage); break;
      case 'c': options->concurrency = parse_int(optarg, 1, 1000, usage); break;
      case 'r': options->rate = parse_int(optarg, 0, 100000000, usage); break;
      case 'e': options->newcomers = parse_int(optarg, 0, 1000, usage); break;
      case 'd': options->seed = parse_int(optarg, 1, INT_MAX, usage); break;
      case 'k': options->kind = optarg; break;
      case 'f': options->file = optarg; break;
      default: exit_with_usage(usage);
    }
  }
}

struct sockaddr_in parse_address(const char *host, const char *port, const char *usage) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(parse_int(port, 1, 65535, usage))};
  if (inet_pton(AF_INET, host, &address.sin_addr) != 1) exit_with_usage(usage);
  return address;
}
