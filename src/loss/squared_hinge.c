/* l(z) = max(0, 1 - z)^2, -l'(z) = 2 max(0, 1 - z). */
#include "loss/loss.h"

#include "base/weight.h"
#include <math.h>

static double log_slope(double z) {
  return z < 1.0 ? log(2.0 * (1.0 - z)) : -INFINITY;
}

static void weigh(size_t count, const double *margin, bs_weight *weight) {
  bs_weigh_from_logs(log_slope, count, margin, weight);
}

static double log_value(double z) {
  return z < 1.0 ? 2.0 * log(1.0 - z) : -INFINITY;
}

static double slope_decay(double z) {
  return z < 1.0 ? 1.0 / (1.0 - z) : INFINITY;
}

const bs_loss bs_loss_squared_hinge = {.name = "squared-hinge",
                                       .log_slope = log_slope,
                                       .weigh = weigh,
                                       .log_value = log_value,
                                       .slope_decay = slope_decay,
                                       .tail = BS_TAIL_NONE,
                                       .largest_margin = BS_WEIGHT_LOG_LIMIT};
