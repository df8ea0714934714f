/* A file's whole content in memory. */
#ifndef BIASCOPE_DATA_TEXT_H
#define BIASCOPE_DATA_TEXT_H

#include "base/error.h"
#include "data/number.h"

typedef struct {
  const char *path; /* the caller's */
  char *bytes;      /* size bytes and a NUL after them */
  size_t size;
} bs_text;

/* Reads a regular file whole. */
biascope_status bs_text_load(bs_text *text, const char *path, biascope_error *error);
void bs_text_free(bs_text *text);

/* The line that starts at `cursor`, without its line feed or carriage return and line feed. */
bs_span bs_line(const bs_text *text, const char *cursor);
/* Where the line after it starts: the end of the text for the last line. */
const char *bs_next_line(const bs_text *text, bs_span line);
/* An error at a place in the text: "path:line:column: ...", both counted from 1, columns in bytes. */
__attribute__((format(printf, 4, 5))) biascope_status bs_fail_at(biascope_error *error, const bs_text *text,
                                                                 const char *where, const char *format, ...);

#endif
