/* libarchive, which reads compressed files. It is looked for when the first one is read, so that nobody else needs the
 * library. */
#ifndef BIASCOPE_DATA_ARCHIVE_H
#define BIASCOPE_DATA_ARCHIVE_H

#include "base/error.h"
#include <archive.h>
#include <archive_entry.h>

/* The functions of libarchive that are called. */
#define BS_ARCHIVE_FUNCTIONS(X)                                                                                        \
  X(archive_read_new)                                                                                                  \
  X(archive_read_free)                                                                                                 \
  X(archive_read_open_fd)                                                                                              \
  X(archive_read_support_filter_gzip)                                                                                  \
  X(archive_read_support_filter_bzip2)                                                                                 \
  X(archive_read_support_filter_xz)                                                                                    \
  X(archive_read_support_filter_zstd)                                                                                  \
  X(archive_read_support_format_raw)                                                                                   \
  X(archive_read_support_format_empty)                                                                                 \
  X(archive_read_support_format_zip)                                                                                   \
  X(archive_read_next_header)                                                                                          \
  X(archive_read_data)                                                                                                 \
  X(archive_filter_count)                                                                                              \
  X(archive_entry_pathname)                                                                                            \
  X(archive_error_string)                                                                                              \
  X(archive_errno)

typedef struct bs_archive_functions {
/* NOLINTNEXTLINE(bugprone-macro-parentheses): a member, which takes none */
#define BS_ARCHIVE_MEMBER(name) __typeof__(name) *name;
  BS_ARCHIVE_FUNCTIONS(BS_ARCHIVE_MEMBER)
#undef BS_ARCHIVE_MEMBER
} bs_archive_functions;

/* NULL if the library is missing: the error says so, for the file at `path`. */
const bs_archive_functions *bs_archive_load(const char *path, biascope_error *error);

#endif
