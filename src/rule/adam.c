/* Adam's family: momentum over the root of a moving average of squares. */
#include "rule/optimizer.h"

INLINE bs_after move_adam(bs_before at) {
  const double m = bs_momentum(at), v = at.beta2 * at.v + (1.0 - at.beta2) * (at.product * at.product);
  return (bs_after){.m = m, .v = v, .direction = bs_ratio(m, bs_root_and_eps(v, at)), .content = v};
}

FASTEST(static, bool, step_adam, (const bs_update *u, double scale), (u, scale)) {
  return bs_step_each(lanes, u, scale, true, move_adam);
}

/* The step if the numerator has more of the gradient than m, or if biases are corrected. */
INLINE bs_after move_blended(bs_before at) {
  const double m = bs_momentum(at), v = at.beta2 * at.v + (1.0 - at.beta2) * (at.product * at.product);
  const double numerator = at.past * m + at.present * at.g;
  return (bs_after){.m = m, .v = v, .direction = bs_ratio(numerator, sqrt(v) + at.eps_weight * at.eps), .content = v};
}

FASTEST(static, bool, step_blended, (const bs_update *u, double scale), (u, scale)) {
  return bs_step_each(lanes, u, scale, true, move_blended);
}

/* 1 - decay^(step + 1): the sum of the weights in an average that started at 0, after `step` steps before this one. */
static double filled(double beta, uint64_t step) {
  return 1.0 - pow(beta, (double)step + 1.0);
}

/* sqrt(v / c) + eps = (sqrt(v) + sqrt(c) eps) / sqrt(c) */
static void correct_second(double beta2, uint64_t step, bs_rate *rate) {
  const double root = sqrt(filled(beta2, step));
  rate->eta *= root;
  rate->eps = root;
}

static void weigh_adam(const biascope_options *options, uint64_t step, bs_rate *rate) {
  if (!options->bias_correction) return;
  rate->past = 1.0;
  rate->present = 0.0;
  correct_second(options->beta2, step, rate);
  rate->eta /= filled(options->beta1, step);
}

enum { EVERY_FAST_PATH = BS_FAST_ALONE | BS_FAST_LAZY | BS_FAST_PASSES | BS_FAST_ROOTS };

const bs_optimizer_rule BS_RULE(adam) = {
    .name = "adam",
    .reads = {{BS_OPTION_BETA1, 0.9}, {BS_OPTION_BETA2, 0.999}, {BS_OPTION_EPS, 0.0}, {BS_OPTION_BIAS_CORRECTION, 0.0}},
    .second = BS_SECOND_AVERAGE,
    .direction = BS_RATIO,
    .norm = BIASCOPE_LINF,
    .weigh = weigh_adam,
    .step = step_adam,
    .blended = step_blended,
    .limit = BS_LIMIT_EQUILIBRIUM,
    .torch = {{BS_OPTION_LR, 1e-3},
              {BS_OPTION_EPS, 1e-8},
              {BS_OPTION_BIAS_CORRECTION, 1.0},
              {BS_OPTION_WEIGHT_DECAY, 0.0}},
    .fast = EVERY_FAST_PATH};

const bs_optimizer_rule BS_RULE(adamw) = {
    .name = "adamw",
    .reads = {{BS_OPTION_BETA1, 0.9},
              {BS_OPTION_BETA2, 0.999},
              {BS_OPTION_EPS, 0.0},
              {BS_OPTION_WEIGHT_DECAY, 0.01},
              {BS_OPTION_BIAS_CORRECTION, 0.0}},
    .second = BS_SECOND_AVERAGE,
    .direction = BS_RATIO,
    .norm = BIASCOPE_LINF,
    .weigh = weigh_adam,
    .step = step_adam,
    .blended = step_blended,
    .limit = BS_LIMIT_EQUILIBRIUM,
    .torch = {{BS_OPTION_LR, 1e-3}, {BS_OPTION_EPS, 1e-8}, {BS_OPTION_BIAS_CORRECTION, 1.0}},
    .fast = EVERY_FAST_PATH};

const bs_optimizer_rule BS_RULE(rmsprop) = {
    .name = "rmsprop",
    .reads = {{BS_OPTION_BETA2, 0.99}, {BS_OPTION_EPS, 0.0}},
    .second = BS_SECOND_AVERAGE,
    .direction = BS_RATIO,
    .norm = BIASCOPE_LINF,
    .step = step_adam,
    .limit = BS_LIMIT_EQUILIBRIUM,
    .torch = {{BS_OPTION_LR, 1e-2}, {BS_OPTION_EPS, 1e-8}, {BS_OPTION_WEIGHT_DECAY, 0.0}},
    .fast = EVERY_FAST_PATH};

/* ---- NAdam (Dozat 2016), as torch has it ---------------------------------------------------------- */

static void average_nadam(const biascope_options *options, bs_epoch_rule *out) {
  out->beta1 = options->beta1;
  out->beta2 = options->beta2;
  out->lead = options->beta1 - options->beta1 * options->beta1;
}

/* The momentum of a step from 1 on, which grows to beta1. */
static double momentum_of(double beta1, uint64_t step) {
  return beta1 * (1.0 - 0.5 * pow(0.96, 0.004 * (double)step));
}

