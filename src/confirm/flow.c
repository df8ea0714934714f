#include "confirm/confirm.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/vector.h"
#include "confirm/confirmation.h"
#include "limit/predict.h"
#include "margin/rows.h"
#include "rule/option.h"
#include <math.h>
#include <stdlib.h>

/* For a random order: its error, about 1e-5 in 1 - cos, is far below BS_AGREES. */
enum { SAMPLED_STEPS = 1 << 11 };
/* Multiplications, 2 10^9 a second. */
static const double EFFORT = 5e8;
static const double MARGIN_ERROR = 1e-3; /* in a step along the flow */

/* Confirmed by a known result for the rule with the full batch, whose max margin is the limit if it is unique; or by
 * the search itself, which follows the flow to where weight decay stops it. NULL: by neither. */
static const char *known_by(const biascope_options *training, const biascope_prediction *answer) {
  if (bs_limit_is_theorem(training)) return "theorem";
  if (bs_weights_shrink(training)) return "flow";
  return bs_is_full_batch(training, answer->samples) && answer->unique ? "theorem" : NULL;
}

/* Whether the flow from w = 0 reaches the answer's direction. */
static biascope_status follow(const biascope_dataset *data, const biascope_options *training,
                              const biascope_predict_options *options, const biascope_prediction *answer, bool *arrives,
                              biascope_error *error) {
  const biascope_predict_options affordable = {.effort =
                                                   options->effort > 0.0 ? fmin(EFFORT, options->effort) : EFFORT};
  const size_t d = bs_margin_weights(data);
  double *zero = BS_NEW(double, d), *increment = BS_NEW(double, d), *end = BS_NEW(double, d);
  bs_way way = {
      .start = zero, .error = MARGIN_ERROR, .direction = answer->direction, .increment = increment, .end = end};
  const biascope_status status = zero && increment && end ? bs_follow_way(data, training, &affordable, &way, error)
                                                          : bs_fail_memory(error, "the path of training");
  *arrives = status == BIASCOPE_OK && bs_cosine(d, end, answer->direction) >= 1.0 - BS_AGREES;
  free(zero);
  free(increment);
  free(end);
  return status == BIASCOPE_NO_MEMORY ? status : BIASCOPE_OK;
}

static biascope_status refuse_unbounded(const biascope_options *training, biascope_prediction *answer,
                                        biascope_error *error) {
  answer->kind = BIASCOPE_LIMIT_UNSETTLED;
  return bs_fail(error, BIASCOPE_NOT_CONVERGED,
                 "no limit is predicted without a run for beta1 %g and beta2 %g: where beta1^2 > beta2 the update "
                 "m / sqrt(v) has no bound, because m remembers fading gradients for longer than sqrt(v) does, and "
                 "training may run away",
                 bs_effective_beta1(training), bs_effective_beta2(training));
}

biascope_status bs_confirm_by_flow(const biascope_dataset *data, const biascope_options *training,
                                   const biascope_predict_options *options, biascope_status found,
                                   biascope_prediction *answer, biascope_error *error) {
  const biascope_options read = bs_options_read(training);
  if (!bs_has_bounded_update(&read)) return refuse_unbounded(&read, answer, error);
  const bool separates = !(answer->rate < 0.0);
  answer->kind = found == BIASCOPE_OK ? BIASCOPE_LIMIT_DIRECTION : BIASCOPE_LIMIT_UNSETTLED;
  if (found != BIASCOPE_OK && !(answer->gap <= options->tolerance && !separates)) return found;
  answer->confirmed_by = known_by(&read, answer);
  bool arrives = answer->confirmed_by != NULL;
  biascope_status status = BIASCOPE_OK;
  if (!arrives && read.lr_decay > 0.0) status = follow(data, &read, options, answer, &arrives, error);
  if (status != BIASCOPE_OK) return status;
  answer->confirmed = arrives;
  if (arrives && !answer->confirmed_by) answer->confirmed_by = "flow";
  if (bs_weights_shrink(&read)) answer->kind = BIASCOPE_LIMIT_REST;
  if (!separates) answer->kind = arrives ? BIASCOPE_LIMIT_NOT_SEPARATING : BIASCOPE_LIMIT_UNSETTLED;
  return arrives ? BIASCOPE_OK : found;
}
