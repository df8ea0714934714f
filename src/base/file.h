/* Writing a file so that it is complete or absent: a temporary beside it, fsync, rename. */
#ifndef BIASCOPE_BASE_FILE_H
#define BIASCOPE_BASE_FILE_H

#include "base/error.h"
#include <stdio.h>

typedef struct {
  FILE *stream;    /* write here */
  char *path;      /* the final name */
  char *temporary; /* the name until committed */
} bs_output_file;

biascope_status bs_output_open(bs_output_file *file, const char *path, biascope_error *error);
/* Flushes, fsyncs and renames; on failure nothing is left behind. Frees what the struct holds either way. */
biascope_status bs_output_commit(bs_output_file *file, biascope_error *error);
/* Drops the temporary. Harmless after a commit. */
void bs_output_abandon(bs_output_file *file);

/* Makes the directory and those above it; one that exists is fine. */
biascope_status bs_make_directory(const char *path, biascope_error *error);

#endif
