/* The derivative of several classes: -d slope / d product is a k x k matrix E of each sample, so that the block of the
 * weights of classes a and c is sum_i (f_a x_i) E_ac x_i', f_a what a rate changes with by the gradient of class a. Of
 * a sample that most classes do not compete for, most of E is negligible and left out. */
#include "forecast/jacobian.h"

#include "base/dense.h"
#include "forecast/rows.h"
#include "forecast/slopes.h"
#include <math.h>
#include <string.h>

static const double LEAST_ENTRY = 1e-3; /* of E, beside those on the diagonal */

/* The rows of E sum to 0, since nothing changes where all products do, and so they must when entries are left out. */
static void leave_out_entries(size_t k, double *curvature) {
  for (size_t a = 0; a < k; a++)
    for (size_t c = a + 1; c < k; c++) {
      const double least = LEAST_ENTRY * fmin(curvature[a * k + a], curvature[c * k + c]);
      if (fabs(curvature[a * k + c]) > least) continue;
      curvature[a * k + c] = curvature[c * k + a] = 0.0;
    }
  for (size_t a = 0; a < k; a++) {
    double others = 0.0;
    for (size_t c = 0; c < k; c++) others += c == a ? 0.0 : curvature[a * k + c];
    curvature[a * k + a] = -others;
  }
}

/* The samples that matter for the weights of class a, into jacobian->member; returns their number. As for all samples
 * (choose_samples), what is faint is judged feature by feature. */
static size_t choose_members(bs_jacobian *jacobian, const bs_model *model, size_t a) {
  const size_t d = model->features;
  double *largest = jacobian->scratch;
  size_t count = 0;
  for (size_t b = 0; b < model->batches; b++) {
    memset(largest, 0, d * sizeof *largest);
    for (int pass = 0; pass < 2; pass++)
      for (size_t n = jacobian->first[b]; n < jacobian->first[b + 1]; n++) {
        const double slope = fabs(model->slope[a * model->samples + jacobian->index[n]]);
        const double *row = jacobian->rows + n * d;
        if (pass == 0) bs_rows_largest(d, BS_LEAST_SHARE * slope, row, largest);
        if (pass == 1 && bs_rows_exceed(d, slope, row, largest)) {
          jacobian->batch[count] = b;
          jacobian->member[count++] = n;
        }
      }
  }
  return count;
}

/* A sample's row times what rate_w, and rate_u, change with by its slope for class a: 2 d. */
static void fill_left(const bs_jacobian *jacobian, const bs_model *model, size_t a, size_t n, size_t b, double *out) {
  const size_t d = model->features, at = b * model->weights + a * d;
  const double own = model->random ? model->noise : 0.0, *row = jacobian->rows + n * d, *g = model->gradient + at;
  const double *by_gradient = jacobian->by_gradient + at, *by_square = jacobian->by_square + at;
  const double slope = own * model->slope[a * model->samples + jacobian->index[n]];
  for (size_t k = 0; k < d; k++) {
    out[k] = by_gradient[k] * row[k];
    out[d + k] = by_square[k] * row[k] * ((1.0 - own) * g[k] - slope * row[k]);
  }
}

/* Block (a, c) of both derivatives, of the chosen samples. */
static void fill_block(bs_jacobian *jacobian, const bs_model *model, size_t a, size_t c, size_t chosen) {
  const size_t d = model->features, D = model->weights, k = model->outputs, wide = 2 * d * sizeof(double);
  size_t count = 0;
  for (size_t m = 0; m < chosen; m++) {
    const size_t n = jacobian->member[m];
    const double entry = jacobian->curvature[(n * k + a) * k + c];
    if (entry == 0.0) continue;
    memcpy(jacobian->part + count * 2 * d, jacobian->left + m * 2 * d, wide);
    for (size_t j = 0; j < d; j++) jacobian->right[count * d + j] = entry * jacobian->rows[n * d + j];
    count++;
  }
  if (count > 0)
    bs_dense_multiply_atb(2 * d, d, count, 1.0, jacobian->part, jacobian->right, jacobian->block);
  else
    memset(jacobian->block, 0, d * wide);
  for (size_t r = 0; r < d; r++) {
    const size_t at = (a * d + r) * D + c * d;
    memcpy(jacobian->by_weights + at, jacobian->block + r * d, d * sizeof(double));
    memcpy(jacobian->second_by_weights + at, jacobian->block + (d + r) * d, d * sizeof(double));
  }
}

void bs_jacobian_fill_classes(bs_jacobian *jacobian, const bs_model *model) {
  const size_t d = model->features, k = model->outputs;
  for (size_t n = 0; n < jacobian->count; n++) {
    bs_slopes_curvature(model, jacobian->index[n], jacobian->curvature + n * k * k);
    leave_out_entries(k, jacobian->curvature + n * k * k);
  }
  for (size_t a = 0; a < k; a++) {
    const size_t chosen = choose_members(jacobian, model, a);
    for (size_t m = 0; m < chosen; m++)
      fill_left(jacobian, model, a, jacobian->member[m], jacobian->batch[m], jacobian->left + m * 2 * d);
    for (size_t c = 0; c < k; c++) fill_block(jacobian, model, a, c, chosen);
  }
}

/* u eliminated. */
void bs_jacobian_arrange_classes(bs_jacobian *jacobian) {
  const size_t D = jacobian->features;
  for (size_t r = 0; r < D; r++) {
    const double *by_weights = jacobian->by_weights + r * D, *by_square = jacobian->second_by_weights + r * D;
    double *row = jacobian->matrix + r * D, through = 0.0;
    if (jacobian->has_second) through = jacobian->weights_second[r] / (jacobian->a - jacobian->second_second[r]);
    for (size_t c = 0; c < D; c++) row[c] = -by_weights[c] - through * by_square[c];
    row[r] += jacobian->diagonal;
  }
}

void bs_jacobian_finish_classes(bs_jacobian *jacobian, const double *w, double *u) {
  const size_t D = jacobian->features;
  bs_dense_apply(D, D, 1.0, jacobian->second_by_weights, D, w, 1.0, u);
  for (size_t k = 0; k < D; k++) u[k] /= jacobian->a - jacobian->second_second[k];
}
