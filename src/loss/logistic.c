/* l(z) = log(1 + exp(-z)), -l'(z) = 1 / (1 + exp(z)). */
#include "loss/loss.h"

#include "base/exponential.h"

/* Above this margin log1p(exp(-z)) is below half a unit in the last place of z. */
static const double TAIL = 40.0;

static double log_slope(double z) {
  if (z > TAIL) return -z;
  return z > 0.0 ? -z - log1p(exp(-z)) : -log1p(exp(z));
}

/* 1 / (1 + e^z), with the larger of e^z and e^-z factored out. */
INLINE void find_slope(bs_form form, double z, double *mantissa, double *exponent) {
  enum { LEAST_EXPONENT = -1022 };
  double n;
  const double small = bs_exponential(form, -fabs(z), &n);
  const double beside_one = bs_choose(form, n < LEAST_EXPONENT, 0.0, small * bs_whole_power(n));
  *mantissa = bs_choose(form, z > 0.0, small, 1.0) / (1.0 + beside_one);
  *exponent = bs_choose(form, z > 0.0, n, 0.0);
}

FASTEST(static, bs_slope, slope, (double z), (z)) {
  bs_slope s;
  find_slope(BS_SINGLE, z, &s.mantissa, &s.exponent);
  return s;
}

FASTEST_VOID(static, weigh, (size_t count, const double *margin, bs_weight *weight), (count, margin, weight)) {
  BS_WEIGH_EACH(find_slope, count, margin, weight);
}

/* log log(1 + e^-z) = -z - e^-z / 2 + O(e^-2z). */
static double log_value(double z) {
  if (z > TAIL) return -z;
  return log(z > 0.0 ? log1p(exp(-z)) : -z + log1p(exp(z)));
}

static double slope_decay(double z) {
  const double small = exp(-fabs(z));
  return (z > 0.0 ? 1.0 : small) / (1.0 + small);
}

/* 1 / (e^least + sum), with the larger of e^least and e^-least factored out. */
static void share(double least, double sum, double *mantissa, double *exponent) {
  enum { LEAST_EXPONENT = -1022 };
  double n;
  const double small = bs_exponential(BS_SINGLE, -fabs(least), &n);
  const double small_itself = n < LEAST_EXPONENT ? 0.0 : small * bs_whole_power(n);
  *mantissa = least > 0.0 ? small / (1.0 + sum * small_itself) : 1.0 / (small_itself + sum);
  *exponent = least > 0.0 ? n : 0.0;
}

const bs_loss bs_loss_logistic = {.name = "logistic",
                                  .log_slope = log_slope,
                                  .weigh = weigh,
                                  .slope = slope,
                                  .log_value = log_value,
                                  .slope_decay = slope_decay,
                                  .share = share,
                                  .tail = BS_TAIL_EXPONENTIAL,
                                  .largest_margin = BS_WEIGHT_LOG_LIMIT};
