/* A line of delimiter-separated fields, and what a field may contain. */
#ifndef BIASCOPE_DATA_CSV_FIELD_H
#define BIASCOPE_DATA_CSV_FIELD_H

#include "data/number.h"

enum { BS_BLANKS = ' ' }; /* as delimiter: any run of spaces and tabs */

typedef struct {
  bs_span text; /* without the blanks and quotes around it; a doubled quote inside remains doubled */
  bool quoted;
} bs_field;

/* Takes the field at *cursor from a line; *cursor becomes NULL after the last. Returns NULL or the fault at *cursor. */
const char *bs_take_field(bs_span line, char delimiter, const char **cursor, bs_field *field);
/* The number of fields of a line; 0 if a quote is not closed. */
size_t bs_count_fields(bs_span line, char delimiter);
/* Makes doubled quotes inside the field single, in place: `text` is its text, which can be written to. */
void bs_field_collapse(bs_field *field, char *text);
/* A copy in UTF-8 with doubled quotes made single, to be freed; NULL if out of memory. */
char *bs_field_copy(bs_field field);

/* Nothing, or one of the words that stand for a missing value. */
bool bs_is_missing(bs_span text);
/* true, false, yes and no in any case of letters, as 1 and 0. */
bool bs_is_truth(bs_span text, double *value);
/* Digits in groups of three, as 1,234,567.8. `decimal` is the other separator, which does not separate groups. */
bool bs_is_grouped(bs_span text, char decimal, double *value);
/* Whether a field was meant as a number, even if it is not a correct one. */
bool bs_begins_like_number(bs_span text, char decimal);

#endif
