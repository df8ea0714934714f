/* Reads a text line by line: UTF-8 or, with a byte-order mark, UTF-16. Lines end in LF, CRLF or, in a text without LF,
 * CR. */
#ifndef BIASCOPE_DATA_LINES_H
#define BIASCOPE_DATA_LINES_H

#include "data/input.h"
#include "data/number.h"

typedef struct {
  bs_input *source;
  char *buffer;
  size_t capacity, begin, end; /* the part of the buffer that is not yet returned */
  bool at_end;                 /* of the source */
  int utf16;                   /* 0: UTF-8; else which byte of a unit is the high one, 1 or 2 */
  unsigned high_surrogate;     /* the first half of a pair whose second half is missing so far, or 0 */
  char feed;                   /* the character that ends a line */
  size_t number;               /* of the current line, from 1 */
  bs_span line;                /* the current line, without its end, valid until the next */
} bs_lines;

/* Examines the beginning, and refuses an empty text. The caller closes it after success or failure. */
biascope_status bs_lines_open(bs_lines *lines, bs_input *source, biascope_error *error);
void bs_lines_close(bs_lines *lines);
/* Moves to the next line; *more is false at the end. A NUL byte is refused. */
biascope_status bs_lines_next(bs_lines *lines, bool *more, biascope_error *error);
/* The text that follows the current line, as far as it has been read: some hundred kilobytes, or all. */
bs_span bs_lines_ahead(const bs_lines *lines);
/* Takes the next line, without its end, from a text; false at its end. `feed` ends a line. */
bool bs_take_line(bs_span *text, char feed, bs_span *line);

/* An error at a place in the current line: "path:line:column: ...", both counted from 1, columns in bytes. */
__attribute__((format(printf, 4, 5))) biascope_status bs_lines_fail(biascope_error *error, const bs_lines *lines,
                                                                    const char *where, const char *format, ...);
/* The error for a span that is not BS_NUMBER; `what` names it ("field 3"); `hint` is added to the message. */
biascope_status bs_fail_number(biascope_error *error, const bs_lines *lines, bs_span span, bs_number_kind kind,
                               const char *what, const char *hint);

#endif
