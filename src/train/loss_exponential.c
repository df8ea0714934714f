/* l(z) = exp(-z). */
#include "train/loss.h"

#include "train/weight.h"

static double log_exponential(double z) {
  return -z;
}

static double slope_decay(double z) {
  (void)z;
  return 1.0;
}

const bs_loss bs_loss_exponential = {.name = "exp",
                                     .log_slope = log_exponential,
                                     .log_value = log_exponential,
                                     .slope_decay = slope_decay,
                                     .tail = BS_TAIL_EXPONENTIAL,
                                     .largest_margin = BS_WEIGHT_LOG_LIMIT};
