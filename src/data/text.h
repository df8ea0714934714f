/* A file's whole content in memory, and what every text reader does with it: numbers, excerpts, positions. */
#ifndef BIASCOPE_DATA_TEXT_H
#define BIASCOPE_DATA_TEXT_H

#include "base/error.h"
#include <locale.h>

typedef struct {
  const char *path; /* the caller's */
  char *bytes;      /* size bytes and a NUL after them */
  size_t size;
  locale_t c_locale; /* numbers are read with a decimal point whatever the program's locale */
} bs_text;

/* A piece of the text, not NUL-terminated. */
typedef struct {
  const char *begin, *end;
} bs_span;

/* Reads a regular file whole. */
biascope_status bs_text_load(bs_text *text, const char *path, biascope_error *error);
void bs_text_free(bs_text *text);
/* For formats that are text: refuses an empty file and NUL bytes, drops a UTF-8 byte-order mark. */
biascope_status bs_text_clean(bs_text *text, biascope_error *error);

/* An error at a place in the text: "path:line:column: ...", both counted from 1, columns in bytes. */
__attribute__((format(printf, 4, 5))) biascope_status bs_fail_at(biascope_error *error, const bs_text *text,
                                                                 const char *where, const char *format, ...);

/* A span in quotes as an error message shows it: cut to a readable length, unprintable bytes as \xNN. */
typedef struct {
  char text[80];
} bs_excerpt;
bs_excerpt bs_quote(bs_span span);

typedef enum { BS_NUMBER, BS_NOT_A_NUMBER, BS_NOT_FINITE } bs_number_kind;
/* The whole span must be one decimal number: [+-] digits [. digits] [e [+-] digits], no hexadecimal. Correctly
 * rounded; what is too small for a double becomes a denormal or 0. What is too large, inf and nan are BS_NOT_FINITE. */
bs_number_kind bs_parse_number(const bs_text *text, bs_span span, double *value);
/* The error for a span that is not BS_NUMBER; `what` names it ("field 3"). */
biascope_status bs_fail_number(biascope_error *error, const bs_text *text, bs_span span, bs_number_kind kind,
                               const char *what);

/* Without the spaces and tabs at both ends. */
bs_span bs_trim(bs_span span);
/* The line that starts at `cursor`, without its line feed or carriage return and line feed. */
bs_span bs_line(const bs_text *text, const char *cursor);
/* Where the line after it starts: the end of the text for the last line. */
const char *bs_next_line(const bs_text *text, bs_span line);
/* Whether nothing but blank lines follows. */
bool bs_only_blank(const bs_text *text, const char *cursor);
size_t bs_count_lines(const bs_text *text);

#endif
