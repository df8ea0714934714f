/* What a run says about the answer, and how the answer becomes what the run shows. */
#include "confirm/attempts.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/vector.h"
#include "margin/rows.h"
#include "rule/optimizer.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* 1 - cos between a run that comes nearer to the answer and it, up to which the run is likely on its way there. */
static const double CLOSE = 1e-2;

biascope_status bs_confirm_answer(bs_confirmation *c, biascope_limit_kind kind, const char *by) {
  c->answer->kind = kind;
  c->answer->confirmed = true;
  c->answer->confirmed_by = by;
  return BIASCOPE_OK;
}

biascope_status bs_note_run(bs_confirmation *c, biascope_error *error) {
  biascope_prediction *answer = c->answer;
  if (isfinite(answer->gap)) answer->increment_cosine = 1.0 - bs_run_distance(c, answer);
  answer->run_settled = 1.0 - c->run.settle;
  answer->run_steps = c->run.steps;
  const size_t d = bs_confirmation_weights(answer);
  if (!answer->run_direction) answer->run_direction = BS_NEW(double, d);
  if (!answer->run_direction) return bs_fail_memory(error, "the run's direction");
  memcpy(answer->run_direction, c->run.increment, d * sizeof(double));
  const double length = bs_norm2(d, answer->run_direction);
  if (length > 0.0) bs_scale(d, 1.0 / length, answer->run_direction);
  return BIASCOPE_OK;
}

biascope_status bs_answer_by_run(bs_confirmation *c, biascope_limit_kind kind, const double *direction, double rate,
                                 biascope_error *error) {
  biascope_prediction *answer = c->answer;
  const size_t d = bs_confirmation_weights(answer);
  biascope_status status = BIASCOPE_OK;
  if (c->equilibrium && isfinite(answer->rate) && answer->rate > 0.0)
    status = bs_keep_other(answer, answer->direction, error);
  if (status != BIASCOPE_OK) return status;
  memset(answer->direction, 0, d * sizeof *answer->direction);
  if (direction) memcpy(answer->direction, direction, d * sizeof *answer->direction);
  const double length = bs_norm2(d, answer->direction);
  if (length > 0.0) bs_scale(d, 1.0 / length, answer->direction);
  memset(answer->dual, 0, bs_margin_rows(c->data) * sizeof *answer->dual); /* no equilibrium: nothing supports it */
  answer->support = 0;
  answer->gap = NAN;
  answer->rate = rate;
  answer->standard_error = 0.0;
  answer->unique = true;
  answer->method = "a run of small steps";
  answer->increment_cosine = kind == BIASCOPE_LIMIT_NOT_SEPARATING ? 1.0 - bs_run_distance(c, answer) : NAN;
  return bs_confirm_answer(c, kind, "run");
}

/* Whether a path, which is cheaper than a search in a random order, is to decide first. */
static bool approaches(const bs_confirmation *c) {
  return bs_seed_matters(c->training) && c->equilibrium && bs_is_precise(c->answer) &&
         bs_run_distance(c, c->answer) <= CLOSE && bs_run_nears(c, c->answer);
}

biascope_status bs_weigh_run(bs_confirmation *c, biascope_error *error) {
  biascope_prediction *answer = c->answer;
  const bs_run *run = &c->run;
  answer->run_steps = run->steps;
  if (run->escaped) return bs_answer_by_run(c, BIASCOPE_LIMIT_RUNAWAY, NULL, NAN, error);
  if (run->rests && !bs_weights_shrink(c->training))
    return bs_answer_by_run(c, BIASCOPE_LIMIT_REST, run->weights[BS_RUN_ALL], 0.0, error);
  bool adopted = false;
  biascope_status status = BIASCOPE_OK;
  if (c->equilibrium) bs_take_common_part(c, answer);
  if (!(c->equilibrium && bs_run_agrees(c, answer)) && run->settle <= BIASCOPE_RUN_SETTLED && !approaches(c))
    status = bs_search_from_run(c, false, &adopted, error);
  if (status == BIASCOPE_OK) status = bs_note_run(c, error);
  if (status == BIASCOPE_OK && c->equilibrium && (adopted || bs_run_agrees(c, answer)))
    return bs_confirm_answer(c, bs_limit_kind_of(c, answer), "run");
  if (status == BIASCOPE_OK && !bs_weights_shrink(c->training) && run->settle <= BS_RUN_SHOWS && run->margin < 0.0 &&
      run->growth < 0.0)
    return bs_answer_by_run(c, BIASCOPE_LIMIT_NOT_SEPARATING, run->increment, run->growth, error);
  return status;
}
