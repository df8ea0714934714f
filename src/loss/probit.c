/* l(z) = -log Phi(z), Phi the normal distribution, -l'(z) = phi(z) / Phi(z). Its tail is e^(-z^2/2). */
#include "loss/loss.h"

#include <math.h>

static const double LOG_ROOT_2PI = 0x1.d67f1c864beb5p-1, ROOT_HALF = 0x1.6a09e667f3bcdp-1;
/* The continued fraction is used from here on; below, exp(x^2/2) loses only a few roundings. */
static const double FAR = 5.0;
enum { TERMS = 24 };

static double log_density(double z) {
  return -0.5 * z * z - LOG_ROOT_2PI;
}

/* phi(x) / Phi(-x) - x, x >= 0: 1 / (x + 2 / (x + 3 / ...)) (Laplace). */
static double hazard_excess(double x) {
  if (x < FAR) return exp(log_density(x)) / (0.5 * erfc(x * ROOT_HALF)) - x;
  double rest = x;
  for (int k = TERMS; k > 1; k--) rest = x + k / rest;
  return 1.0 / rest;
}

/* log Phi(-x), x >= 0 */
static double log_tail(double x) {
  return log_density(x) - log(x + hazard_excess(x));
}

static double log_slope(double z) {
  if (z <= 0.0) return log(hazard_excess(-z) - z);
  return log_density(z) - log1p(-exp(log_tail(z)));
}

static void weigh(size_t count, const double *margin, bs_weight *weight) {
  bs_weigh_from_logs(log_slope, count, margin, weight);
}

static double log_value(double z) {
  if (z <= 0.0) return log(-log_tail(-z));
  const double tail = exp(log_tail(z));
  return tail > 0x1p-60 ? log(-log1p(-tail)) : log_tail(z);
}

static double slope_decay(double z) {
  return z <= 0.0 ? hazard_excess(-z) : z + exp(log_slope(z));
}

/* z^2 / 2 below BS_WEIGHT_LOG_LIMIT */
#define LARGEST_MARGIN 0x1p30

const bs_loss bs_loss_probit = {.name = "probit",
                                .log_slope = log_slope,
                                .weigh = weigh,
                                .log_value = log_value,
                                .slope_decay = slope_decay,
                                .tail = BS_TAIL_GAUSSIAN,
                                .largest_margin = LARGEST_MARGIN};
