/* Data sets derived from others: with an intercept. */
#include "data/dataset.h"

#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

typedef struct {
  size_t samples, features, stored;
  size_t *row_start;
  uint32_t *column;
  double *value;
} csr_arrays;

static biascope_status allocate(csr_arrays *to, size_t samples, size_t features, size_t entries,
                                biascope_error *error) {
  *to = (csr_arrays){
      samples, features, 0, BS_NEW(size_t, samples + 1), BS_NEW(uint32_t, entries), BS_NEW(double, entries)};
  return to->row_start && to->column && to->value ? BIASCOPE_OK : bs_fail_memory(error, "the derived data");
}

static void append(csr_arrays *to, size_t column, double value) {
  to->column[to->stored] = (uint32_t)column;
  to->value[to->stored++] = value;
}

/* The data set takes over the arrays, or they are freed. */
static biascope_status adopt(csr_arrays *from, biascope_status status, biascope_dataset **out, biascope_error *error) {
  if (status == BIASCOPE_OK)
    status =
        bs_dataset_adopt_csr(from->samples, from->features, from->row_start, from->column, from->value, out, error);
  if (status == BIASCOPE_OK) return status;
  free(from->row_start);
  free(from->column);
  free(from->value);
  return status;
}

bool biascope_dataset_is_folded(const biascope_dataset *data) {
  return !data->unfolded;
}

/* The same classes, with the same names. */
static biascope_status copy_classes(const biascope_dataset *data, biascope_dataset *to, biascope_error *error) {
  to->class_name = BS_NEW(char *, data->classes);
  to->class_samples = BS_NEW(size_t, data->classes);
  to->class = BS_NEW(uint32_t, data->samples);
  if (!to->class_name || !to->class_samples || !to->class) return bs_fail_memory(error, "the classes");
  to->classes = data->classes;
  to->unfolded = data->unfolded;
  to->positive = data->positive;
  memcpy(to->class_samples, data->class_samples, data->classes * sizeof *to->class_samples);
  memcpy(to->class, data->class, data->samples * sizeof *to->class);
  for (size_t k = 0; k < data->classes; k++)
    if (!(to->class_name[k] = bs_copy_text(data->class_name[k]))) return bs_fail_memory(error, "the classes");
  return BIASCOPE_OK;
}

biascope_status biascope_dataset_with_intercept(const biascope_dataset *data, biascope_dataset **out,
                                                biascope_error *error) {
  *out = NULL;
  if (!data->class)
    return bs_fail(error, BIASCOPE_USAGE, "labels that are folded in are not known, nor their intercept's sign");
  csr_arrays to;
  const size_t stored = data->dense ? data->samples * data->features : data->row_start[data->samples];
  biascope_status status = allocate(&to, data->samples, data->features + 1, stored + data->samples, error);
  for (size_t i = 0; status == BIASCOPE_OK && i < data->samples; i++) {
    const bs_row row = bs_row_of(data, i);
    for (size_t at = 0; at < row.count; at++)
      if (row.value[at] != 0.0) append(&to, bs_row_column(&row, at), row.value[at]);
    append(&to, data->features, data->unfolded || data->class[i] == data->positive ? 1.0 : -1.0);
    to.row_start[i + 1] = to.stored;
  }
  status = adopt(&to, status, out, error);
  if (status == BIASCOPE_OK) status = copy_classes(data, *out, error);
  if (status == BIASCOPE_OK) return status;
  biascope_dataset_free(*out);
  *out = NULL;
  return status;
}
