/* Which characters separate the fields of a text, and its numbers' fractions, found out by looking at its beginning. */
#ifndef BIASCOPE_DATA_CSV_LOOK_H
#define BIASCOPE_DATA_CSV_LOOK_H

#include "data/csv_field.h"

typedef struct {
  char delimiter, decimal;
  bool ambiguous;        /* numbers such as 1,234 alone: with a decimal comma, or in groups of three digits? */
  bs_span doubtful;      /* the first of them */
  bool separator_line;   /* the first line is Excel's sep=; */
  bool trailing;         /* every line ends with a delimiter: a last column without anything in it */
  size_t fields, second; /* of the first line that is no comment, and of the next; without the empty one */
} bs_dialect;

/* `ahead` is the beginning of the text; `usual` the delimiter where nothing speaks against it, or 0; `delimiter` and
 * `decimal` are 0 or what is known already. */
bs_dialect bs_csv_look(bs_span ahead, char feed, char usual, char delimiter, char decimal);
/* Whether a line is a comment: its first character is '#'. */
bool bs_is_comment(bs_span line);
const char *bs_delimiter_name(char delimiter);

#endif
