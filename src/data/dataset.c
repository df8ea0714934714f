#include "data/dataset.h"

#include "base/memory.h"
#include "base/vector.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

biascope_status biascope_dataset_from_dense(size_t samples, size_t features, const double *values,
                                            biascope_dataset **out, biascope_error *error) {
  *out = NULL;
  size_t count;
  if (samples == 0 || features == 0) return bs_fail(error, BIASCOPE_BAD_INPUT, "a dataset needs at least one sample and one feature");
  if (__builtin_mul_overflow(samples, features, &count)) return bs_fail_memory(error, "the dataset");
  for (size_t i = 0; i < count; i++) {
    if (!isfinite(values[i]))
      return bs_fail(error, BIASCOPE_BAD_INPUT, "sample %zu, feature %zu: %g is not a finite number", i / features,
                     i % features, values[i]);
  }
  biascope_dataset *data = BS_NEW(biascope_dataset, 1);
  if (data) data->dense = BS_NEW(double, count);
  if (!data || !data->dense) {
    biascope_dataset_free(data);
    return bs_fail_memory(error, "the dataset");
  }
  memcpy(data->dense, values, count * sizeof *values);
  data->samples = samples;
  data->features = features;
  *out = data;
  return BIASCOPE_OK;
}

void biascope_dataset_free(biascope_dataset *data) {
  if (!data) return;
  free(data->dense);
  free(data->row_start);
  free(data->column);
  free(data->value);
  free(data);
}

size_t biascope_dataset_samples(const biascope_dataset *data) { return data->samples; }
size_t biascope_dataset_features(const biascope_dataset *data) { return data->features; }
bool biascope_dataset_is_sparse(const biascope_dataset *data) { return data->dense == NULL; }

size_t biascope_dataset_nonzeros(const biascope_dataset *data) {
  const size_t stored = data->dense ? data->samples * data->features : data->row_start[data->samples];
  const double *values = data->dense ? data->dense : data->value;
  size_t nonzeros = 0;
  for (size_t i = 0; i < stored; i++) nonzeros += values[i] != 0.0;
  return nonzeros;
}

double bs_row_dot(const biascope_dataset *data, size_t row, const double *w) {
  if (data->dense) return bs_dot(data->features, data->dense + row * data->features, w);
  double sum = 0.0;
  for (size_t k = data->row_start[row]; k < data->row_start[row + 1]; k++) sum += data->value[k] * w[data->column[k]];
  return sum;
}

void bs_row_axpy(const biascope_dataset *data, size_t row, double scale, double *y) {
  if (data->dense) {
    bs_axpy(data->features, scale, data->dense + row * data->features, y);
    return;
  }
  for (size_t k = data->row_start[row]; k < data->row_start[row + 1]; k++) y[data->column[k]] += scale * data->value[k];
}

void bs_margins(const biascope_dataset *data, const double *w, double *z) {
  for (size_t i = 0; i < data->samples; i++) z[i] = bs_row_dot(data, i, w);
}

void bs_combine(const biascope_dataset *data, const double *c, double *u) {
  memset(u, 0, data->features * sizeof *u);
  for (size_t i = 0; i < data->samples; i++) {
    if (c[i] != 0.0) bs_row_axpy(data, i, c[i], u);
  }
}
