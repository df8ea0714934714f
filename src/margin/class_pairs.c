/* Which classes cannot be told apart: every pair of them is a problem of two classes. */
#include "base/memory.h"
#include "margin/rows.h"
#include <stdlib.h>

static bool is_of(const biascope_dataset *data, size_t i, size_t first, size_t second) {
  return data->class[i] == first || data->class[i] == second;
}

static biascope_status take_dense(const biascope_dataset *data, size_t first, size_t second, size_t samples,
                                  biascope_dataset **out, biascope_error *error) {
  const size_t d = data->features;
  double *values = BS_NEW(double, samples *d), *to = values;
  if (!values) return bs_fail_memory(error, "the samples of two classes");
  for (size_t i = 0; i < data->samples; i++)
    for (size_t k = 0; k < d && is_of(data, i, first, second); k++)
      *to++ = data->class[i] == first ? data->dense[i * d + k] : -data->dense[i * d + k];
  const biascope_status status = bs_dataset_adopt_dense(samples, d, values, out, error);
  if (status != BIASCOPE_OK) free(values);
  return status;
}

static biascope_status take_sparse(const biascope_dataset *data, size_t first, size_t second, size_t samples,
                                   biascope_dataset **out, biascope_error *error) {
  size_t *row_start = BS_NEW(size_t, samples + 1), row = 0, stored = 0;
  for (size_t i = 0; i < data->samples; i++) stored += is_of(data, i, first, second) ? bs_row_of(data, i).count : 0;
  uint32_t *column = BS_NEW(uint32_t, stored);
  double *value = BS_NEW(double, stored);
  biascope_status status = BIASCOPE_OK;
  if (!row_start || !column || !value) status = bs_fail_memory(error, "the samples of two classes");
  for (size_t i = 0, at = 0; status == BIASCOPE_OK && i < data->samples; i++) {
    if (!is_of(data, i, first, second)) continue;
    const bs_row entries = bs_row_of(data, i);
    for (size_t k = 0; k < entries.count; k++, at++) {
      column[at] = (uint32_t)bs_row_column(&entries, k);
      value[at] = data->class[i] == first ? entries.value[k] : -entries.value[k];
    }
    row_start[++row] = at;
  }
  if (status == BIASCOPE_OK)
    status = bs_dataset_adopt_csr(samples, data->features, row_start, column, value, out, error);
  if (status == BIASCOPE_OK) return status;
  free(row_start);
  free(column);
  free(value);
  return status;
}

/* The samples of two classes, those of the second negated. */
static biascope_status take_pair(const biascope_dataset *data, size_t first, size_t second, biascope_dataset **out,
                                 biascope_error *error) {
  const size_t samples = data->class_samples[first] + data->class_samples[second];
  return data->dense ? take_dense(data, first, second, samples, out, error)
                     : take_sparse(data, first, second, samples, out, error);
}

static biascope_status decide(const biascope_dataset *data, size_t first, size_t second, biascope_status *decision,
                              biascope_error *error) {
  static const biascope_solve_options ANY_MARGIN = {.tolerance = 1.0}; /* whatever its gap, it separates */
  biascope_dataset *pair;
  const biascope_status status = take_pair(data, first, second, &pair, error);
  if (status != BIASCOPE_OK) return status;
  biascope_margin margin;
  *decision = biascope_margin_solve(pair, (biascope_norm){.kind = BIASCOPE_L2}, &ANY_MARGIN, &margin, error);
  biascope_margin_free(&margin);
  biascope_dataset_free(pair);
  const bool decided =
      *decision == BIASCOPE_OK || *decision == BIASCOPE_NOT_SEPARABLE || *decision == BIASCOPE_NOT_CONVERGED;
  return decided ? BIASCOPE_OK : *decision;
}

biascope_status biascope_classes_decide(const biascope_dataset *data, biascope_status *decision,
                                        biascope_error *error) {
  const size_t k = data->classes;
  if (!data->unfolded) return bs_fail(error, BIASCOPE_USAGE, "pairs of classes are those of more than two");
  for (size_t a = 0; a < k; a++) {
    decision[a * k + a] = BIASCOPE_NOT_SEPARABLE;
    for (size_t b = a + 1; b < k; b++) {
      const biascope_status status = decide(data, a, b, &decision[a * k + b], error);
      if (status != BIASCOPE_OK) return status;
      decision[b * k + a] = decision[a * k + b];
    }
  }
  return BIASCOPE_OK;
}
