/* A piece of text that is not NUL-terminated. */
#ifndef BIASCOPE_DATA_SPAN_H
#define BIASCOPE_DATA_SPAN_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  const char *begin, *end;
} bs_span;

static inline size_t bs_span_length(bs_span span) {
  return (size_t)(span.end - span.begin);
}
/* Without the spaces and tabs at both ends. */
bs_span bs_trim(bs_span span);
bool bs_span_is(bs_span span, const char *word);
/* The same, in either case of letters. */
bool bs_span_is_any_case(bs_span span, const char *word);
/* Compares by bytes; a prefix comes before longer texts. */
int bs_span_compare(bs_span a, bs_span b);
/* A NUL-terminated copy, to be freed; NULL if out of memory. */
char *bs_span_copy(bs_span span);
/* The same in UTF-8: if the text is not UTF-8, each byte is taken as the character of that number (ISO 8859-1). */
char *bs_span_copy_utf8(bs_span span);

/* A span in quotes for an error message: cut to a readable length, unprintable bytes as \xNN. */
typedef struct {
  char text[80];
} bs_excerpt;
bs_excerpt bs_quote(bs_span span);

#ifdef __cplusplus
}
#endif

#endif