static void weigh_nadam(const biascope_options *options, uint64_t step, bs_rate *rate) {
  const double beta1 = options->beta1;
  rate->past = beta1;
  rate->present = 1.0 - beta1;
  rate->eps = 1.0;
  if (!options->bias_correction) return;
  if (rate->counted == 0 || rate->counted > step + 1) {
    rate->product = 1.0;
    rate->counted = 0;
  }
  while (rate->counted < step + 1) rate->product *= momentum_of(beta1, ++rate->counted);
  const double next = momentum_of(beta1, step + 2);
  rate->past = next / (1.0 - rate->product * next);
  rate->present = (1.0 - momentum_of(beta1, step + 1)) / (1.0 - rate->product);
  correct_second(options->beta2, step, rate);
}

const bs_optimizer_rule BS_RULE(nadam) = {
    .name = "nadam",
    .reads = {{BS_OPTION_BETA1, 0.9}, {BS_OPTION_BETA2, 0.999}, {BS_OPTION_EPS, 0.0}, {BS_OPTION_BIAS_CORRECTION, 0.0}},
    .second = BS_SECOND_AVERAGE,
    .direction = BS_RATIO,
    .norm = BIASCOPE_LINF,
    .averages = average_nadam,
    .weigh = weigh_nadam,
    .step = step_blended,
    .limit = BS_LIMIT_EQUILIBRIUM,
    .torch = {{BS_OPTION_LR, 2e-3},
              {BS_OPTION_EPS, 1e-8},
              {BS_OPTION_BIAS_CORRECTION, 1.0},
              {BS_OPTION_WEIGHT_DECAY, 0.0}},
    .fast = BS_FAST_ALONE | BS_FAST_PASSES};

/* ---- AdaMax (Kingma and Ba 2015, Algorithm 2), as torch has it ------------------------------------- */

/* v is the square of u = max(b2 u, |g| + eps). */
INLINE bs_after move_adamax(bs_before at) {
  const double m = bs_momentum(at), size = fabs(at.product) + at.eps, old = at.beta2 * at.v, new = size *size;
  const double v = old > new ? old : new;
  return (bs_after){.m = m, .v = v, .direction = bs_ratio(m, sqrt(v)), .content = v};
}

FASTEST(static, bool, step_adamax, (const bs_update *u, double scale), (u, scale)) {
  return bs_step_loop(lanes, u, scale, true, BS_EPS_OWN,
                      move_adamax); /* eps beyond the last coordinate is zero, as v is */
}

static void average_adamax(const biascope_options *options, bs_epoch_rule *out) {
  out->beta1 = options->beta1;
  out->beta2 = options->beta2 * options->beta2;
}

static void weigh_adamax(const biascope_options *options, uint64_t step, bs_rate *rate) {
  if (options->bias_correction) rate->eta /= filled(options->beta1, step);
}

const bs_optimizer_rule BS_RULE(adamax) = {
    .name = "adamax",
    .reads = {{BS_OPTION_BETA1, 0.9}, {BS_OPTION_BETA2, 0.999}, {BS_OPTION_EPS, 0.0}, {BS_OPTION_BIAS_CORRECTION, 0.0}},
    .second = BS_SECOND_MAXIMUM,
    .direction = BS_RATIO,
    .norm = BIASCOPE_LINF,
    .averages = average_adamax,
    .weigh = weigh_adamax,
    .step = step_adamax,
    .limit = BS_LIMIT_UNKNOWN,
    .unknown =
        "its epoch map, with a decaying maximum in the place of an average, is not worked out; train it, or predict "
        "adam, which divides by an average of the same gradients",
    .torch = {{BS_OPTION_LR, 2e-3},
              {BS_OPTION_EPS, 1e-8},
              {BS_OPTION_BIAS_CORRECTION, 1.0},
              {BS_OPTION_WEIGHT_DECAY, 0.0}},
    .fast = BS_FAST_ALONE | BS_FAST_PASSES};

/* m / sqrt(v), v in second: leaves dD/dm in momentum, 2 dD/dv in second. */
static void apply_ratio(const bs_epoch_rule *rule, size_t steps, size_t width, const double *repeats, double *momenta,
                        double *seconds, double *direction) {
  (void)rule;
  for (size_t t = 0; t < steps; t++) {
    double *momentum = momenta + t * width, *second = seconds + t * width;
    for (size_t k = 0; k < width; k++) {
      const double inverse = second[k] > 0.0 ? 1.0 / sqrt(second[k]) : 0.0;
      direction[k] += repeats[t] * (momentum[k] * inverse);
      second[k] = -repeats[t] * (momentum[k] * inverse * inverse * inverse);
      momentum[k] = repeats[t] * inverse;
    }
  }
}

static double decay_of_ratio(const bs_epoch_rule *rule) {
  return rule->beta1 > 0.0 && rule->beta2 > 0.0 ? rule->beta1 / sqrt(rule->beta2) : 0.0;
}

/* Without memory the update is a sign, and its mean is that of signs (bs_epoch_rule_of). */
const bs_epoch_mean bs_mean_ratio = {.second = BS_AVERAGE_SQUARES,
                                     .apply = apply_ratio,
                                     .decay = decay_of_ratio,
                                     .with_memory = BS_COMPARE_IN_COLUMN,
                                     .without_memory = BS_COMPARE_IN_BATCH_AND_COLUMN};
