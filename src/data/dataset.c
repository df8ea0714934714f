#include "data/dataset.h"

#include "base/memory.h"
#include "base/vector.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static biascope_status fail_entry(size_t sample, size_t feature, double value, biascope_error *error) {
  return bs_fail(error, BIASCOPE_BAD_INPUT, "sample %zu, feature %zu: %g is not a finite number", sample, feature,
                 value);
}

static biascope_status check_shape(size_t samples, size_t features, biascope_error *error) {
  if (samples == 0 || features == 0)
    return bs_fail(error, BIASCOPE_BAD_INPUT,
                   "a dataset of %zu samples and %zu features; expected at least one of each", samples, features);
  if (samples > UINT32_MAX || features > UINT32_MAX)
    return bs_fail(error, BIASCOPE_BAD_INPUT,
                   "a dataset of %zu samples and %zu features; expected fewer than 2^32 of each", samples, features);
  return BIASCOPE_OK;
}

biascope_status bs_dataset_adopt_dense(size_t samples, size_t features, double *values, biascope_dataset **out,
                                       biascope_error *error) {
  *out = NULL;
  const biascope_status status = check_shape(samples, features, error);
  if (status != BIASCOPE_OK) return status;
  for (size_t i = 0; i < samples * features; i++) {
    if (!isfinite(values[i])) return fail_entry(i / features, i % features, values[i], error);
  }
  biascope_dataset *data = BS_NEW(biascope_dataset, 1);
  if (!data) return bs_fail_memory(error, "the dataset");
  *data = (biascope_dataset){.samples = samples, .features = features, .dense = values};
  *out = data;
  return BIASCOPE_OK;
}

biascope_status biascope_dataset_from_dense(size_t samples, size_t features, const double *values,
                                            biascope_dataset **out, biascope_error *error) {
  *out = NULL;
  biascope_status status = check_shape(samples, features, error);
  if (status != BIASCOPE_OK) return status;
  double *copy = BS_NEW(double, samples *features);
  if (!copy) return bs_fail_memory(error, "the dataset");
  memcpy(copy, values, samples * features * sizeof *copy);
  status = bs_dataset_adopt_dense(samples, features, copy, out, error);
  if (status != BIASCOPE_OK) free(copy);
  return status;
}

static biascope_status check_row(size_t row, size_t features, const size_t *row_start, const uint32_t *column,
                                 const double *value, biascope_error *error) {
  if (row_start[row + 1] < row_start[row])
    return bs_fail(error, BIASCOPE_BAD_INPUT, "sample %zu: row_start descends; expected it to ascend", row);
  for (size_t k = row_start[row]; k < row_start[row + 1]; k++) {
    if (column[k] >= features)
      return bs_fail(error, BIASCOPE_BAD_INPUT, "sample %zu: column %u; expected less than %zu", row, column[k],
                     features);
    if (k > row_start[row] && column[k] <= column[k - 1])
      return bs_fail(error, BIASCOPE_BAD_INPUT, "sample %zu: column %u after %u; expected ascending columns", row,
                     column[k], column[k - 1]);
    if (!isfinite(value[k])) return fail_entry(row, column[k], value[k], error);
  }
  return BIASCOPE_OK;
}

biascope_status bs_dataset_adopt_csr(size_t samples, size_t features, size_t *row_start, uint32_t *column,
                                     double *value, biascope_dataset **out, biascope_error *error) {
  *out = NULL;
  biascope_status status = check_shape(samples, features, error);
  if (status == BIASCOPE_OK && row_start[0] != 0)
    status = bs_fail(error, BIASCOPE_BAD_INPUT, "row_start begins with %zu; expected 0", row_start[0]);
  for (size_t i = 0; status == BIASCOPE_OK && i < samples; i++)
    status = check_row(i, features, row_start, column, value, error);
  if (status != BIASCOPE_OK) return status;
  biascope_dataset *data = BS_NEW(biascope_dataset, 1);
  if (!data) return bs_fail_memory(error, "the dataset");
  *data = (biascope_dataset){
      .samples = samples, .features = features, .row_start = row_start, .column = column, .value = value};
  *out = data;
  return BIASCOPE_OK;
}

