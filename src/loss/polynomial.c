/* l(z) = 1 / (1 + z) for z >= 0, 1 - z below: convex, -l'(z) = 1 / (1 + max(z, 0))^2. */
#include "loss/loss.h"

#include "base/weight.h"
#include <math.h>

static double log_slope(double z) {
  return z > 0.0 ? -2.0 * log1p(z) : 0.0;
}

static void weigh(size_t count, const double *margin, bs_weight *weight) {
  bs_weigh_from_logs(log_slope, count, margin, weight);
}

static double log_value(double z) {
  return z > 0.0 ? -log1p(z) : log1p(-z);
}

static double slope_decay(double z) {
  return z > 0.0 ? 2.0 / (1.0 + z) : 0.0;
}

const bs_loss bs_loss_polynomial = {.name = "polynomial",
                                    .log_slope = log_slope,
                                    .weigh = weigh,
                                    .log_value = log_value,
                                    .slope_decay = slope_decay,
                                    .tail = BS_TAIL_POLYNOMIAL,
                                    .largest_margin = BS_WEIGHT_LOG_LIMIT};
