#include "limit/constant_step.h"

#include <math.h>

enum { MOST_ROUNDS = 100 };

static const double DECAY_TOLERANCE = 1e-13; /* relative, of r */
static const double NEARLY_STALE = 1e-9;     /* distance from the largest decay, relative */

/* The decay at which an average would contain only old gradients; INFINITY if none forgets. */
static double largest_decay(const bs_epoch_rule *rule) {
  const double first = rule->beta1 > 0.0 && rule->beta1 < 1.0 ? -log(rule->beta1) : INFINITY;
  const double second =
      rule->direction == BS_RATIO && rule->beta2 > 0.0 && rule->beta2 < 1.0 ? -0.5 * log(rule->beta2) : INFINITY;
  return fmin(first, second);
}

/* In units of the current gradient the momenta before are (1-beta1) / (1-grown beta1) times a normalised average: what
 * they and the gradient weigh together in a step, and they alone. */
typedef struct {
  double total, past;
} step_weights;

static step_weights weights_of(const bs_epoch_rule *rule, double grown_beta1, double decay) {
  const double past = bs_epoch_past(rule), gain = (1.0 - rule->beta1) / (1.0 - grown_beta1);
  const double old = past * exp(decay) * gain;
  return (step_weights){old + 1.0 - past, old};
}

static bs_epoch_rule decayed(const bs_epoch_rule *rule, double decay) {
  bs_epoch_rule grown = *rule;
  grown.beta1 = fmin(1.0, rule->beta1 * exp(decay));
  grown.beta2 = fmin(1.0, rule->beta2 * exp(2.0 * decay));
  if (rule->lead != 0.0) {
    const step_weights weights = weights_of(rule, grown.beta1, decay);
    grown.lead = grown.beta1 - weights.past / weights.total;
  }
  return grown;
}

/* How much longer the update is than that of normalised averages with the grown betas. */
static double length_gain(const bs_epoch_rule *rule, const bs_epoch_rule *grown, double decay) {
  if (rule->direction != BS_RATIO) return 1.0;
  const double momentum =
      rule->lead != 0.0 ? weights_of(rule, grown->beta1, decay).total : (1.0 - rule->beta1) / (1.0 - grown->beta1);
  return momentum * sqrt((1.0 - grown->beta2) / (1.0 - rule->beta2));
}

typedef struct {
  bs_epoch_rule start, *rule;
  double lr, *value;
  bs_value_finder find;
  void *context;
} work;

/* excess = eta times the rate at decay r, less r. */
static biascope_status evaluate(const work *w, double decay, double *excess, biascope_error *error) {
  *w->rule = decayed(&w->start, decay);
  const biascope_status status = w->find(w->context, w->rule, w->value, error);
  *w->value *= length_gain(&w->start, w->rule, decay);
  *excess = w->lr * *w->value - decay;
  return status;
}

/* Regula falsi with the Illinois rule between a point of positive and one of negative excess. */
static biascope_status find_root(const work *w, double low, double low_excess, double high, double high_excess,
                                 biascope_error *error) {
  biascope_status status = BIASCOPE_OK;
  for (int round = 0; round < MOST_ROUNDS && status == BIASCOPE_OK; round++) {
    const double middle = low + (high - low) * low_excess / (low_excess - high_excess);
    double excess;
    status = evaluate(w, middle, &excess, error);
    if (fabs(excess) <= DECAY_TOLERANCE * middle || high - low <= DECAY_TOLERANCE * middle) break;
    if (excess > 0.0) {
      low = middle;
      low_excess = excess;
      high_excess *= 0.5;
    } else {
      high = middle;
      high_excess = excess;
      low_excess *= 0.5;
    }
  }
  return status;
}

biascope_status bs_constant_step_solve(bs_epoch_rule *rule, double lr, bs_value_finder find, void *context,
                                       double *value, biascope_error *error) {
  const work w = {.start = *rule, .rule = rule, .lr = lr, .value = value, .find = find, .context = context};
  const double largest = (1.0 - NEARLY_STALE) * largest_decay(rule);
  if (!isfinite(largest)) return find(context, rule, value, error);
  double low = 0.0, low_excess, high, high_excess;
  biascope_status status = evaluate(&w, low, &low_excess, error);
  if (status != BIASCOPE_OK || !(low_excess > 0.0)) return status;
  for (high = fmin(low_excess, largest);; high = fmin(2.0 * high, largest)) {
    status = evaluate(&w, high, &high_excess, error);
    if (status != BIASCOPE_OK) return status;
    if (high_excess <= 0.0) break;
    if (high >= largest)
      return bs_fail(
          error, BIASCOPE_NOT_CONVERGED,
          "this constant lr is too large for beta1 %g and beta2 %g: gradients shrink faster than the averages "
          "forget (by more than e^-%.3g a step), and the direction hangs on the first steps",
          w.start.beta1, w.start.beta2, largest);
    low = high;
    low_excess = high_excess;
  }
  return find_root(&w, low, low_excess, high, high_excess, error);
}

static biascope_status fixed_value(void *context, const bs_epoch_rule *rule, double *value, biascope_error *error) {
  (void)rule;
  (void)error;
  *value = *(const double *)context;
  return BIASCOPE_OK;
}

biascope_status bs_constant_step_gain(const bs_epoch_rule *rule, double lr, double value, double *gain,
                                      biascope_error *error) {
  bs_epoch_rule decayed_rule = *rule;
  double rate;
  const biascope_status status = bs_constant_step_solve(&decayed_rule, lr, fixed_value, &value, &rate, error);
  *gain = status == BIASCOPE_OK ? rate / value : NAN;
  return status;
}
