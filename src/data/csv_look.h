/* Finds, from the beginning of a text, the character that separates the fields and the decimal point of its numbers. */
#ifndef BIASCOPE_DATA_CSV_LOOK_H
#define BIASCOPE_DATA_CSV_LOOK_H

#include "data/csv_field.h"

typedef struct {
  char delimiter, decimal;
  bool ambiguous;        /* there are only numbers such as 1,234: with a decimal comma, or in groups of three digits? */
  bs_span doubtful;      /* the first of these numbers */
  bool separator_line;   /* the first line is Excel's sep=; */
  bool trailing;         /* every line ends with a delimiter: the last column is empty */
  size_t fields, second; /* of the first line that is not a comment, and of the next; without the empty one */
} bs_dialect;

/* `ahead` is the beginning of the text. `usual` is the delimiter if nothing contradicts it, or 0. `delimiter` and
 * `decimal` are 0 or already known. */
bs_dialect bs_csv_look(bs_span ahead, char feed, char usual, char delimiter, char decimal);
/* Whether a line is a comment: its first character is '#'. */
bool bs_is_comment(bs_span line);
const char *bs_delimiter_name(char delimiter);

#endif
