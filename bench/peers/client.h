// The commands of a client. Each prints one JSON line.
#ifndef CLIENT_H
#define CLIENT_H

#include <netinet/in.h>

#include "options.h"

void flood(const struct sockaddr_in *server, const struct options *options);
void echo(const struct sockaddr_in *server, const struct options *options);
void handshake(const struct sockaddr_in *server, const struct options *options);
void hold(const struct sockaddr_in *server, const struct options *options);

#endif
