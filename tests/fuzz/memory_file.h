/* A file that lives in memory and has a path, for what reads files alone. */
#ifndef BIASCOPE_FUZZ_MEMORY_FILE_H
#define BIASCOPE_FUZZ_MEMORY_FILE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* Puts the bytes, in place of what was there, into the file that `descriptor` names; makes it where that is 0. */
static inline const char *memory_file(int *descriptor, const uint8_t *bytes, size_t size, char path[64]) {
  if (*descriptor == 0) *descriptor = memfd_create("fuzz", MFD_CLOEXEC);
  if (*descriptor < 0 || ftruncate(*descriptor, 0) != 0 || pwrite(*descriptor, bytes, size, 0) != (ssize_t)size)
    abort();
  snprintf(path, 64, "/proc/self/fd/%d", *descriptor);
  return path;
}

#endif
