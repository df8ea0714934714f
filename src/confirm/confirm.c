#include "confirm/confirm.h"

#include "base/error.h"
#include "confirm/attempts.h"
#include "limit/expected.h"
#include "limit/predict.h"
#include "rule/optimizer.h"
#include "rule/option.h"
#include "train/cost.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* The gap of an equilibrium if a run agrees and no other tolerance is asked for: samples whose weight falls like 1 / s
 * leave a gap that rounding hides. */
static const double CONFIRMED_GAP = 1e-9;

/* What the increments of the last run did. */
static void describe_run(const bs_confirmation *c, size_t size, char *text) {
  const bs_run *run = &c->run;
  if (run->settle <= BIASCOPE_RUN_SETTLED)
    snprintf(text, size, "after %llu small steps training has settled", (unsigned long long)run->steps);
  else
    snprintf(
        text, size,
        "after %llu small steps training has not settled, its last increments at cosine %.6f with those before and "
        "the least margin at %.3g; --steps predicts where it is after so many steps, unless they are too many to "
        "follow",
        (unsigned long long)run->steps, 1.0 - run->settle, run->margin);
}

/* searched: the result of the search for an equilibrium, if it found none. */
static biascope_status unconfirmed(bs_confirmation *c, const biascope_error *searched, biascope_error *error) {
  biascope_prediction *answer = c->answer;
  const bool settled = c->run.settle <= BIASCOPE_RUN_SETTLED;
  char run[320];
  answer->kind = settled && c->equilibrium ? BIASCOPE_LIMIT_DIRECTION : BIASCOPE_LIMIT_UNSETTLED;
  describe_run(c, sizeof run, run);
  if (!c->equilibrium) return bs_fail(error, BIASCOPE_NOT_CONVERGED, "%.600s; %s", searched->message, run);
  return bs_fail(error, BIASCOPE_NOT_CONVERGED,
                 "the equilibrium found is not confirmed, at cosine %.6f with a run: %s%s", answer->increment_cosine,
                 run, settled ? " elsewhere" : "");
}

/* An unbounded update may run away at the step sizes asked for, although not at small ones. */
static biascope_status find_runaway(bs_confirmation *c, biascope_error *error) {
  const double cost = bs_step_cost(c->data, c->training);
  const uint64_t steps = (uint64_t)fmin(BS_FIRST_STEPS, BS_RUN_EFFORT / cost);
  biascope_status status = bs_run_make(c->data, c->training, steps, 0.0, BS_RUN_FADING, &c->run, error);
  if (status == BIASCOPE_OK && c->run.escaped) {
    c->answer->run_steps = steps;
    status = bs_answer_by_run(c, BIASCOPE_LIMIT_RUNAWAY, NULL, NAN, error);
  }
  bs_run_free(&c->run);
  return status;
}

/* If the mean is infinite, no run is needed. */
static biascope_status find_infinite_mean(bs_confirmation *c, biascope_error *error) {
  size_t feature;
  biascope_status status = bs_find_feature_without_mean(c->data, c->training, &feature, error);
  if (status != BIASCOPE_OK || feature == SIZE_MAX) return status;
  status = bs_answer_by_run(c, BIASCOPE_LIMIT_RUNAWAY, NULL, NAN, error);
  c->answer->method = "none: a feature's update has no mean, beta1 / sqrt(beta2) (1 - its samples / N)^batch >= 1";
  c->answer->confirmed_by = "theorem";
  return status;
}

/* In this order, until one confirms an answer. */
static biascope_status (*const ATTEMPTS[])(bs_confirmation *, biascope_error *) = {
    bs_run_along_face,     bs_run_longer_and_longer,      bs_take_face,      bs_take_point,
    bs_run_constant_steps, bs_follow_path_of_signs,       bs_follow_path,    bs_follow_finer_path,
    bs_run_slower,         bs_follow_path_of_small_steps, bs_follow_average, bs_find_worsening};

biascope_status bs_confirm_by_run(const biascope_dataset *data, const biascope_options *training,
                                  const biascope_predict_options *options, biascope_status found,
                                  biascope_prediction *answer, biascope_error *error) {
  const biascope_options read = bs_options_read(training);
  const double gap = options->tolerance == bs_predict_options_of(NULL).tolerance ? CONFIRMED_GAP : options->tolerance;
  const bool consistent = found == BIASCOPE_OK || answer->rate < 0.0 || read.lr_decay > 0.0;
  bs_confirmation c = {.data = data,
                       .training = &read,
                       .options = options,
                       .answer = answer,
                       .gap = gap,
                       /* a point of rest is found to rounding, which a gap does not tell */
                       .equilibrium =
                           consistent && (answer->gap <= gap || (found == BIASCOPE_OK && bs_weights_shrink(&read)))};
  if (bs_limit_is_theorem(training) && found == BIASCOPE_OK)
    return bs_confirm_answer(&c, BIASCOPE_LIMIT_DIRECTION, "theorem");
  const biascope_error searched = error && found == BIASCOPE_NOT_CONVERGED ? *error : (biascope_error){0};
  biascope_status status = BIASCOPE_OK;
  if (!bs_limit_is_theorem(training) && !bs_weights_shrink(training)) status = find_infinite_mean(&c, error);
  if (status == BIASCOPE_OK && !answer->confirmed && !bs_has_bounded_update(training)) status = find_runaway(&c, error);
  for (size_t n = 0; n < sizeof ATTEMPTS / sizeof *ATTEMPTS && status == BIASCOPE_OK && !answer->confirmed; n++)
    status = ATTEMPTS[n](&c, error);
  if (status == BIASCOPE_OK && !answer->confirmed) status = unconfirmed(&c, &searched, error);
  bs_run_free(&c.run);
  bs_path_end_free(&c.path);
  bs_search_result_free(&c.found);
  free(c.searched);
  return status;
}
