#include "data/dataset.h"

#include "base/memory.h"
#include <stdlib.h>

/* The next nonzero entry of a row at or after place *k; false at its end. */
static bool next_entry(const biascope_dataset *data, size_t row, size_t *k, size_t *feature, double *value) {
  const bs_row entries = bs_row_of(data, row);
  while (*k < entries.count && entries.value[*k] == 0.0) ++*k;
  if (*k == entries.count) return false;
  *feature = bs_row_column(&entries, *k);
  *value = entries.value[*k];
  ++*k;
  return true;
}

int bs_compare_rows(const void *a, const void *b, void *context) {
  const biascope_dataset *data = context;
  const size_t row_a = *(const uint32_t *)a, row_b = *(const uint32_t *)b;
  for (size_t i = 0, j = 0;;) {
    size_t feature_a = 0, feature_b = 0;
    double value_a = 0.0, value_b = 0.0;
    const bool more_a = next_entry(data, row_a, &i, &feature_a, &value_a);
    const bool more_b = next_entry(data, row_b, &j, &feature_b, &value_b);
    if (!more_a || !more_b) return more_a - more_b;
    if (feature_a != feature_b) return feature_a < feature_b ? -1 : 1;
    if (value_a != value_b) return value_a < value_b ? -1 : 1;
  }
}

/* By rows and then by classes: where labels are not in the rows, a repeated sample has the same one. */
static int compare_samples(const void *a, const void *b, void *context) {
  const biascope_dataset *data = context;
  const int rows = bs_compare_rows(a, b, context);
  if (rows != 0 || !data->class) return rows;
  const uint32_t first = data->class[*(const uint32_t *)a], second = data->class[*(const uint32_t *)b];
  return (first > second) - (first < second);
}

biascope_status biascope_dataset_describe(const biascope_dataset *data, biascope_dataset_facts *facts,
                                          biascope_error *error) {
  *facts = (biascope_dataset_facts){0};
  uint32_t *order = BS_NEW(uint32_t, data->samples);
  bool *used = BS_NEW(bool, data->features);
  if (!order || !used) {
    free(order);
    free(used);
    return bs_fail_memory(error, "the data set's description");
  }
  for (size_t i = 0; i < data->samples; i++) {
    order[i] = (uint32_t)i;
    size_t k = 0, feature;
    double value;
    bool zero = true;
    for (; next_entry(data, i, &k, &feature, &value); zero = false) used[feature] = true;
    facts->zero_samples += zero;
  }
  for (size_t k = 0; k < data->features; k++) facts->zero_features += !used[k];
  qsort_r(order, data->samples, sizeof *order, compare_samples, (void *)data);
  for (size_t i = 1; i < data->samples; i++)
    facts->repeated_samples += compare_samples(&order[i - 1], &order[i], (void *)data) == 0;
  free(order);
  free(used);
  return BIASCOPE_OK;
}
