/* signgd, signum and lion: the sign of the gradient, of its moving average, or of a mean of both. */
#include "rule/optimizer.h"

INLINE double sign_of(double m) {
  return (m > 0.0 ? 1.0 : 0.0) - (m < 0.0 ? 1.0 : 0.0);
}

INLINE bs_after move_sign(bs_before at) {
  const double m = bs_momentum(at);
  return (bs_after){.m = m, .direction = sign_of(m), .content = fabs(m)};
}

FASTEST(static, bool, step_sign, (const bs_update *u, double scale), (u, scale)) {
  return bs_step_each(lanes, u, scale, false, move_sign);
}

const bs_optimizer_rule BS_RULE(signgd) = {.name = "signgd",
                                           .direction = BS_SIGN,
                                           .norm = BIASCOPE_LINF,
                                           .step = step_sign,
                                           .limit = BS_LIMIT_EQUILIBRIUM,
                                           .fast = BS_FAST_ALONE | BS_FAST_LAZY | BS_FAST_PASSES};

const bs_optimizer_rule BS_RULE(signum) = {.name = "signum",
                                           .reads = {{BS_OPTION_BETA1, 0.9}},
                                           .direction = BS_SIGN,
                                           .norm = BIASCOPE_LINF,
                                           .step = step_sign,
                                           .limit = BS_LIMIT_EQUILIBRIUM,
                                           .fast = BS_FAST_ALONE | BS_FAST_LAZY | BS_FAST_PASSES};

/* Lion (Chen et al., arXiv 2302.06675, Algorithm 2): c = b1 m + (1-b1) g decides the sign, m = b2 m + (1-b2) g is kept.
 * c is the new m with b2 - b1 of the old m replaced by the gradient. */
INLINE bs_after move_lion(bs_before at) {
  const double m = bs_momentum(at);
  return (bs_after){.m = m, .direction = sign_of(at.past * at.m + at.present * at.g), .content = fabs(m)};
}

FASTEST(static, bool, step_lion, (const bs_update *u, double scale), (u, scale)) {
  return bs_step_each(lanes, u, scale, false, move_lion);
}

static void average_lion(const biascope_options *options, bs_epoch_rule *out) {
  out->beta1 = options->beta2;
  out->lead = options->beta2 - options->beta1;
}

static void weigh_lion(const biascope_options *options, uint64_t step, bs_rate *rate) {
  (void)step;
  rate->past = options->beta1;
  rate->present = 1.0 - options->beta1;
}

const bs_optimizer_rule BS_RULE(lion) = {
    .name = "lion",
    .reads = {{BS_OPTION_BETA1, 0.9}, {BS_OPTION_BETA2, 0.99}, {BS_OPTION_WEIGHT_DECAY, 0.0}},
    .direction = BS_SIGN,
    .norm = BIASCOPE_LINF,
    .averages = average_lion,
    .weigh = weigh_lion,
    .step = step_lion,
    .limit = BS_LIMIT_EQUILIBRIUM,
    .fast = BS_FAST_ALONE | BS_FAST_LAZY | BS_FAST_PASSES};

/* m / sqrt(m^2 + s^2 a^2), a in second: leaves dD/dm in momentum and dD/da in second. */
static void apply_sign(const bs_epoch_rule *rule, size_t steps, size_t width, const double *repeats, double *momenta,
                       double *sizes, double *direction) {
  const double smoothing = rule->smoothing;
  for (size_t t = 0; t < steps; t++) {
    double *momentum = momenta + t * width, *second = sizes + t * width;
    for (size_t k = 0; k < width; k++) {
      const double m = second[k] > 0.0 ? momentum[k] / second[k] : 0.0; /* in [-1, 1] */
      const double root = sqrt(m * m + smoothing * smoothing), inverse = root > 0.0 ? 1.0 / root : 0.0;
      const double slope = second[k] > 0.0 ? smoothing * smoothing * inverse * inverse * inverse / second[k] : 0.0;
      direction[k] += repeats[t] * (m * inverse);
      momentum[k] = repeats[t] * slope;
      second[k] = -repeats[t] * m * slope;
    }
  }
}

const bs_epoch_mean bs_mean_sign = {.second = BS_AVERAGE_SIZES,
                                    .apply = apply_sign,
                                    .decay = bs_epoch_direction_stays,
                                    .with_memory = BS_COMPARE_IN_COLUMN,
                                    .without_memory = BS_COMPARE_IN_BATCH_AND_COLUMN};
