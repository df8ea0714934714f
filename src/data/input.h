/* A source of bytes: a file, a pipe or standard input, compressed or not, or a member of a zip archive; read once from
 * beginning to end. */
#ifndef BIASCOPE_DATA_INPUT_H
#define BIASCOPE_DATA_INPUT_H

#include "base/error.h"

struct archive;
struct bs_archive_functions;

typedef struct {
  const char *path; /* the caller's; its name in messages */
  int descriptor;   /* -1: the bytes below */
  bool has_size;    /* whether the number of bytes is known */
  size_t size;
  const char *bytes;                            /* of a source in memory */
  const struct bs_archive_functions *functions; /* libarchive, */
  struct archive *archive;                      /* and its own state, or NULL */
  size_t taken;                                 /* bytes read so far */
  const biascope_monitor *monitor;              /* told from time to time, or NULL */
} bs_input;

/* "-" is standard input. */
biascope_status bs_input_open(bs_input *source, const char *path, biascope_error *error);
/* The same, but gzip, bzip2, xz and zstd are decompressed. */
biascope_status bs_input_open_compressed(bs_input *source, const char *path, biascope_error *error);
/* A zip archive. bs_input_next_member opens one member after the other; *name is NULL after the last. */
biascope_status bs_input_open_zip(bs_input *source, const char *path, biascope_error *error);
biascope_status bs_input_next_member(bs_input *source, const char **name, biascope_error *error);
void bs_input_open_memory(bs_input *source, const char *path, const void *bytes, size_t size);
/* Reads `size` bytes; fewer only at the end. */
biascope_status bs_input_read(bs_input *source, void *bytes, size_t size, size_t *count, biascope_error *error);
void bs_input_close(bs_input *source);

#endif
