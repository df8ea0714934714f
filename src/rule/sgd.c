/* gd and ngd: gradient descent with momentum, and the same of length 1.
 *
 * Momentum as torch's SGD has it, m = MU m + g, is an average of decay MU over 1 - MU: so it is kept, and the step size
 * takes the division. */
#include "base/padded.h"
#include "rule/optimizer.h"

INLINE bs_after move_gd(bs_before at) {
  const double m = bs_momentum(at);
  return (bs_after){.m = m, .direction = m * at.eps, .content = fabs(m)};
}

FASTEST(static, bool, step_gd, (const bs_update *u, double scale), (u, scale)) {
  return bs_step_each(lanes, u, scale, false, move_gd);
}

INLINE bs_after move_nesterov(bs_before at) {
  const double m = bs_momentum(at);
  return (bs_after){.m = m, .direction = (at.past * m + at.present * at.g) * at.eps, .content = fabs(m)};
}

FASTEST(static, bool, step_nesterov, (const bs_update *u, double scale), (u, scale)) {
  return bs_step_each(lanes, u, scale, false, move_nesterov);
}

static void average_gd(const biascope_options *options, bs_epoch_rule *out) {
  out->beta1 = options->momentum > 0.0 ? options->momentum : options->beta1;
  if (options->nesterov) out->lead = out->beta1 - out->beta1 * out->beta1;
}

/* g + MU m = g + MU / (1-MU) average */
static void weigh_gd(const biascope_options *options, uint64_t step, bs_rate *rate) {
  (void)step;
  rate->eta /= 1.0 - options->momentum;
  rate->past = options->momentum;
  rate->present = 1.0 - options->momentum;
}

const bs_optimizer_rule BS_RULE(gd) = {
    .name = "gd",
    .reads = {{BS_OPTION_BETA1, 0.0}, {BS_OPTION_MOMENTUM, 0.0}, {BS_OPTION_NESTEROV, 0.0}},
    .averages = average_gd,
    .weigh = weigh_gd,
    .blended = step_nesterov,
    .torch = {{BS_OPTION_LR, 1e-3}, {BS_OPTION_WEIGHT_DECAY, 0.0}},
    .direction = BS_IDENTITY,
    .norm = BIASCOPE_L2,
    .step = step_gd,
    .limit = BS_LIMIT_L2,
    .fast = BS_FAST_ALONE | BS_FAST_LAZY | BS_FAST_PASSES};

/* m / ||m||_2 needs every coordinate of m before the first step: first the moments, with a step of zero. */
static bool step_ngd(const bs_update *u, double scale) {
  bs_update moments = *u;
  bs_rate still = *u->rate;
  still.eta = 0.0;
  moments.rate = &still;
  const bool tiny = step_gd(&moments, scale);
  const double norm = sqrt(bs_padded_dot(u->padded, u->m, u->m));
  if (norm > 0.0) bs_padded_add(u->padded, -u->rate->eta / norm, u->m, u->w);
  return tiny;
}

const bs_optimizer_rule BS_RULE(ngd) = {.name = "ngd",
                                        .reads = {{BS_OPTION_BETA1, 0.0}},
                                        .direction = BS_NORMALISED,
                                        .norm = BIASCOPE_L2,
                                        .step = step_ngd,
                                        .limit = BS_LIMIT_EQUILIBRIUM,
                                        .fast = BS_FAST_PASSES};

static void apply_identity(const bs_epoch_rule *rule, size_t steps, size_t width, const double *repeats,
                           double *momentum, double *second, double *direction) {
  (void)rule, (void)second;
  for (size_t t = 0; t < steps; t++) {
    for (size_t k = 0; k < width; k++) {
      direction[k] += repeats[t] * momentum[t * width + k];
      momentum[t * width + k] = repeats[t];
    }
  }
}

static double decay_of_momentum(const bs_epoch_rule *rule) {
  return rule->beta1;
}

/* A gradient that is negligible beside the others moves nothing. */
const bs_epoch_mean bs_mean_identity = {.apply = apply_identity,
                                        .decay = decay_of_momentum,
                                        .with_memory = BS_COMPARE_IN_DATA,
                                        .without_memory = BS_COMPARE_IN_DATA};
/* The length couples the coordinates: limit/epoch_spectral.c. */
const bs_epoch_mean bs_mean_normalised = {
    .decay = bs_epoch_direction_stays, .with_memory = BS_COMPARE_IN_DATA, .without_memory = BS_COMPARE_IN_BATCH};
