/* Text files read whole, and numbers that are numbers to the last character. */
#ifndef BIASCOPE_DATA_TEXT_H
#define BIASCOPE_DATA_TEXT_H

#include "base/error.h"

typedef struct {
  const char *path;
  char *bytes; /* size bytes and a terminating NUL; owned */
  size_t size;
} bs_text;

/* A piece of a text, not NUL-terminated. */
typedef struct {
  const char *begin;
  size_t length;
} bs_span;

/* Any regular file, whole. */
biascope_status bs_file_load(const char *path, bs_text *out, biascope_error *error);
/* As bs_file_load, without a UTF-8 byte-order mark; a NUL byte is an error: this is no text. */
biascope_status bs_text_load(const char *path, bs_text *out, biascope_error *error);
void bs_text_free(bs_text *text);

/* The next line from *cursor without its LF or CRLF; false at the end of the text. */
bool bs_next_line(const bs_text *text, size_t *cursor, bs_span *line);
bs_span bs_trim(bs_span span);

typedef enum { BS_NUMBER, BS_NOT_FINITE, BS_NOT_A_NUMBER } bs_number_kind;
/* Decimal numbers in the C locale, whatever the user's; the whole span must be one. "nan", "inf" and what
 * overflows are BS_NOT_FINITE; hexadecimal is not a number here. */
bs_number_kind bs_parse_number(bs_span span, double *value);
/* The error for a span that is not a finite number. `column` counts from 1. */
biascope_status bs_fail_number(const char *path, size_t line, size_t column, bs_span span, bs_number_kind kind,
                               biascope_error *error);

#endif
