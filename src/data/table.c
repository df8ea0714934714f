#include "data/table.h"

#include "base/memory.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_THAT_COUNT = 10 }; /* fewer may count up by chance */

/* ---- Labels --------------------------------------------------------------------------------- */

static biascope_status fail_classes(const bs_table *table, const char *expected, biascope_error *error) {
  return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: the labels are %s; expected %s", table->path,
                 bs_labels_list(&table->labels).text, expected);
}

/* Which class is +1, all others -1; `*fold` is false where several classes stay apart. */
static biascope_status choose_positive(const bs_table *table, const biascope_read_options *options, bool *fold,
                                       uint32_t *positive, biascope_error *error) {
  const bs_labels *labels = &table->labels;
  *fold = true;
  if (options->positive) {
    double value;
    const bs_span name = {options->positive, options->positive + strlen(options->positive)};
    const bool numeric = bs_parse_number(name, '.', &value) == BS_NUMBER;
    for (size_t k = 0; k < labels->count; k++) {
      *positive = (uint32_t)k;
      const bs_class *class = &labels->classes[k];
      if (strcmp(class->name, options->positive) == 0 || (numeric && class->numeric && class->value == value))
        return labels->count > 1 ? BIASCOPE_OK : fail_classes(table, "a second class beside the positive one", error);
    }
    return bs_fail(error, BIASCOPE_BAD_INPUT, "%s: no label is %s; the labels are %s", table->path, bs_quote(name).text,
                   bs_labels_list(labels).text);
  }
  *positive = 1;
  if (labels->count == 2) return BIASCOPE_OK;
  if (labels->count == 1) { /* the number says its sign by itself */
    *positive = labels->classes[0].value == 1.0 ? 0 : 1;
    if (labels->classes[0].numeric && fabs(labels->classes[0].value) == 1.0) return BIASCOPE_OK;
    return fail_classes(table, "exactly two distinct values", error);
  }
  *fold = false;
  if (options->several_classes) return BIASCOPE_OK;
  return fail_classes(table, "exactly two distinct values, or the name of the class that is told from the others",
                      error);
}

static void negate(bs_table *table, size_t row) {
  const size_t first = table->dense ? row * table->features : table->row_start[row];
  const size_t end = table->dense ? first + table->features : table->row_start[row + 1];
  double *values = table->dense ? table->dense : table->value;
  for (size_t at = first; at < end; at++) values[at] = 0.0 - values[at];
}

static biascope_status fold(bs_table *table, const biascope_read_options *options, biascope_error *error) {
  biascope_status status = bs_labels_sort(&table->labels, table->path, error);
  bool folds = false;
  uint32_t positive = 0;
  if (status == BIASCOPE_OK) status = choose_positive(table, options, &folds, &positive, error);
  for (size_t i = 0; status == BIASCOPE_OK && folds && i < table->samples; i++)
    if (table->labels.class[i] != positive) negate(table, i);
  return status;
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
  table->names = NULL;
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

biascope_status bs_table_finish(bs_table *table, const biascope_read_options *options, biascope_dataset **out,
                                biascope_error *error) {
  biascope_status status = note_row_numbers(table, error);
  if (status == BIASCOPE_OK && table->labelled) status = fold(table, options, error);
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
  bs_labels_free(&table->labels);
  bs_notes_free(&table->notes);
}
