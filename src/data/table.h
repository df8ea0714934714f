/* What every reader makes of a file, and how it becomes a data set: columns, labels, folding. */
#ifndef BIASCOPE_DATA_TABLE_H
#define BIASCOPE_DATA_TABLE_H

#include "data/dataset.h"
#include "data/labels.h"
#include "data/notes.h"

/* Rows as they stand in the file, dense or sparse. Zero-initialised: nothing yet. What is in it is the table's own. */
typedef struct {
  const char *path; /* as messages name it; the caller's */
  size_t samples, features;
  double *dense;     /* samples x features, row-major; NULL where sparse */
  size_t *row_start; /* CSR, as in a data set */
  uint32_t *column;
  double *value;
  char **names;     /* features, or NULL */
  bool labelled;    /* whether each sample has a label; else the labels are folded in */
  bs_labels labels; /* before they are sorted */
  bs_notes notes;
} bs_table;

/* Makes the data set, and takes what it needs out of the table. */
biascope_status bs_table_finish(bs_table *table, const biascope_read_options *options, biascope_dataset **out,
                                biascope_error *error);
void bs_table_free(bs_table *table);

#endif
