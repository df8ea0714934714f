/* Which of several optimal directions the full batch's signs come to. Samples off the support decide it until they have
 * faded below what alternating signs leave, and the directions of runs that stop earlier may look settled. So a run
 * goes far. */
#include "confirm/attempts.h"

#include "base/vector.h"
#include "confirm/face.h"
#include "data/dataset.h"
#include "rule/optimizer.h"
#include "train/cost.h"
#include <math.h>

/* The least margin that the run aims for, and from which on it decides: samples whose margins grow 5 % faster have then
 * faded to e^-15. Its least steps, and most multiplications. */
static const double FAR_GOAL = 900.0, FAR_ENOUGH = 300.0, FAR_STEPS = 1e6, FAR_EFFORT = 2.5e10;
/* Averages that lag turn increments aside, in proportion to what gradients fade by in a step of what they forget. A run
 * of this goal follows where that is not little. */
static const double LITTLE_FADING = 0.03, FINER_GOAL = 400.0, FINER_EFFORT = 1e10, FINER = 0.5;

bool bs_signs_decide_face(const bs_confirmation *c) {
  return !c->answer->unique && c->answer->face == BIASCOPE_LINF && bs_steps_are_free(c) &&
         bs_is_full_batch(c->training, c->data->samples);
}

/* Whether the run has come far, and its increments change no more than they may be away from the answer. */
static bool is_far(const bs_confirmation *c) {
  return !c->run.escaped && c->run.margin >= FAR_ENOUGH && c->run.settle <= bs_run_allowance(c->answer);
}

biascope_status bs_take_nearest_optimal(bs_confirmation *c, biascope_error *error) {
  bool reached = false;
  biascope_status status = bs_face_take_run(c->data, &c->run, c->answer, &reached, error);
  if (status == BIASCOPE_OK) status = bs_note_run(c, error);
  return status == BIASCOPE_OK && reached ? bs_confirm_answer(c, BIASCOPE_LIMIT_DIRECTION, "run") : status;
}

/* Whether averages turn the finer run aside by no more than it may be away from the answer. Its angle to a run of more
 * lag says by how much. */
static bool lags_no_more(const bs_confirmation *c, const bs_run *before) {
  const double apart = bs_cosine(bs_confirmation_weights(c->answer), c->run.increment, before->increment);
  const double angle = acos(fmin(1.0, apart)) * c->run.fading / (before->fading - c->run.fading);
  return c->run.fading < before->fading && 1.0 - cos(fmin(1.0, angle)) <= bs_run_allowance(c->answer);
}

/* In the place of the run, one in which averages lag less, where there is time for it. */
static biascope_status take_finer_run(bs_confirmation *c, biascope_error *error) {
  const double wanted = bs_run_steps_to(c->training, c->data->samples, FINER_GOAL, LITTLE_FADING);
  const double steps = fmin(FINER_EFFORT / bs_step_cost(c->data, c->training), wanted);
  if (bs_run_steps_to(c->training, c->data->samples, FINER_GOAL, FINER * c->run.fading) > steps) return BIASCOPE_OK;
  bs_run before = c->run;
  c->run = (bs_run){0};
  biascope_status status =
      bs_run_make(c->data, c->training, (uint64_t)steps, FINER_GOAL, BS_RUN_FADING, &c->run, error);
  if (status == BIASCOPE_OK && is_far(c) && lags_no_more(c, &before)) status = bs_take_nearest_optimal(c, error);
  bs_run_free(&before);
  return status;
}

biascope_status bs_run_along_face(bs_confirmation *c, biascope_error *error) {
  if (!bs_signs_decide_face(c)) return BIASCOPE_OK;
  const double wanted = bs_run_steps_to(c->training, c->data->samples, FAR_GOAL, BS_RUN_FADING);
  const double steps = fmin(FAR_EFFORT / bs_step_cost(c->data, c->training), fmax(FAR_STEPS, wanted));
  if (steps < BS_FIRST_STEPS) return BIASCOPE_OK;
  biascope_status status = bs_run_make(c->data, c->training, (uint64_t)steps, FAR_GOAL, BS_RUN_FADING, &c->run, error);
  if (status != BIASCOPE_OK || !is_far(c)) return status;
  /* averages that lag do not lead to where the search found a limit without them */
  const bool decided = c->run.fading <= LITTLE_FADING || bs_run_distance(c, c->answer) <= bs_run_allowance(c->answer);
  return decided ? bs_take_nearest_optimal(c, error) : take_finer_run(c, error);
}
