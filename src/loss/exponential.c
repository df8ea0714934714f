/* l(z) = exp(-z). */
#include "loss/loss.h"

#include "base/exponential.h"

static double log_exponential(double z) {
  return -z;
}

INLINE void find_slope(bs_form form, double z, double *mantissa, double *exponent) {
  *mantissa = bs_exponential(form, -z, exponent);
}

FASTEST(static, bs_slope, slope, (double z), (z)) {
  bs_slope s;
  find_slope(BS_SINGLE, z, &s.mantissa, &s.exponent);
  return s;
}

FASTEST_VOID(static, weigh, (size_t count, const double *margin, bs_weight *weight), (count, margin, weight)) {
  BS_WEIGH_EACH(find_slope, count, margin, weight);
}

static double slope_decay(double z) {
  (void)z;
  return 1.0;
}

/* e^-z = sum e^-least */
static void share(double least, double sum, double *mantissa, double *exponent) {
  (void)sum;
  *mantissa = bs_exponential(BS_SINGLE, -least, exponent);
}

const bs_loss bs_loss_exponential = {.name = "exp",
                                     .log_slope = log_exponential,
                                     .weigh = weigh,
                                     .slope = slope,
                                     .log_value = log_exponential,
                                     .slope_decay = slope_decay,
                                     .share = share,
                                     .tail = BS_TAIL_EXPONENTIAL,
                                     .largest_margin = BS_WEIGHT_LOG_LIMIT};