biascope_status biascope_dataset_from_csr(size_t samples, size_t features, const size_t *row_start,
                                          const uint32_t *column, const double *value, biascope_dataset **out,
                                          biascope_error *error) {
  *out = NULL;
  biascope_status status = check_shape(samples, features, error);
  for (size_t i = 0; status == BIASCOPE_OK && i < samples; i++)
    if (row_start[i + 1] < row_start[i])
      status = bs_fail(error, BIASCOPE_BAD_INPUT, "sample %zu: row_start descends; expected it to ascend", i);
  if (status != BIASCOPE_OK) return status;
  const size_t nonzeros = row_start[samples];
  size_t *starts = BS_NEW(size_t, samples + 1);
  uint32_t *columns = BS_NEW(uint32_t, nonzeros);
  double *values = BS_NEW(double, nonzeros);
  if (starts && columns && values) {
    memcpy(starts, row_start, (samples + 1) * sizeof *starts);
    memcpy(columns, column, nonzeros * sizeof *columns);
    memcpy(values, value, nonzeros * sizeof *values);
    status = bs_dataset_adopt_csr(samples, features, starts, columns, values, out, error);
    if (status == BIASCOPE_OK) return status;
  } else {
    status = bs_fail_memory(error, "the dataset");
  }
  free(starts);
  free(columns);
  free(values);
  return status;
}

static void free_texts(char **texts, size_t count) {
  for (size_t k = 0; texts && k < count; k++) free(texts[k]);
  free(texts);
}

void biascope_dataset_free(biascope_dataset *data) {
  if (!data) return;
  free(data->dense);
  free(data->row_start);
  free(data->column);
  free(data->value);
  free_texts(data->name, data->features);
  free_texts(data->class_name, data->classes);
  free(data->class_samples);
  free(data->class);
  free(data->shift);
  free(data->scale);
  free(data->mean);
  bs_notes_free(&data->notes);
  free(data);
}

size_t biascope_dataset_samples(const biascope_dataset *data) {
  return data->samples;
}
size_t biascope_dataset_features(const biascope_dataset *data) {
  return data->features;
}
size_t biascope_dataset_outputs(const biascope_dataset *data) {
  return bs_outputs(data);
}
biascope_status bs_require_two_classes(const biascope_dataset *data, const char *what, biascope_error *error) {
  if (bs_outputs(data) == 1) return BIASCOPE_OK;
  return bs_fail(error, BIASCOPE_USAGE, "%s for two classes only; these data have %zu", what, data->classes);
}
bool biascope_dataset_is_sparse(const biascope_dataset *data) {
  return data->dense == NULL;
}
void biascope_dataset_row(const biascope_dataset *data, size_t sample, double *out) {
  memset(out, 0, data->features * sizeof *out);
  const bs_row row = bs_row_of(data, sample);
  for (size_t at = 0; at < row.count; at++) out[bs_row_column(&row, at)] = row.value[at];
}
const char *biascope_dataset_feature_name(const biascope_dataset *data, size_t feature) {
  return data->name ? data->name[feature] : NULL;
}
size_t biascope_dataset_classes(const biascope_dataset *data) {
  return data->classes;
}
const char *biascope_dataset_class_name(const biascope_dataset *data, size_t class) {
  return data->class_name[class];
}
size_t biascope_dataset_class_samples(const biascope_dataset *data, size_t class) {
  return data->class_samples[class];
}
const uint32_t *biascope_dataset_labels(const biascope_dataset *data) {
  return data->class;
}
biascope_model biascope_dataset_model(const biascope_dataset *data, size_t outputs, const double *weights) {
  return (biascope_model){.features = data->features,
                          .outputs = outputs,
                          .classes = data->classes,
                          .weights = weights,
                          .feature_name = (const char *const *)data->name,
                          .class_name = (const char *const *)data->class_name,
                          .positive = data->positive,
                          .shift = data->shift,
                          .scale = data->scale,
                          .mean = data->mean,
                          .rows_scaled = data->rows_scaled,
                          .intercept = data->intercept};
}
size_t biascope_dataset_notes(const biascope_dataset *data) {
  return data->notes.count;
}
const char *biascope_dataset_note(const biascope_dataset *data, size_t note) {
  return data->notes.text[note];
}

