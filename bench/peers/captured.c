#include "captured.h"

#include <stdio.h>
#include <sys/stat.h>

#include "common.h"

void write_captured(const char *file, const struct captured *all, size_t count) {
  FILE *stream = fopen(file, "wb");
  if (stream == NULL || fwrite(all, sizeof *all, count, stream) != count || fclose(stream) != 0) die_errno(file);
}

struct captured *read_captured(const char *file, size_t *count) {
  FILE *stream = fopen(file, "rb");
  struct stat status;
  if (stream == NULL || fstat(fileno(stream), &status) != 0) die_errno(file);
  *count = (size_t)status.st_size / sizeof(struct captured);
  if (*count == 0) die("%s: no datagrams", file);
  struct captured *all = allocate(*count, sizeof *all);
  if (fread(all, sizeof *all, *count, stream) != *count) die("%s: cannot be read", file);
  fclose(stream);
  return all;
}
