/* The columns of a store's runs: what identifies a run, its data, the options of training, its measures. They follow
 * from the tables of options and measures. */
#ifndef BIASCOPE_STUDY_COLUMN_H
#define BIASCOPE_STUDY_COLUMN_H

#include "base/error.h"

typedef enum {
  BS_COLUMN_IDENTITY = 1,    /* hash, status */
  BS_COLUMN_DATA = 2,        /* data, samples, features */
  BS_COLUMN_OPTION = 4,      /* options of training, and the steps */
  BS_COLUMN_MEASURE = 8,     /* measures of the weights */
  BS_COLUMN_LIMIT = 16,      /* measures of the predicted direction */
  BS_COLUMN_PREDICTION = 32, /* its certificate */
  BS_COLUMN_ORIGIN = 64      /* version, machine, started, seconds */
} bs_column_kind;

/* How values are placed on an axis. */
typedef enum {
  BS_COLUMN_SCALED, /* at their values */
  BS_COLUMN_EVENLY, /* at equal distances, in order */
  BS_COLUMN_NAMES   /* at equal distances, with nothing between them */
} bs_column_layout;

typedef struct {
  bs_column_kind kind;
  char name[32];
  const char *json;      /* the text that contains it: "spec", "result" or "certificate"; NULL: it is a stored column */
  char path[32];         /* its path in that text */
  const char *otherwise; /* SQL: its value if the path does not exist; NULL: NULL */
  const char *title, *label; /* in lists, and on axes; NULL: not for plots */
  bs_column_layout layout;
  bool is_flag;  /* 0 or 1, of an option that is on or off */
  bool of_limit; /* of a measure: there is also a column limit_... */
} bs_column;

/* False beyond the last. */
bool bs_column_at(size_t index, bs_column *out);
/* The SQL expression that computes it from the stored texts. */
void bs_column_expression(const bs_column *column, char *text, size_t size);
/* The names of the columns of these kinds (a sum), "hash, status, ...". Freed with free(); NULL: out of memory. */
char *bs_column_list(unsigned kinds);

#endif
