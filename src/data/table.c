#include "data/table.h"

#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

enum { ROWS_THAT_COUNT = 10 }; /* fewer may count up by chance */

biascope_status bs_fail_dataset_memory(biascope_error *error) {
  const size_t available = bs_memory_free();
  if (available == SIZE_MAX) return bs_fail_memory(error, "the dataset");
  return bs_fail(error, BIASCOPE_NO_MEMORY,
                 "out of memory while allocating the dataset: %zu MiB are free; fewer --columns, or a sparse format, "
                 "need less",
                 available >> 20);
}

/* ---- The data set --------------------------------------------------------------------------- */

/* Moves the names of the columns and of the classes, and the notes. */
static biascope_status describe(bs_table *table, biascope_dataset *data, biascope_error *error) {
  bs_labels *labels = &table->labels;
  if (table->labelled) {
    data->class_name = BS_NEW(char *, labels->count);
    data->class_samples = BS_NEW(size_t, labels->count);
    if (!data->class_name || !data->class_samples) return bs_fail_memory(error, "the classes");
    data->classes = labels->count;
    for (size_t k = 0; k < labels->count; k++) {
      data->class_name[k] = labels->classes[k].name;
      labels->classes[k].name = NULL;
      data->class_samples[k] = labels->classes[k].samples;
    }
    data->class = labels->class;
    labels->class = NULL;
  }
  data->name = table->names;
  data->shift = table->shift;
  data->scale = table->scale;
  data->mean = table->mean;
  data->positive = table->positive;
  data->unfolded = table->unfolded;
  data->rows_scaled = table->rows_scaled;
  data->intercept = table->intercept;
  table->names = NULL;
  table->shift = table->scale = table->mean = NULL;
  data->notes = table->notes;
  table->notes.count = 0;
  return BIASCOPE_OK;
}

static biascope_status adopt(bs_table *table, biascope_dataset **out, biascope_error *error) {
  biascope_status status;
  if (table->dense)
    status = bs_dataset_adopt_dense(table->samples, table->features, table->dense, out, error);
  else
    status = bs_dataset_adopt_csr(table->samples, table->features, table->row_start, table->column, table->value, out,
                                  error);
  if (status != BIASCOPE_OK) return status;
  table->dense = table->value = NULL;
  table->row_start = NULL;
  table->column = NULL;
  return BIASCOPE_OK;
}

/* Whether a column counts the rows from 0 or 1. */
static bool counts_rows(const bs_table *table, size_t column) {
  const double first = table->dense[column];
  if (first != 0.0 && first != 1.0) return false;
  for (size_t i = 1; i < table->samples; i++)
    if (table->dense[i * table->features + column] != first + (double)i) return false;
  return true;
}

static biascope_status note_row_numbers(bs_table *table, biascope_error *error) {
  biascope_status status = BIASCOPE_OK;
  if (!table->dense || table->samples < ROWS_THAT_COUNT) return status;
  for (size_t k = 0; status == BIASCOPE_OK && k < table->features; k++) {
    if (!counts_rows(table, k)) continue;
    if (table->names)
      status = bs_notes_add(&table->notes, error, "column '%s' counts the rows; --drop '%s' unless it is a feature",
                            table->names[k], table->names[k]);
    else
      status = bs_notes_add(&table->notes, error, "feature %zu counts the rows; --drop it unless it is a feature", k);
  }
  return status;
}

static biascope_status transform(bs_table *table, const biascope_read_options *options, biascope_error *error) {
  biascope_status status = bs_table_take_labels(table, options, error);
  if (status == BIASCOPE_OK && table->labelled) status = bs_labels_join(&table->labels, error);
  if (status == BIASCOPE_OK) status = bs_table_keep_pair(table, options, error);
  if (status == BIASCOPE_OK) status = bs_table_select(table, options, error);
  if (status == BIASCOPE_OK) status = bs_table_match(table, options->like, error);
  if (status == BIASCOPE_OK) status = bs_table_drop_missing(table, options, error);
  if (status == BIASCOPE_OK) status = bs_table_split(table, options, error);
  if (status == BIASCOPE_OK) status = bs_table_fill_missing(table, options, error);
  if (status == BIASCOPE_OK && !options->like) status = note_row_numbers(table, error);
  if (status == BIASCOPE_OK) status = bs_table_scale(table, options, error);
  if (status == BIASCOPE_OK && bs_adds_intercept(options)) status = bs_table_add_intercept(table, error);
  return status == BIASCOPE_OK ? bs_table_fold(table, options, error) : status;
}

biascope_status bs_table_finish(bs_table *table, const biascope_read_options *options, biascope_dataset **out,
                                biascope_error *error) {
  biascope_status status = transform(table, options, error);
  if (status == BIASCOPE_OK) status = adopt(table, out, error);
  if (status == BIASCOPE_OK) status = describe(table, *out, error);
  if (status == BIASCOPE_OK) return status;
  biascope_dataset_free(*out);
  *out = NULL;
  return status;
}

void bs_table_free(bs_table *table) {
  free(table->dense);
  free(table->row_start);
  free(table->column);
  free(table->value);
  for (size_t k = 0; table->names && k < table->features; k++) free(table->names[k]);
  free(table->names);
  free(table->shift);
  free(table->scale);
  free(table->mean);
  bs_labels_free(&table->labels);
  bs_notes_free(&table->notes);
}
