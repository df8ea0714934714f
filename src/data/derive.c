/* Data sets made of others: with an intercept, or of pairs of classes. */
#include "data/dataset.h"

#include "base/memory.h"
#include <stdlib.h>

static const size_t LARGEST_PAIRS = (size_t)1 << 26; /* entries */

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

/* The arrays become the data set's, or are freed. */
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

biascope_status biascope_dataset_with_intercept(const biascope_dataset *data, biascope_dataset **out,
                                                biascope_error *error) {
  *out = NULL;
  if (!data->class)
    return bs_fail(error, BIASCOPE_USAGE, "labels that are folded in are not known, nor their intercept's sign");
  csr_arrays to;
  const size_t stored = data->dense ? data->samples * data->features : data->row_start[data->samples];
  const biascope_status status = allocate(&to, data->samples, data->features + 1, stored + data->samples, error);
  for (size_t i = 0; status == BIASCOPE_OK && i < data->samples; i++) {
    const bs_row row = bs_row_of(data, i);
    for (size_t at = 0; at < row.count; at++)
      if (row.value[at] != 0.0) append(&to, bs_row_column(&row, at), row.value[at]);
    append(&to, data->features, data->unfolded || data->class[i] == data->positive ? 1.0 : -1.0);
    to.row_start[i + 1] = to.stored;
  }
  return adopt(&to, status, out, error);
}

/* Class y's weights stand at y d. A sample's rows are x at its own class and -x at another. */
static void append_pair(csr_arrays *to, const bs_row *row, size_t features, size_t own, size_t other) {
  const size_t first = own < other ? own : other, second = own < other ? other : own;
  for (int half = 0; half < 2; half++) {
    const size_t class = half ? second : first;
    for (size_t at = 0; at < row->count; at++)
      if (row->value[at] != 0.0)
        append(to, class * features + bs_row_column(row, at), class == own ? row->value[at] : -row->value[at]);
  }
}

biascope_status biascope_dataset_class_pairs(const biascope_dataset *data, const uint32_t *class, size_t classes,
                                             biascope_dataset **out, biascope_error *error) {
  *out = NULL;
  const size_t stored = biascope_dataset_nonzeros(data);
  size_t entries, samples, features;
  if (classes < 2 || __builtin_mul_overflow(stored, 2 * (classes - 1), &entries) || entries > LARGEST_PAIRS ||
      __builtin_mul_overflow(data->samples, classes - 1, &samples) ||
      __builtin_mul_overflow(data->features, classes, &features))
    return bs_fail(error, BIASCOPE_NOT_CONVERGED,
                   "the pairs of %zu classes have too many entries; expected 2^26 at most", classes);
  for (size_t i = 0; i < data->samples; i++)
    if (class[i] >= classes)
      return bs_fail(error, BIASCOPE_USAGE, "sample %zu is of class %u; expected less than %zu", i, class[i], classes);
  csr_arrays to;
  const biascope_status status = allocate(&to, samples, features, entries, error);
  size_t pair = 0;
  for (size_t i = 0; status == BIASCOPE_OK && i < data->samples; i++) {
    const bs_row row = bs_row_of(data, i);
    for (size_t other = 0; other < classes; other++) {
      if (other == class[i]) continue;
      append_pair(&to, &row, data->features, class[i], other);
      to.row_start[++pair] = to.stored;
    }
  }
  return adopt(&to, status, out, error);
}
