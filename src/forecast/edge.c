#include "forecast/edge.h"

#include "base/dense.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/vector.h"
#include "forecast/model.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Beyond this the decomposition costs more than the steps it spares. */
static const double MOST_CELLS = 1e5;
enum { MOST_FEATURES = 128 };
/* v must average over many oscillations, each of which takes two steps. */
static const double LEAST_MEMORY = 50.0;
static const double DIFFERENCE = 1e-4; /* of a margin, for the third derivative of the loss */

enum { PARTS = 10 };

static void list_parts(bs_edge *edge, size_t N, size_t d, bs_array *out) {
  const bs_array parts[PARTS] = {{&edge->extra, d},        {&edge->diagonal, d},  {&edge->by_root, d},
                                 {&edge->value, d},        {&edge->third, N},     {&edge->vector, d * d},
                                 {&edge->rows, N * d},     {&edge->along, N * d}, {&edge->matrix, d * d},
                                 {&edge->other, d * d + d}};
  memcpy(out, parts, sizeof parts);
}

biascope_status bs_edge_create(const bs_model *model, double gain, bs_edge *out, biascope_error *error) {
  const size_t N = model->samples, d = model->features;
  *out = (bs_edge){.gain = gain, .limit = 2.0 * (1.0 + model->beta1) / (1.0 - model->beta1)};
  out->possible = model->outputs == 1 && model->batches == 1 && !model->random && model->has_second && !model->is_sum &&
                  (1.0 - model->beta2) * LEAST_MEMORY <= 1.0 && d <= MOST_FEATURES &&
                  (double)N * (double)d <= MOST_CELLS;
  if (!out->possible) return BIASCOPE_OK;
  bs_array parts[PARTS];
  list_parts(out, N, d, parts);
  if (bs_arrays_allocate(PARTS, parts)) return BIASCOPE_OK;
  bs_edge_free(out);
  return bs_fail_memory(error, "the loss's curvature");
}

void bs_edge_free(bs_edge *edge) {
  bs_array parts[PARTS];
  list_parts(edge, 0, 0, parts);
  bs_arrays_free(PARTS, parts);
  memset(edge, 0, sizeof *edge);
}

/* M = R'R: the rows of R, of the samples that are not negligible. Returns their number. */
static size_t scale_rows(bs_edge *edge, const bs_model *model) {
  const size_t d = model->features;
  size_t count = 0;
  for (size_t i = 0; i < model->samples; i++) {
    if (model->slope[i] == 0.0) continue;
    const double curvature = model->eta * model->slope[i] * fmax(0.0, model->fall[i]) / (double)model->samples;
    double *row = edge->rows + count++ * d;
    for (size_t k = 0; k < d; k++) row[k] = sqrt(curvature * model->inverse[k]) * model->rows[i * d + k];
  }
  return count;
}

static double strength_of(const bs_edge *edge, size_t j) {
  return edge->gain * fmax(0.0, edge->value[j] / edge->limit - 1.0);
}

/* sum(D), and returned sum(D^2 P / v) */
static double sum_squares(const bs_edge *edge, size_t d, double *sum) {
  double squares = 0.0;
  *sum = 0.0;
  for (size_t k = 0; k < d; k++) {
    *sum += edge->diagonal[k];
    squares += edge->diagonal[k] * edge->diagonal[k] * edge->by_root[k];
  }
  return squares;
}

static void find_extra(bs_edge *edge, const bs_model *model) {
  const size_t d = model->features;
  double sum;
  memset(edge->diagonal, 0, d * sizeof *edge->diagonal);
  for (size_t j = 0; j < edge->count; j++)
    for (size_t k = 0; k < d; k++)
      edge->diagonal[k] += strength_of(edge, j) * edge->vector[j * d + k] * edge->vector[j * d + k];
  for (size_t k = 0; k < d; k++) edge->by_root[k] = 1.0 / (model->inverse[k] * model->level[k]);
  const double squares = sum_squares(edge, d, &sum);
  for (size_t k = 0; k < d; k++) edge->extra[k] = edge->diagonal[k] * edge->by_root[k] * sum * sum / squares;
}

void bs_edge_find(bs_edge *edge, const bs_model *model) {
  const size_t d = model->features;
  edge->count = 0;
  if (!edge->possible) return;
  const size_t rows = scale_rows(edge, model);
  if (bs_dot(rows * d, edge->rows, edge->rows) <= edge->limit) return; /* the trace bounds every eigenvalue */
  bs_dense_multiply_atb(d, d, rows, 1.0, edge->rows, edge->rows, edge->matrix);
  if (bs_dense_svd(d, d, edge->matrix, edge->other, edge->value, edge->vector) != BS_DENSE_OK) return;
  while (edge->count < d && edge->value[edge->count] > edge->limit) edge->count++;
  if (edge->count > 0) find_extra(edge, model);
}

/* ---- The derivative ------------------------------------------------------------------------------- */

