/* Whether a run and a predicted direction agree. */
#include "confirm/confirmation.h"

#include "base/vector.h"
#include "data/dataset.h"
#include "margin/rows.h"
#include "rule/optimizer.h"
#include "rule/option.h"
#include <math.h>

/* A run agrees with a direction if the cosine of its last increment with the direction is at least 1 - BS_AGREES, less
 * the uncertainty from a sampled order, and if the run itself has settled. */
static const double MOST_SAMPLED = 5e-4;
/* Nor does a run in a fixed order agree that is further than this from the direction and comes no nearer: one on its
 * way there comes nearer from one increment to the next, at least by this factor of 1 - cos. */
static const double BESIDE = 1e-5, NEARER = 0.98;
/* Margins grow at the rate of the equilibrium, to within this part of it: averages that lag change the length of
 * updates. */
static const double RATE = 0.5;
/* A direction that comes nearer like 1 / log t changes, while t doubles, by log 2 / log t of its angle to the limit. A
 * run that changes less than this part of that stays where it is, and no path from it confirms another place. */
static const double STAYS = 0.8;

/* Updates of an epoch that may be looked at one by one. */
static const double MOST_WATCHED = 1e6;

bool bs_limit_is_theorem(const biascope_options *training) {
  return bs_optimizer_rule_of(training->optimizer)->limit != BS_LIMIT_EQUILIBRIUM || training->eps > 0.0;
}

size_t bs_confirmation_weights(const biascope_prediction *prediction) {
  return prediction->outputs * prediction->features;
}

double bs_run_distance(const bs_confirmation *c, const biascope_prediction *prediction) {
  const double *shown = bs_weights_shrink(c->training) ? c->run.weights[BS_RUN_ALL] : c->run.increment;
  return 1.0 - bs_cosine(bs_confirmation_weights(prediction), shown, prediction->direction);
}

/* 1 - cos of the standard error. */
static double sampled(const biascope_prediction *prediction) {
  return 0.5 * prediction->standard_error * prediction->standard_error;
}

double bs_run_allowance(const biascope_prediction *prediction) {
  return BS_AGREES + fmin(MOST_SAMPLED, sampled(prediction));
}

bool bs_is_precise(const biascope_prediction *prediction) {
  return sampled(prediction) <= MOST_SAMPLED;
}

bool bs_run_nears(const bs_confirmation *c, const biascope_prediction *prediction) {
  const double before =
      1.0 - bs_cosine(bs_confirmation_weights(prediction), c->run.weights[BS_RUN_QUARTER], prediction->direction);
  return bs_run_distance(c, prediction) <= NEARER * before;
}

bool bs_run_stays(const bs_confirmation *c, const biascope_prediction *prediction) {
  const double apart = bs_run_distance(c, prediction);
  const double angle = acos(fmax(-1.0, 1.0 - apart)), change = acos(fmax(-1.0, 1.0 - c->run.settle));
  return change < STAYS * angle * log(2.0) / log((double)c->run.steps);
}

bool bs_run_agrees(const bs_confirmation *c, const biascope_prediction *prediction) {
  const double apart = bs_run_distance(c, prediction);
  if (bs_weights_shrink(c->training)) return apart <= bs_run_allowance(prediction);
  const bool rate = isnan(prediction->rate) || fabs(c->run.growth - prediction->rate) <= RATE * fabs(prediction->rate);
  const bool nears = bs_seed_matters(c->training) || apart <= BESIDE || bs_run_nears(c, prediction);
  return rate && apart <= bs_run_allowance(prediction) && c->run.settle <= BIASCOPE_RUN_SETTLED && nears;
}

bool bs_updates_are_signs(const bs_confirmation *c) {
  return bs_optimizer_rule_of(c->training->optimizer)->direction == BS_SIGN;
}

bool bs_updates_slide(const bs_confirmation *c) {
  return bs_updates_are_signs(c) && !bs_seed_matters(c->training);
}

bool bs_updates_may_be_watched(const bs_confirmation *c) {
  bs_epoch_rule rule;
  biascope_options training = *c->training;
  bs_epoch_rule_of(&training, c->data->samples, &rule);
  const size_t steps = bs_batches_per_epoch(c->training, c->data->samples), d = bs_margin_weights(c->data);
  if (bs_batches_per_epoch(&training, c->data->samples) > steps) return false; /* adamproxy averages over samples */
  const bool full = steps == 1 && rule.direction == BS_RATIO;
  return (rule.direction == BS_SIGN || full) && c->training->order == BIASCOPE_CYCLIC &&
         (double)steps * (double)d <= MOST_WATCHED;
}

/* No margin of several classes depends on a vector that is added to the weights of every class. Signs that alternate
 * may leave it open, with variance reduction where the max margin does: no equilibrium decides it then, nor a smoothed
 * path, but how single steps alternate. Over the full batch it is part of what by_face.c finds. */
static bool common_part_is_open(const bs_confirmation *c, const biascope_prediction *prediction) {
  biascope_options training = *c->training;
  bs_epoch_rule rule;
  bs_epoch_rule_of(&training, prediction->samples, &rule);
  return prediction->outputs > 1 && !bs_weights_shrink(c->training) &&
         !bs_is_full_batch(c->training, prediction->samples) && (!prediction->unique || rule.direction == BS_SIGN);
}

void bs_take_common_part(const bs_confirmation *c, biascope_prediction *prediction) {
  const size_t k = prediction->outputs, d = prediction->features;
  const double *shown = c->run.increment;
  double *direction = prediction->direction, along = 0.0, length = 0.0;
  if (!common_part_is_open(c, prediction) || !(c->run.settle <= BIASCOPE_RUN_SETTLED)) return;
  for (size_t f = 0; f < d; f++) {
    double own = 0.0, run = 0.0;
    for (size_t j = 0; j < k; j++) own += direction[j * d + f] / (double)k;
    for (size_t j = 0; j < k; j++) run += shown[j * d + f] / (double)k;
    for (size_t j = 0; j < k; j++) {
      direction[j * d + f] -= own;
      along += direction[j * d + f] * (shown[j * d + f] - run);
      length += direction[j * d + f] * direction[j * d + f];
    }
  }
  for (size_t f = 0; f < d && along > 0.0; f++) {
    double run = 0.0;
    for (size_t j = 0; j < k; j++) run += shown[j * d + f] / (double)k;
    for (size_t j = 0; j < k; j++) direction[j * d + f] += run * length / along;
  }
  bs_scale(k * d, 1.0 / bs_norm2(k * d, direction), direction);
}

biascope_limit_kind bs_limit_kind_of(const bs_confirmation *c, const biascope_prediction *prediction) {
  if (bs_weights_shrink(c->training) || prediction->rate == 0.0) return BIASCOPE_LIMIT_REST;
  return prediction->rate < 0.0 ? BIASCOPE_LIMIT_NOT_SEPARATING : BIASCOPE_LIMIT_DIRECTION;
}
