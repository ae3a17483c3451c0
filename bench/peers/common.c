#include "common.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

int64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * NS_PER_S + t.tv_nsec;
}

static double seconds(struct timeval t) { return (double)t.tv_sec + (double)t.tv_usec / 1e6; }

double cpu_seconds(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

long max_rss_kb(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

long rss_kb(void) {
  long total = 0, resident = 0;
  FILE *statm = fopen("/proc/self/statm", "r");
  if (statm == NULL || fscanf(statm, "%ld %ld", &total, &resident) != 2) die_errno("/proc/self/statm");
  fclose(statm);
  return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

size_t heap_bytes(void) {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

int ms_until(int64_t due_ns, int64_t now) {
  if (due_ns == INT64_MAX) return -1;
  return due_ns <= now ? 0 : (int)((due_ns - now + NS_PER_MS - 1) / NS_PER_MS);
}

void samples_add(struct samples *samples, int64_t ns) {
  if (samples->count == samples->capacity) {
    samples->capacity = samples->capacity == 0 ? 1 << 16 : samples->capacity * 2;
    samples->ns = realloc(samples->ns, samples->capacity * sizeof *samples->ns);
    if (samples->ns == NULL) die("out of memory");
  }
  samples->ns[samples->count++] = ns < UINT32_MAX ? (uint32_t)ns : UINT32_MAX;
}

static int compare_samples(const void *left, const void *right) {
  const uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
  return (a > b) - (a < b);
}

void samples_sort(struct samples *samples) {
  if (samples->count > 0) qsort(samples->ns, samples->count, sizeof *samples->ns, compare_samples);
}

double samples_percentile_us(const struct samples *sorted, unsigned percentile) {
  const size_t rank = (sorted->count * percentile + 99) / 100;
  return sorted->ns[rank - 1] / 1000.0;
}

void die(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fprintf(stderr, "%s: ", program_invocation_short_name);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  exit(1);
}

void die_errno(const char *what) { die("%s: %s", what, strerror(errno)); }

void *allocate(size_t count, size_t size) {
  void *memory = calloc(count, size);
  if (memory == NULL) die("out of memory");
  return memory;
}

void raise_open_file_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) die_errno("getrlimit");
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) die_errno("setrlimit");
}

int open_signals(const int *numbers, size_t count) {
  sigset_t signals;
  sigemptyset(&signals);
  for (size_t i = 0; i < count; i++) sigaddset(&signals, numbers[i]);
  sigprocmask(SIG_BLOCK, &signals, NULL);
  const int fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
  if (fd < 0) die_errno("signalfd");
  return fd;
}
