#include "limit/curvature.h"

#include "base/memory.h"
#include "base/vector.h"
#include "loss/classes.h"
#include "margin/rows.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 60 };

static const double START = DBL_MIN; /* the polynomial loss has a kink at 0 */

typedef struct {
  size_t each;    /* rows of a sample */
  double *slope;  /* |dl/dm| of each, where margins begin to grow; the same for every sample */
  double *share;  /* of each in the sample's loss */
  double *change; /* of each margin */
  double decay;   /* how fast the slope falls (loss/classes.h) */
} at_start;

/* product += the Hessian of the loss of sample i times v. */
static void add_sample(const biascope_dataset *data, const at_start *at, size_t i, const double *v, double *product) {
  const size_t first = i * at->each;
  double mean = 0.0;
  for (size_t j = 0; j < at->each; j++) {
    at->change[j] = bs_margin_row_dot(data, first + j, v);
    mean += at->share[j] * at->change[j];
  }
  for (size_t j = 0; j < at->each; j++)
    bs_margin_row_axpy(data, first + j, at->slope[j] * (at->change[j] - (1.0 - at->decay) * mean), product);
}

/* By power iteration, of the sum over the samples. v, product: a number for each weight. */
static double largest_eigenvalue(const biascope_dataset *data, const at_start *at, double *v, double *product) {
  const size_t d = bs_margin_weights(data);
  double value = 0.0;
  for (size_t k = 0; k < d; k++) v[k] = 1.0 + 0.5 * sin((double)k); /* not orthogonal to anything in particular */
  for (int round = 0; round < ROUNDS; round++) {
    bs_scale(d, 1.0 / bs_norm2(d, v), v);
    memset(product, 0, d * sizeof *product);
    for (size_t i = 0; i < data->samples; i++) add_sample(data, at, i, v, product);
    value = bs_norm2(d, product);
    if (!(value > 0.0)) break;
    memcpy(v, product, d * sizeof *v);
  }
  return value;
}

biascope_status bs_curvature(const biascope_dataset *data, biascope_loss loss, double *curvature,
                             biascope_error *error) {
  const size_t d = bs_margin_weights(data), each = bs_rows_of_each(data);
  double *numbers = BS_NEW(double, 2 * d + 3 * each);
  if (!numbers) return bs_fail_memory(error, "the loss's curvature");
  at_start at = {.each = each, .slope = numbers + 2 * d};
  at.share = at.slope + each;
  at.change = at.share + each;
  for (size_t j = 0; j < each; j++) at.slope[j] = START;
  at.decay = bs_classes_slopes(bs_loss_of(loss), each, at.slope, at.slope, at.share);
  for (size_t j = 0; j < each; j++) at.slope[j] = exp(at.slope[j]);
  *curvature = largest_eigenvalue(data, &at, numbers, numbers + d) / (double)data->samples;
  free(numbers);
  return BIASCOPE_OK;
}

double bs_largest_step(double curvature, double beta1) {
  return 2.0 * (1.0 + beta1) / ((1.0 - beta1) * curvature);
}
