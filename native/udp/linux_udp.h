#pragma once

#include <netinet/udp.h>

// Of linux/udp.h: older C libraries do not name what newer kernels have.
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif
