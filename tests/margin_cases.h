/* Random data for the max-margin tests. */
#ifndef BIASCOPE_TESTS_MARGIN_CASES_H
#define BIASCOPE_TESTS_MARGIN_CASES_H

#include "base/rng.h"
#include "biascope.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* cmocka needs those before it */
#include <cmocka.h>
#include <math.h>

static inline biascope_dataset *dense(size_t samples, size_t features, const double *values) {
  biascope_dataset *data;
  biascope_error error;
  if (biascope_dataset_from_dense(samples, features, values, &data, &error) != BIASCOPE_OK)
    fail_msg("%s", error.message);
  return data;
}

/* The same values in CSR, zeros left out. */
static inline biascope_dataset *compressed(size_t samples, size_t features, const double *values) {
  size_t *start = calloc(samples + 1, sizeof *start), count = 0;
  uint32_t *column = calloc(samples * features, sizeof *column);
  double *value = calloc(samples * features, sizeof *value);
  assert_true(start && column && value);
  for (size_t i = 0; i < samples; i++) {
    for (size_t k = 0; k < features; k++) {
      if (values[i * features + k] == 0.0) continue;
      column[count] = (uint32_t)k;
      value[count++] = values[i * features + k];
    }
    start[i + 1] = count;
  }
  biascope_dataset *data;
  biascope_error error;
  if (biascope_dataset_from_csr(samples, features, start, column, value, &data, &error) != BIASCOPE_OK)
    fail_msg("%s", error.message);
  free(start);
  free(column);
  free(value);
  return data;
}

/* Standard normal entries. With `margin` > 0, labelled by a random hyperplane at least that far from every sample. */
static inline double *gaussian_values(size_t samples, size_t features, double margin, uint64_t seed) {
  double *values = calloc(samples * features + features, sizeof *values), *teacher = values + samples * features;
  assert_non_null(values);
  double length = 0.0;
  for (size_t k = 0; k < features; k++) {
    teacher[k] = bs_random_normal(seed, BS_STREAM_LABELS, k);
    length += teacher[k] * teacher[k];
  }
  for (size_t i = 0; i < samples; i++) {
    double *x = values + i * features, z = 0.0;
    for (size_t k = 0; k < features; k++) {
      x[k] = bs_random_normal(seed, BS_STREAM_DATA, i * features + k);
      z += x[k] * teacher[k] / sqrt(length);
    }
    const double wanted = margin > 0.0 ? margin + fabs(z) : z; /* moved along the teacher, exactly to its place */
    for (size_t k = 0; k < features; k++) x[k] += (wanted - z) * teacher[k] / sqrt(length);
  }
  return values;
}

static inline biascope_dataset *gaussian(size_t samples, size_t features, double margin, uint64_t seed) {
  double *values = gaussian_values(samples, features, margin, seed);
  biascope_dataset *data = dense(samples, features, values);
  free(values);
  return data;
}

/* Turns every row by the same random rotation: reflections in two hyperplanes, x -> x - 2 u (u.x) with u a unit vector.
 */
static inline void rotate(size_t rows, size_t features, double *values, uint64_t seed) {
  double *u = gaussian_values(2, features, 0.0, seed);
  for (size_t row = 0; row < 2 * rows; row++) {
    double *x = values + row / 2 * features, *mirror = u + row % 2 * features, along = 0.0, square = 0.0;
    for (size_t k = 0; k < features; k++) {
      along += mirror[k] * x[k];
      square += mirror[k] * mirror[k];
    }
    for (size_t k = 0; k < features; k++) x[k] -= 2.0 * along / square * mirror[k];
  }
  free(u);
}

static const char *const NORM_NAMES[] = {"l2", "linf", "l1", "l1.5", "l3", "mahalanobis"};
enum { NORM_COUNT = 6, MAX_FEATURES = 64 };

/* Norm number i of the table; the metric is random, from 1/e to e. */
static inline biascope_norm norm_number(int i, double *metric) {
  static const biascope_norm_kind kinds[] = {BIASCOPE_L2, BIASCOPE_LINF, BIASCOPE_L1,
                                             BIASCOPE_LP, BIASCOPE_LP,   BIASCOPE_MAHALANOBIS};
  for (size_t k = 0; k < MAX_FEATURES; k++) metric[k] = exp(2.0 * bs_random_uniform(7, BS_STREAM_DATA, k) - 1.0);
  return (biascope_norm){.kind = kinds[i], .p = i == 3 ? 1.5 : 3.0, .metric = metric};
}

/* Solves, and checks all a solution promises whatever the data. */
static inline biascope_margin solved(const biascope_dataset *data, biascope_norm norm) {
  biascope_margin solution;
  biascope_error error = {0};
  if (biascope_margin_solve(data, norm, NULL, &solution, &error) != BIASCOPE_OK) fail_msg("%s", error.message);
  assert_true(solution.gap >= 0.0 && solution.gap <= 1e-10);
  assert_true(solution.margin > 0.0 && solution.margin <= solution.upper_bound * (1.0 + 1e-15));
  assert_true(biascope_margin_of(data, norm, solution.direction) == solution.margin);
  assert_int_equal(solution.unique, solution.face_dimension == 0);
  double total = 0.0;
  size_t support = 0;
  for (size_t i = 0; i < solution.samples; i++) {
    assert_true(solution.dual[i] >= 0.0);
    total += solution.dual[i];
    support += solution.dual[i] > 0.0;
  }
  assert_true(fabs(total - 1.0) <= 1e-14);
  assert_int_equal(support, solution.support);
  return solution;
}

#endif
