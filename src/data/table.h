/* What every reader makes of a file, and how it becomes a data set: columns, labels, folding. */
#ifndef BIASCOPE_DATA_TABLE_H
#define BIASCOPE_DATA_TABLE_H

#include "data/dataset.h"
#include "data/labels.h"
#include "data/notes.h"

/* Rows as in the file, dense or sparse. Zero-initialised: empty. The table owns what is in it. */
typedef struct {
  const char *path; /* as messages name it; the caller's */
  size_t samples, features;
  double *dense;     /* samples x features, row-major; NULL if sparse. NaN: missing */
  size_t *row_start; /* CSR, as in a data set */
  uint32_t *column;
  double *value;
  size_t allocated;             /* elements that dense, or column and value, have space for; 0: as many as they have */
  char **names;                 /* features, or NULL */
  bool labelled;                /* whether each sample has a label; if not, the labels are folded in */
  bool selected;                /* the reader has applied options->columns and drop */
  bs_labels labels;             /* before they are sorted */
  size_t missing;               /* values */
  biascope_error missing_first; /* where the first of them is */
  double *shift, *scale, *mean; /* features, or NULL */
  bool rows_scaled, intercept, unfolded;
  size_t positive;
  bs_notes notes;
} bs_table;

/* Whether the data get an intercept. */
static inline bool bs_adds_intercept(const biascope_read_options *options) {
  return options->like ? options->like->intercept : options->intercept;
}

/* Makes the data set. It takes over arrays of the table. */
biascope_status bs_table_finish(bs_table *table, const biascope_read_options *options, biascope_dataset **out,
                                biascope_error *error);
void bs_table_free(bs_table *table);

/* The error for data that do not fit into memory. */
biascope_status bs_fail_dataset_memory(biascope_error *error);

/* ---- The steps, in their order; each does nothing unless an option asks for it ----------------- */

/* Counts a missing value, which `where` and the rest describe, and puts NaN in its place. */
__attribute__((format(printf, 2, 3))) void bs_table_add_missing(bs_table *table, const char *format, ...);
/* Reads labels from a column of an array, or from a separate file. */
biascope_status bs_table_take_labels(bs_table *table, const biascope_read_options *options, biascope_error *error);
biascope_status bs_table_select(bs_table *table, const biascope_read_options *options, biascope_error *error);
/* Leaves out samples that lack a value, or refuses them, unless means take the place of missing values. */
biascope_status bs_table_drop_missing(bs_table *table, const biascope_read_options *options, biascope_error *error);
/* Puts the means of the features, the classifier's if it has any, in the place of missing values. */
biascope_status bs_table_fill_missing(bs_table *table, const biascope_read_options *options, biascope_error *error);
/* Leaves out samples that are of neither class of options->positive and negative, if there is a pair. */
biascope_status bs_table_keep_pair(bs_table *table, const biascope_read_options *options, biascope_error *error);
/* Keeps the part of the samples that is held out, or the other part. */
biascope_status bs_table_split(bs_table *table, const biascope_read_options *options, biascope_error *error);
/* Selects the columns of `like`, by name if both have names. */
biascope_status bs_table_match(bs_table *table, const biascope_model *like, biascope_error *error);
biascope_status bs_table_scale(bs_table *table, const biascope_read_options *options, biascope_error *error);
biascope_status bs_table_add_intercept(bs_table *table, biascope_error *error);
/* Sorts the classes, and negates the rows of -1. */
biascope_status bs_table_fold(bs_table *table, const biascope_read_options *options, biascope_error *error);

/* Keeps the samples for which `chosen` is `keep`. The labels are joined. */
void bs_table_keep_rows(bs_table *table, const bool *chosen, bool keep);
/* Keeps the dense columns for which `keep` is true, and their names. */
void bs_table_keep_columns(bs_table *table, const bool *keep);
/* Marks the columns that a list names by names, indices and ranges a:b; `names` may be NULL. */
biascope_status bs_choose_columns(const char *list, char *const *names, size_t count, const char *path, bool *chosen,
                                  biascope_error *error);

#endif
