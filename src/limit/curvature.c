#include "limit/curvature.h"

#include "base/memory.h"
#include "base/vector.h"
#include "data/dataset.h"
#include "loss/loss.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 60 };

/* l'' where margins begin to grow: the slope there times how fast its logarithm falls. */
static double second_derivative(biascope_loss loss) {
  const bs_loss *of = bs_loss_of(loss);
  const double start = DBL_MIN; /* the polynomial loss has a kink at 0 */
  return exp(of->log_slope(start)) * of->slope_decay(start);
}

biascope_status bs_curvature(const biascope_dataset *data, biascope_loss loss, double *curvature,
                             biascope_error *error) {
  const size_t d = data->features;
  double *v = BS_NEW(double, 2 * d), value = 0.0;
  if (!v) return bs_fail_memory(error, "the loss's curvature");
  double *product = v + d;
  for (size_t k = 0; k < d; k++) v[k] = 1.0 + 0.5 * sin((double)k); /* not orthogonal to anything in particular */
  for (int round = 0; round < ROUNDS; round++) {
    bs_scale(d, 1.0 / bs_norm2(d, v), v);
    memset(product, 0, d * sizeof *product);
    for (size_t i = 0; i < data->samples; i++) bs_row_axpy(data, i, bs_row_dot(data, i, v), product);
    value = bs_norm2(d, product);
    if (!(value > 0.0)) break;
    memcpy(v, product, d * sizeof *v);
  }
  free(v);
  *curvature = second_derivative(loss) * value / (double)data->samples;
  return BIASCOPE_OK;
}

double bs_largest_step(double curvature, double beta1) {
  return 2.0 * (1.0 + beta1) / ((1.0 - beta1) * curvature);
}
