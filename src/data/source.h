/* Where bytes come from: a file, a pipe or standard input, read once from the beginning to the end. */
#ifndef BIASCOPE_DATA_SOURCE_H
#define BIASCOPE_DATA_SOURCE_H

#include "base/error.h"

typedef struct {
  const char *path; /* the caller's, as messages name it */
  int descriptor;   /* -1: the bytes below */
  bool has_size;    /* whether the number of bytes is known */
  size_t size;
  const char *bytes; /* of a source in memory */
  size_t taken;      /* bytes read so far */
} bs_source;

/* "-" is standard input. */
biascope_status bs_source_open(bs_source *source, const char *path, biascope_error *error);
void bs_source_open_memory(bs_source *source, const char *path, const void *bytes, size_t size);
/* Reads `size` bytes, fewer only at the end. */
biascope_status bs_source_read(bs_source *source, void *bytes, size_t size, size_t *count, biascope_error *error);
void bs_source_close(bs_source *source);

#endif