/* eta l'''(z_i) / N, the sign of the margin's, into third; x_i . P^-1/2 y_m into along. */
static void prepare_derivative(bs_edge *edge, const bs_model *model) {
  const size_t N = model->samples, d = model->features;
  for (size_t i = 0; i < N; i++) {
    const double z = model->margin[i], fall = model->fall[i];
    const double bend = model->loss->slope_decay(z + DIFFERENCE) - model->loss->slope_decay(z - DIFFERENCE);
    edge->third[i] = model->eta * model->slope[i] * (bend / (2.0 * DIFFERENCE) - fall * fall) / (double)N;
    for (size_t k = 0; k < d; k++) edge->rows[i * d + k] = model->rows[i * d + k] * sqrt(model->inverse[k]);
  }
  bs_dense_multiply_abt(N, d, d, 1.0, edge->rows, edge->vector, edge->along, d);
}

/* (f(c_j) - f(c_m)) / (c_j - c_m), c_j above the limit, where f is linear; twice that if c_m is not, for the pair (m,
 * j).
 */
static double difference_ratio(const bs_edge *edge, size_t j, size_t m) {
  if (m < edge->count) return edge->gain / edge->limit;
  return 2.0 * strength_of(edge, j) / (edge->value[j] - edge->value[m]);
}

/* What eigenvector j gives to the derivative of D, the diagonal of f(M) (Daleckii and Krein 1965): the sum over m of
 * the ratio times y_j y_m (y_m' dM y_j). By u, M changes by -1/4 (S M + M S), S = diag(s du), s = sqrt(v) / P. */
static void add_by_second(bs_edge *edge, const bs_model *model, size_t j, double *by_second) {
  const size_t d = model->features;
  const double *y = edge->vector + j * d;
  for (size_t m = 0; m < d; m++) {
    const double factor = -0.25 * difference_ratio(edge, j, m) * (edge->value[j] + edge->value[m]);
    for (size_t k = 0; k < d; k++) edge->other[m * d + k] = factor * edge->vector[m * d + k];
  }
  bs_dense_multiply_atb(d, d, d, 1.0, edge->other, edge->vector, edge->matrix);
  for (size_t k = 0; k < d; k++)
    for (size_t l = 0; l < d; l++)
      by_second[k * d + l] += y[k] * y[l] * (1.0 - model->unit_eps * model->inverse[l]) * edge->matrix[k * d + l];
}

/* By w, y_m' dM y_j = sum_i third_i along_ij along_im x_i.dw. */
static void add_by_weights(bs_edge *edge, const bs_model *model, size_t j, double *by_weights) {
  const size_t N = model->samples, d = model->features;
  const double *y = edge->vector + j * d;
  for (size_t m = 0; m < d; m++) {
    const double ratio = difference_ratio(edge, j, m);
    for (size_t k = 0; k < d; k++) edge->other[k * d + m] = ratio * edge->vector[m * d + k];
  }
  bs_dense_multiply_abt(N, d, d, 1.0, edge->along, edge->other, edge->rows, d);
  for (size_t i = 0; i < N; i++) bs_scale(d, edge->third[i] * edge->along[i * d + j], edge->rows + i * d);
  bs_dense_multiply_atb(d, d, N, 1.0, edge->rows, model->rows, edge->matrix);
  for (size_t k = 0; k < d; k++) bs_axpy(d, y[k], edge->matrix + k * d, by_weights + k * d);
}

/* From the derivative of D to that of extra = D (P / v) sum^2 / squares. */
static void differentiate_factor(bs_edge *edge, const bs_model *model, double *by_weights, double *by_second) {
  const size_t d = model->features;
  double sum, *log_weights = edge->other, *log_second = edge->other + d; /* of squares / sum^2 */
  const double squares = sum_squares(edge, d, &sum);
  memset(log_weights, 0, d * sizeof *log_weights);
  for (size_t k = 0; k < d; k++) {
    const double root = 0.5 * (1.0 - model->unit_eps * model->inverse[k]) - 1.0; /* of P / v */
    log_second[k] = edge->diagonal[k] * edge->diagonal[k] * edge->by_root[k] * root / squares;
  }
  for (size_t k = 0; k < d; k++) {
    const double by_diagonal = 2.0 * edge->diagonal[k] * edge->by_root[k] / squares - 2.0 / sum;
    bs_axpy(d, by_diagonal, by_weights + k * d, log_weights);
    bs_axpy(d, by_diagonal, by_second + k * d, log_second);
  }
  for (size_t k = 0; k < d; k++) {
    const double factor = edge->by_root[k] * sum * sum / squares;
    bs_scale(d, factor, by_weights + k * d);
    bs_scale(d, factor, by_second + k * d);
    bs_axpy(d, -edge->extra[k], log_weights, by_weights + k * d);
    bs_axpy(d, -edge->extra[k], log_second, by_second + k * d);
    by_second[k * d + k] += edge->extra[k] * (0.5 * (1.0 - model->unit_eps * model->inverse[k]) - 1.0);
  }
}

void bs_edge_derivative(bs_edge *edge, const bs_model *model, double *by_weights, double *by_second) {
  const size_t d = model->features;
  memset(by_weights, 0, d * d * sizeof *by_weights);
  memset(by_second, 0, d * d * sizeof *by_second);
  prepare_derivative(edge, model);
  for (size_t j = 0; j < edge->count; j++) {
    add_by_second(edge, model, j, by_second);
    add_by_weights(edge, model, j, by_weights);
  }
  differentiate_factor(edge, model, by_weights, by_second);
}