size_t biascope_dataset_nonzeros(const biascope_dataset *data) {
  const size_t stored = data->dense ? data->samples * data->features : data->row_start[data->samples];
  const double *values = data->dense ? data->dense : data->value;
  size_t nonzeros = 0;
  for (size_t i = 0; i < stored; i++) nonzeros += values[i] != 0.0;
  return nonzeros;
}

biascope_status bs_dataset_scale(const biascope_dataset *data, int exponent, biascope_dataset **out,
                                 biascope_error *error) {
  const size_t samples = data->samples, features = data->features;
  const biascope_status status = data->dense ? biascope_dataset_from_dense(samples, features, data->dense, out, error)
                                             : biascope_dataset_from_csr(samples, features, data->row_start,
                                                                         data->column, data->value, out, error);
  if (status != BIASCOPE_OK) return status;
  const size_t stored = data->dense ? samples * features : data->row_start[samples];
  double *values = data->dense ? (*out)->dense : (*out)->value;
  for (size_t i = 0; i < stored; i++) values[i] = ldexp(values[i], exponent);
  if (!data->unfolded) return BIASCOPE_OK;
  const biascope_status labelled = biascope_dataset_set_classes(*out, data->classes, data->class, NULL, error);
  if (labelled == BIASCOPE_OK) return BIASCOPE_OK;
  biascope_dataset_free(*out);
  *out = NULL;
  return labelled;
}

double bs_row_walk(const biascope_dataset *data, size_t row, size_t k, size_t *next) {
  if (data->dense) return data->dense[row * data->features + k];
  const size_t at = data->row_start[row] + *next;
  if (at >= data->row_start[row + 1] || data->column[at] != k) return 0.0;
  (*next)++;
  return data->value[at];
}

double bs_row_dot(const biascope_dataset *data, size_t row, const double *w) {
  if (data->dense) return bs_dot(data->features, data->dense + row * data->features, w);
  const bs_row entries = bs_row_of(data, row);
  double sum[4] = {0.0, 0.0, 0.0, 0.0}; /* so that no addition has to wait for the one before */
  size_t at = 0;
  for (; at + 4 <= entries.count; at += 4)
    for (size_t j = 0; j < 4; j++) sum[j] += entries.value[at + j] * w[entries.column[at + j]];
  for (; at < entries.count; at++) sum[0] += entries.value[at] * w[entries.column[at]];
  return (sum[0] + sum[2]) + (sum[1] + sum[3]);
}

double bs_longest_row(const biascope_dataset *data, bool euclidean) {
  double longest = 0.0;
  for (size_t i = 0; i < data->samples; i++) {
    const bs_row row = bs_row_of(data, i);
    double sum = 0.0;
    for (size_t at = 0; at < row.count; at++) sum += fabs(row.value[at]);
    longest = fmax(longest, euclidean ? bs_norm2(row.count, row.value) : sum);
  }
  return longest;
}

void bs_row_axpy(const biascope_dataset *data, size_t row, double scale, double *y) {
  if (data->dense) {
    bs_axpy(data->features, scale, data->dense + row * data->features, y);
    return;
  }
  const bs_row entries = bs_row_of(data, row);
  size_t at = 0;
  /* The columns of a row differ, so that four sums need not wait for each other's stores. */
  for (; at + 4 <= entries.count; at += 4) {
    double sum[4];
    for (size_t j = 0; j < 4; j++) sum[j] = y[entries.column[at + j]] + scale * entries.value[at + j];
    for (size_t j = 0; j < 4; j++) y[entries.column[at + j]] = sum[j];
  }
  for (; at < entries.count; at++) y[entries.column[at]] += scale * entries.value[at];
}

void bs_combine(const biascope_dataset *data, const double *c, double *u) {
  memset(u, 0, data->features * sizeof *u);
  for (size_t i = 0; i < data->samples; i++) {
    if (c[i] != 0.0) bs_row_axpy(data, i, c[i], u);
  }
}
