#include "margin/problem.h"

#include "base/memory.h"
#include "base/vector.h"
#include "margin/kernel.h"
#include "margin/norm.h"
#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Asking so much of the largest rows costs the margin about 1e-13 of itself. */
static const double LEAST_RHO = 0x1p-43;

size_t bs_zero_sample(const biascope_dataset *data) {
  for (size_t i = 0; i < data->samples; i++) {
    const bs_row row = bs_row_of(data, i);
    if (bs_max_abs(row.count, row.value) == 0.0) return i;
  }
  return data->samples;
}

/* Powers of four of the metric move into the columns; what stays in the metric lies in [1, 4). */
static void split_metric(const biascope_norm *norm, size_t d, double *metric, int *column_exponent) {
  for (size_t k = 0; k < d; k++) {
    int exponent = ilogb(norm->metric[k]);
    if (exponent & 1) exponent--;
    column_exponent[k] = -exponent / 2;
    metric[k] = ldexp(norm->metric[k], -exponent);
  }
}

static int largest_exponent(const biascope_dataset *data, size_t i, const int *column_exponent) {
  const bs_row row = bs_row_of(data, i);
  int largest = INT_MIN;
  for (size_t j = 0; j < row.count; j++) {
    if (row.value[j] == 0.0) continue;
    const int exponent = ilogb(row.value[j]) + (column_exponent ? column_exponent[bs_row_column(&row, j)] : 0);
    if (exponent > largest) largest = exponent;
  }
  return largest;
}

static void fill_sample(const biascope_dataset *data, size_t i, int exponent, const int *column_exponent,
                        bs_matrix *x) {
  const bs_row row = bs_row_of(data, i);
  for (size_t j = 0; j < row.count; j++) {
    const size_t k = bs_row_column(&row, j);
    const double scaled = ldexp(row.value[j], (column_exponent ? column_exponent[k] : 0) - exponent);
    if (x->dense)
      x->dense[i * x->stride + k] = scaled;
    else
      x->value[x->row_start[i] + j] = scaled;
  }
}

static biascope_status fill(const biascope_dataset *data, bs_problem *problem, biascope_error *error) {
  int *exponent = BS_NEW(int, data->samples);
  if (!exponent) return bs_fail_memory(error, "the row scales");
  int least = INT_MAX;
  for (size_t i = 0; i < data->samples; i++) {
    exponent[i] = largest_exponent(data, i, problem->column_exponent);
    if (exponent[i] < least) least = exponent[i];
    fill_sample(data, i, exponent[i], problem->column_exponent, &problem->x);
  }
  const size_t rows_each = problem->x.classes > 1 ? problem->x.classes - 1 : 1;
  for (size_t i = 0; i < problem->x.rows; i++) {
    problem->row_scale[i] = ldexp(1.0, least - exponent[i / rows_each]);
    problem->rho[i] = fmax(problem->row_scale[i], LEAST_RHO);
  }
  free(exponent);
  return BIASCOPE_OK;
}

/* Several classes: the samples in the order of their classes, and room for their products. */
static bool add_classes(const biascope_dataset *data, bs_matrix *x) {
  const size_t k = x->classes;
  x->class_of = data->class;
  x->by_class = BS_NEW(size_t, data->samples);
  x->class_start = BS_NEW(size_t, k + 2);
  x->scores = BS_NEW(double, data->samples *k);
  if (!x->by_class || !x->class_start || !x->scores) return false;
  for (size_t i = 0; i < data->samples; i++) x->class_start[data->class[i] + 2]++;
  for (size_t j = 2; j <= k; j++) x->class_start[j] += x->class_start[j - 1];
  for (size_t i = 0; i < data->samples; i++) x->by_class[x->class_start[data->class[i] + 1]++] = i;
  return true;
}

biascope_status bs_problem_create(const biascope_dataset *data, const biascope_norm *norm, bs_problem *out,
                                  biascope_error *error) {
  const size_t n = bs_margin_rows(data), d = bs_margin_weights(data), outputs = bs_outputs(data);
  const bool dense = data->dense != NULL;
  *out = (bs_problem){.norm = *norm,
                      .x = {.rows = n,
                            .columns = d,
                            .samples = data->samples,
                            .features = data->features,
                            .stride = outputs > 1 ? d / outputs : bs_padded(d),
                            .classes = outputs}};
  out->rho = BS_NEW(double, 2 * bs_padded(n));
  if (dense)
    out->x.dense = BS_NEW(double, data->samples * out->x.stride);
  else
    out->x.value = BS_NEW(double, data->row_start[data->samples]);
  if (norm->kind == BIASCOPE_MAHALANOBIS) {
    out->metric = BS_NEW(double, bs_padded(d));
    out->column_exponent = BS_NEW(int, d);
  }
  if (!out->rho || !(out->x.dense || out->x.value) || (outputs > 1 && !add_classes(data, &out->x)) ||
      (norm->kind == BIASCOPE_MAHALANOBIS && !(out->metric && out->column_exponent))) {
    bs_problem_free(out);
    return bs_fail_memory(error, "the scaled copy of the data");
  }
  out->row_scale = out->rho + bs_padded(n);
  out->x.row_start = data->row_start;
  out->x.column = data->column;
  if (out->metric) split_metric(norm, d, out->metric, out->column_exponent);
  out->norm.metric = out->metric;
  const biascope_status status = fill(data, out, error);
  if (status != BIASCOPE_OK) bs_problem_free(out);
  return status;
}

void bs_problem_free(bs_problem *problem) {
  free(problem->x.dense);
  free(problem->x.value);
  free(problem->x.by_class);
  free(problem->x.class_start);
  free(problem->x.scores);
  free(problem->rho);
  free(problem->metric);
  free(problem->column_exponent);
  *problem = (bs_problem){0};
}

void bs_problem_export(const bs_problem *problem, const double *w, const double *c, double *direction, double *dual) {
  const size_t n = problem->x.rows, d = problem->x.columns;
  /* The norm in scaled units equals the norm in the caller's. */
  const long double length = bs_norm_value(&problem->norm, (bs_shape){problem->x.classes, problem->x.features}, w);
  for (size_t k = 0; k < d; k++) {
    const double unit = length > 0.0L ? (double)((long double)w[k] / length) : (double)length; /* 0, or NaN */
    direction[k] = problem->column_exponent ? ldexp(unit, problem->column_exponent[k]) : unit;
  }
  long double total = 0.0L;
  for (size_t i = 0; i < n; i++) total += (long double)(c[i] * problem->row_scale[i]);
  for (size_t i = 0; i < n; i++) dual[i] = (double)((long double)(c[i] * problem->row_scale[i]) / total);
}
