/* Adam's family: momentum over the root of a moving average of squares. */
#include "rule/optimizer.h"

INLINE bs_after move_adam(bs_before at) {
  const double m = bs_momentum(at), v = at.beta2 * at.v + (1.0 - at.beta2) * (at.g * at.g);
  return (bs_after){.m = m, .v = v, .direction = bs_ratio(m, sqrt(v) + at.eps), .content = v};
}

FASTEST static unsigned step_adam(const bs_update *u) {
  return bs_step_each(u, true, move_adam);
}

enum { EVERY_FAST_PATH = BS_FAST_LANES | BS_FAST_LAZY | BS_FAST_PASSES | BS_FAST_ROOTS };

const bs_optimizer_rule BS_RULE(adam) = {
    .name = "adam",
    .reads = {{BS_OPTION_BETA1, 0.9}, {BS_OPTION_BETA2, 0.999}, {BS_OPTION_EPS, 0.0}},
    .second = BS_SECOND_AVERAGE,
    .direction = BS_RATIO,
    .step = step_adam,
    .limit = BS_LIMIT_EQUILIBRIUM,
    .fast = EVERY_FAST_PATH};

const bs_optimizer_rule BS_RULE(adamw) = {
    .name = "adamw",
    .reads = {{BS_OPTION_BETA1, 0.9}, {BS_OPTION_BETA2, 0.999}, {BS_OPTION_EPS, 0.0}, {BS_OPTION_WEIGHT_DECAY, 0.01}},
    .second = BS_SECOND_AVERAGE,
    .direction = BS_RATIO,
    .step = step_adam,
    .limit = BS_LIMIT_EQUILIBRIUM,
    .fast = EVERY_FAST_PATH};

const bs_optimizer_rule BS_RULE(rmsprop) = {.name = "rmsprop",
                                            .reads = {{BS_OPTION_BETA2, 0.99}, {BS_OPTION_EPS, 0.0}},
                                            .second = BS_SECOND_AVERAGE,
                                            .direction = BS_RATIO,
                                            .step = step_adam,
                                            .limit = BS_LIMIT_EQUILIBRIUM,
                                            .fast = EVERY_FAST_PATH};

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

/* Without any memory the update is a sign, and its mean that of signs (bs_epoch_rule_of). */
const bs_epoch_mean bs_mean_ratio = {.second = BS_AVERAGE_SQUARES,
                                     .apply = apply_ratio,
                                     .decay = decay_of_ratio,
                                     .with_memory = BS_COMPARE_IN_COLUMN,
                                     .without_memory = BS_COMPARE_IN_BATCH_AND_COLUMN};
