/* An axis of a study: one value, a list, or a range, as written in TOML; checked and expanded. */
#ifndef BIASCOPE_STUDY_AXIS_H
#define BIASCOPE_STUDY_AXIS_H

#include "study/toml_check.h"

/* A value and where it is written; a name is stored as its index in the list of names. */
typedef struct {
  double number;
  const bs_toml *where;
} bs_axis_value;

/* No values: the axis is not in the file. */
typedef struct {
  bs_axis_value *values;
  size_t count;
} bs_axis;

/* The values that an axis may have. */
typedef struct {
  const char *key;
  const char *(*name)(size_t index); /* the name of a choice, NULL beyond the last; NULL: numbers */
  const char *zero_name;             /* a word for 0 ("full"), or NULL */
  bool flag;                         /* true or false */
  bool whole;
  double low, high; /* both included */
} bs_axis_rule;

#define BS_AXIS_MOST_WHOLE 0x1p53 /* whole numbers up to here are exact */

/* Reads `node` into *out; errors are placed in `path`. */
biascope_status bs_axis_read(const char *path, const bs_toml *node, const bs_axis_rule *rule, bs_axis *out,
                             biascope_error *error);
void bs_axis_free(bs_axis *axis);
/* Index of the rule of that key; -1: none. */
int bs_axis_find_rule(const bs_axis_rule *rules, int count, const char *key);

#endif
