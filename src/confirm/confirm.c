#include "confirm/confirm.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/vector.h"
#include "confirm/average.h"
#include "confirm/confirmation.h"
#include "confirm/face.h"
#include "limit/expected.h"
#include "limit/predict.h"
#include "margin/rows.h"
#include "rule/option.h"
#include "train/cost.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A direction that comes nearer like 1 / log t changes, while t doubles, by log 2 / log t of its angle to the limit. A
 * run that changes less than this part of that stays where it is, and no path from it confirms another place. */
static const double STAYS = 0.8;
/* The gap of an equilibrium if a run agrees and no other tolerance is asked for: samples whose weight falls like 1 / s
 * leave a gap that rounding hides. */
static const double CONFIRMED_GAP = 1e-9;
/* Steps of matrices divide by singular values, and those that tend to zero leave larger gaps: that of a point that a
 * run comes to, and 1 - cos with that run, for it to be the answer. */
static const double POINT_GAP = 1e-3, AT_POINT = 1e-6;
/* 1 - cos between a run that comes nearer to the answer and it, up to which the run is likely on its way there. */
static const double CLOSE = 1e-2;
/* 1 - cos between a run in a random order and the answer, beyond which the run decides if it has settled. */
static const double BESIDE = 1e-3;
/* So well settled that the run itself shows that margins shrink. */
static const double SHOWS = 1e-4;
/* The first run: its steps, also in units of 1 / (1 - beta), and the least margin it aims for. Each later run is four
 * times as long, with twice the margin. */
enum { FIRST_STEPS = 200000, MEMORIES = 500, LEAST_STEPS = 20000, LONGER = 4 };
static const double FIRST_GOAL = 150.0, FURTHER = 2.0;
/* With variance reduction the goal stays, so that steps shrink with their number: coordinates whose gradient is smaller
 * than the correction's error, in proportion to the step, move freely, and are few only where steps are very small. */
static const double REDUCED_GOAL = 60.0;
/* Multiplications, 2 10^9 a second, of all runs together; and by how much the first may exceed that. */
static const double EFFORT = 2e9, MOST_EFFORT = 6e9, REDUCED_EFFORT = 1e10;
/* In a step of a run gradients fade by at most this part of what the averages forget. Where such runs settle elsewhere
 * than the equilibrium, a last one takes smaller and many more steps. */
static const double FADING = 0.25, LEAST_FADING = 0.05, LAST_EFFORT = 6e9;
static const double LAST_GOAL = 100.0;
/* The margin of a run of smaller steps that must not contradict the one that agrees, beside that one's; and how much
 * further it has to be from the answer than a run that agrees. */
static const double SMALLER = 0.5, FAR = 1.5;
/* In a random order large steps leave by chance what small ones keep to: much smaller ones. */
static const double SMALLER_SAMPLED = 0.125;
/* By how much smaller steps are of a run that is compared with the path again, and the least margin it aims for. */
static const double FINER = 10.0, LEAST_GOAL = 5.0;

bool bs_limit_is_theorem(const biascope_options *training) {
  return bs_optimizer_rule_of(training->optimizer)->limit != BS_LIMIT_EQUILIBRIUM || training->eps > 0.0;
}

static biascope_status confirm(bs_confirmation *c, biascope_limit_kind kind, const char *by) {
  c->answer->kind = kind;
  c->answer->confirmed = true;
  c->answer->confirmed_by = by;
  return BIASCOPE_OK;
}

static void withdraw(bs_confirmation *c) {
  c->answer->confirmed = false;
  c->answer->confirmed_by = NULL;
}

/* Stores in the answer what the run shows about it. */
static biascope_status note(bs_confirmation *c, biascope_error *error) {
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

/* Makes what the run does the answer, which is then no equilibrium of positive rate; a former equilibrium becomes one
 * of the others. */
static biascope_status answer_by_run(bs_confirmation *c, biascope_limit_kind kind, const double *direction, double rate,
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
  return confirm(c, kind, "run");
}

/* Whether a path, which is cheaper than a search in a random order, is to decide first. */
static bool approaches(const bs_confirmation *c) {
  return bs_seed_matters(c->training) && c->equilibrium && bs_is_precise(c->answer) &&
         bs_run_distance(c, c->answer) <= CLOSE && bs_run_nears(c, c->answer);
}

static biascope_status weigh(bs_confirmation *c, biascope_error *error) {
  biascope_prediction *answer = c->answer;
  const bs_run *run = &c->run;
  answer->run_steps = run->steps;
  if (run->escaped) return answer_by_run(c, BIASCOPE_LIMIT_RUNAWAY, NULL, NAN, error);
  if (run->rests && !bs_weights_shrink(c->training))
    return answer_by_run(c, BIASCOPE_LIMIT_REST, run->weights[BS_RUN_ALL], 0.0, error);
  bool adopted = false;
  biascope_status status = BIASCOPE_OK;
  if (c->equilibrium) bs_take_common_part(c, answer);
  if (!(c->equilibrium && bs_run_agrees(c, answer)) && run->settle <= BS_RUN_SETTLED && !approaches(c))
    status = bs_search_from_run(c, false, &adopted, error);
  if (status == BIASCOPE_OK) status = note(c, error);
  if (status == BIASCOPE_OK && c->equilibrium && (adopted || bs_run_agrees(c, answer)))
    return confirm(c, bs_limit_kind_of(c, answer), "run");
  if (status == BIASCOPE_OK && !bs_weights_shrink(c->training) && run->settle <= SHOWS && run->margin < 0.0 &&
      run->growth < 0.0)
    return answer_by_run(c, BIASCOPE_LIMIT_NOT_SEPARATING, run->increment, run->growth, error);
  return status;
}

/* What the increments of the last run did. */
static void describe_run(const bs_confirmation *c, size_t size, char *text) {
  const bs_run *run = &c->run;
  if (run->settle <= BS_RUN_SETTLED)
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
  const bool settled = c->run.settle <= BS_RUN_SETTLED;
  char run[320];
  answer->kind = settled && c->equilibrium ? BIASCOPE_LIMIT_DIRECTION : BIASCOPE_LIMIT_UNSETTLED;
  describe_run(c, sizeof run, run);
  if (!c->equilibrium) return bs_fail(error, BIASCOPE_NOT_CONVERGED, "%.600s; %s", searched->message, run);
  return bs_fail(error, BIASCOPE_NOT_CONVERGED,
                 "the equilibrium found is not confirmed, at cosine %.6f with a run: %s%s", answer->increment_cosine,
                 run, settled ? " elsewhere" : "");
}

static double first_steps(const biascope_options *training) {
  const double beta = fmax(bs_effective_beta1(training), bs_effective_beta2(training));
  return fmax(FIRST_STEPS, MEMORIES / (1.0 - beta));
}

/* Whether the limit is one of vanishing steps, which a run of any small steps shows. */
static bool steps_are_free(const bs_confirmation *c) {
  return !bs_run_keeps_steps(c->training) && !bs_weights_shrink(c->training) && !c->training->variance_reduction;
}

/* Whether a run of smaller steps goes elsewhere than the answer: far from it, it comes no nearer, or it does not follow
 * the path there. */
static biascope_status goes_elsewhere(bs_confirmation *c, bool *elsewhere, biascope_error *error) {
  const biascope_prediction *answer = c->answer;
  const bool apart =
      !c->run.escaped && c->run.settle <= BS_RUN_SETTLED && bs_run_distance(c, answer) > FAR * bs_run_allowance(answer);
  bool leads = false;
  *elsewhere = apart && !bs_run_nears(c, answer);
  if (!apart || *elsewhere || bs_seed_matters(c->training)) return BIASCOPE_OK;
  const biascope_status status = bs_path_leads_to(c, answer, &leads, error);
  *elsewhere = status == BIASCOPE_OK && !leads;
  return status;
}

/* Of several equilibria that attract, large steps may choose another than small ones do. Whether a run of smaller steps
 * than the one that agrees has settled elsewhere; it takes the place of the other then. It takes more
 * steps where that is cheap, or has to decide between the answer and an equilibrium that was found without a run. */
static biascope_status contradict(bs_confirmation *c, bool *contradicted, biascope_error *error) {
  const biascope_prediction *answer = c->answer;
  const double cost = bs_step_cost(c->data, c->training), wanted = (double)(LONGER * c->run.steps);
  const uint64_t steps = (uint64_t)fmin(wanted, (c->adopted ? LAST_EFFORT : EFFORT) / cost);
  bs_run before = c->run;
  *contradicted = false;
  if (answer->kind != BIASCOPE_LIMIT_DIRECTION || !steps_are_free(c) || (!c->adopted && (double)steps < wanted))
    return BIASCOPE_OK;
  const double smaller = bs_seed_matters(c->training) ? SMALLER_SAMPLED : SMALLER;
  const double goal = smaller * before.margin * pow((double)steps / wanted, 1.0 - before.lr_decay);
  if (goal < LEAST_GOAL) return BIASCOPE_OK;
  c->run = (bs_run){0};
  biascope_status status = bs_run_make(c->data, c->training, steps, goal, FADING, &c->run, error);
  if (status == BIASCOPE_OK) status = goes_elsewhere(c, contradicted, error);
  if (*contradicted || status != BIASCOPE_OK) {
    bs_run_free(&before);
    return status;
  }
  bs_run_free(&c->run);
  c->run = before;
  return BIASCOPE_OK;
}

static biascope_status run_longer_and_longer(bs_confirmation *c, biascope_error *error) {
  const double cost = bs_step_cost(c->data, c->training);
  const bool reduced = c->training->variance_reduction;
  double left = reduced ? REDUCED_EFFORT : fmin(MOST_EFFORT, fmax(EFFORT, LEAST_STEPS * cost));
  double goal = reduced ? REDUCED_GOAL : FIRST_GOAL;
  uint64_t steps = (uint64_t)fmin(first_steps(c->training), left / cost);
  biascope_status status = BIASCOPE_OK;
  do { /* the last one is kept for what follows */
    bs_run_free(&c->run);
    status = bs_run_make(c->data, c->training, steps, goal, FADING, &c->run, error);
    if (status == BIASCOPE_OK) status = weigh(c, error);
    left -= (double)steps * cost;
    bool contradicted = false;
    if (status == BIASCOPE_OK && c->answer->confirmed) status = contradict(c, &contradicted, error);
    if (contradicted) {
      withdraw(c);
      goal *= SMALLER;
      steps *= LONGER;
      status = weigh(c, error);
    }
    steps *= LONGER;
    if (!reduced) goal *= FURTHER;
  } while (status == BIASCOPE_OK && !c->answer->confirmed && (double)steps * cost <= left);
  return status;
}

/* The steps of a last run. */
static uint64_t last_steps(const bs_confirmation *c) {
  return (uint64_t)(LAST_EFFORT / bs_step_cost(c->data, c->training));
}

/* In the place of the former run. */
static biascope_status make_last_run(bs_confirmation *c, biascope_error *error) {
  bs_run_free(&c->run);
  return bs_run_make(c->data, c->training, last_steps(c), LAST_GOAL, LEAST_FADING, &c->run, error);
}

/* Averages that lag behind fading gradients turn a run aside, and so do large steps; and what no path confirms may need
 * more steps to settle: a longer run of smaller steps. */
static biascope_status run_slower(bs_confirmation *c, biascope_error *error) {
  const double longer = (double)last_steps(c) / (double)c->run.steps;
  const bool slower = LAST_GOAL / c->run.margin <= SMALLER * pow(longer, 1.0 - c->run.lr_decay);
  const bool settled = c->run.settle <= BS_RUN_SETTLED;
  if (!steps_are_free(c) || longer <= 1.0 || (settled && c->run.fading <= LEAST_FADING && !slower)) return BIASCOPE_OK;
  const biascope_status status = make_last_run(c, error);
  return status == BIASCOPE_OK ? weigh(c, error) : status;
}

/* If the limit is one of several optimal directions of the full batch, and the last run has settled near one. Which one
 * depends on how far averages lag. */
static biascope_status take_face(bs_confirmation *c, biascope_error *error) {
  bool reached = false;
  const bool full = bs_is_full_batch(c->training, c->data->samples) || c->training->variance_reduction;
  if (c->answer->unique || !full || !(c->run.settle <= BS_RUN_SETTLED) || bs_weights_shrink(c->training))
    return BIASCOPE_OK;
  biascope_status status = BIASCOPE_OK;
  if (c->run.fading > LEAST_FADING && steps_are_free(c) && last_steps(c) > c->run.steps)
    status = make_last_run(c, error);
  if (status == BIASCOPE_OK && c->run.settle <= BS_RUN_SETTLED)
    status = bs_face_take_run(c->data, &c->run, c->answer, &reached, error);
  if (status == BIASCOPE_OK) status = note(c, error);
  return status == BIASCOPE_OK && reached ? confirm(c, BIASCOPE_LIMIT_DIRECTION, "run") : status;
}

/* Whether a run in a random order shows by itself that it goes elsewhere: what chance moves, no path of the mean
 * describes. */
static bool has_settled_elsewhere(const bs_confirmation *c) {
  const bool decided = c->run.settle <= SHOWS || !bs_run_nears(c, c->answer);
  return bs_seed_matters(c->training) && decided && bs_run_distance(c, c->answer) > BESIDE;
}

/* Whether a run is away from the answer and does not come nearer, as far as its increments show. */
static bool stays_elsewhere(const bs_confirmation *c) {
  const double apart = bs_run_distance(c, c->answer);
  const double angle = acos(fmax(-1.0, 1.0 - apart)), change = acos(fmax(-1.0, 1.0 - c->run.settle));
  return c->equilibrium && apart > bs_run_allowance(c->answer) &&
         (has_settled_elsewhere(c) || change < STAYS * angle * log(2.0) / log((double)c->run.steps));
}

/* If the last run has not settled: whether it is on a path to the answer, or to another equilibrium. */
static biascope_status compare_path(bs_confirmation *c, biascope_error *error) {
  bool leads = false;
  biascope_status status = BIASCOPE_OK;
  if (!c->answer->unique && c->answer->outputs > 1)
    return note(c, error); /* a smoothed path has a common part of its own */
  if (stays_elsewhere(c)) return note(c, error);
  if (c->equilibrium) status = bs_path_leads_to(c, c->answer, &leads, error);
  if (status == BIASCOPE_OK && !leads) status = bs_search_from_run(c, true, &leads, error);
  if (status == BIASCOPE_OK) status = note(c, error);
  return status == BIASCOPE_OK && leads ? confirm(c, bs_limit_kind_of(c, c->answer), "path") : status;
}

static biascope_status follow_path(bs_confirmation *c, biascope_error *error) {
  bool contradicted = false;
  biascope_status status = compare_path(c, error);
  if (status == BIASCOPE_OK && c->answer->confirmed && c->adopted) status = contradict(c, &contradicted, error);
  if (!contradicted) return status;
  withdraw(c);
  if (status == BIASCOPE_OK) status = weigh(c, error);
  return status == BIASCOPE_OK && !c->answer->confirmed ? compare_path(c, error) : status;
}

/* Steps leave the path in proportion to their size: where the run's gain is not that of the path, a run of smaller
 * steps may agree, or be nearer to the path, although it does not come as far. */
static biascope_status follow_finer_path(bs_confirmation *c, biascope_error *error) {
  const double goal = c->run.margin / FINER;
  bool leads = false;
  if (!c->equilibrium || bs_seed_matters(c->training) || !steps_are_free(c) || !(goal >= LEAST_GOAL) ||
      stays_elsewhere(c) || (!c->answer->unique && c->answer->outputs > 1))
    return BIASCOPE_OK;
  bs_run before = c->run;
  c->run = (bs_run){0};
  biascope_status status = bs_run_make(c->data, c->training, before.steps, goal, FADING, &c->run, error);
  if (status == BIASCOPE_OK) status = weigh(c, error);
  if (status == BIASCOPE_OK && !c->answer->confirmed) status = bs_path_leads_to(c, c->answer, &leads, error);
  if (status == BIASCOPE_OK && leads) status = confirm(c, bs_limit_kind_of(c, c->answer), "path");
  if (status != BIASCOPE_OK || c->answer->confirmed) {
    bs_run_free(&before);
    return status;
  }
  bs_run_free(&c->run);
  c->run = before; /* which says more, for it came further */
  return note(c, error);
}

static bool steps_are_of_matrices(const biascope_options *training, const biascope_prediction *answer) {
  const bs_direction direction = bs_optimizer_rule_of(training->optimizer)->direction;
  return answer->outputs > 1 && bs_direction_couples(direction) && direction != BS_NORMALISED;
}

/* If the last run has settled at the best point of a search whose gap singular values keep from vanishing. */
static biascope_status take_point(bs_confirmation *c, biascope_error *error) {
  biascope_prediction *answer = c->answer;
  if (c->equilibrium || !steps_are_of_matrices(c->training, answer) || !(answer->gap <= POINT_GAP) ||
      !bs_run_agrees(c, answer) || !(bs_run_distance(c, answer) <= AT_POINT))
    return BIASCOPE_OK;
  answer->method = "the point of least gap that was found, to which a run comes";
  const biascope_status status = note(c, error);
  return status == BIASCOPE_OK ? confirm(c, bs_limit_kind_of(c, answer), "run") : status;
}

/* If no run has settled and no path has led anywhere: where the averaged equation of the run comes to. */
static biascope_status follow_average(bs_confirmation *c, biascope_error *error) {
  biascope_prediction *answer = c->answer;
  bs_average average;
  biascope_status status = bs_average_follow(c->data, c->training, &average, error);
  if (status != BIASCOPE_OK || !average.settles) {
    bs_average_free(&average);
    return status;
  }
  if (average.growth < 0.0) {
    status = answer_by_run(c, BIASCOPE_LIMIT_NOT_SEPARATING, average.increment, average.growth, error);
    answer->method = "the averaged equation of the run, to step 10^15";
    answer->confirmed_by = "path";
  } else if (c->equilibrium && 1.0 - bs_cosine(bs_confirmation_weights(answer), average.increment, answer->direction) <=
                                   bs_run_allowance(answer)) {
    status = confirm(c, bs_limit_kind_of(c, answer), "path");
  }
  bs_average_free(&average);
  return status;
}

/* Where nothing has settled, the loss may rise all the same while weights grow: wrong samples weigh fully, and do not
 * turn the direction. */
static biascope_status find_worsening(bs_confirmation *c, biascope_error *error) {
  if (c->equilibrium || !steps_are_free(c) || !c->run.worsens) return BIASCOPE_OK;
  return answer_by_run(c, BIASCOPE_LIMIT_NOT_SEPARATING, c->run.increment, c->run.growth, error);
}

/* An unbounded update may run away at the step sizes asked for, although not at small ones. */
static biascope_status find_runaway(bs_confirmation *c, biascope_error *error) {
  const double cost = bs_step_cost(c->data, c->training);
  const uint64_t steps = (uint64_t)fmin(FIRST_STEPS, EFFORT / cost);
  biascope_status status = bs_run_make(c->data, c->training, steps, 0.0, FADING, &c->run, error);
  if (status == BIASCOPE_OK && c->run.escaped) {
    c->answer->run_steps = steps;
    status = answer_by_run(c, BIASCOPE_LIMIT_RUNAWAY, NULL, NAN, error);
  }
  bs_run_free(&c->run);
  return status;
}

/* If the mean is infinite, no run is needed. */
static biascope_status find_infinite_mean(bs_confirmation *c, biascope_error *error) {
  size_t feature;
  biascope_status status = bs_find_feature_without_mean(c->data, c->training, &feature, error);
  if (status != BIASCOPE_OK || feature == SIZE_MAX) return status;
  status = answer_by_run(c, BIASCOPE_LIMIT_RUNAWAY, NULL, NAN, error);
  c->answer->method = "none: a feature's update has no mean, beta1 / sqrt(beta2) (1 - its samples / N)^batch >= 1";
  c->answer->confirmed_by = "theorem";
  return status;
}

/* In this order, until one confirms an answer. */
static biascope_status (*const ATTEMPTS[])(bs_confirmation *, biascope_error *) = {
    run_longer_and_longer, take_face,  take_point,     follow_path,
    follow_finer_path,     run_slower, follow_average, find_worsening};

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
  if (bs_limit_is_theorem(training) && found == BIASCOPE_OK) return confirm(&c, BIASCOPE_LIMIT_DIRECTION, "theorem");
  const biascope_error searched = error && found == BIASCOPE_NOT_CONVERGED ? *error : (biascope_error){0};
  biascope_status status = BIASCOPE_OK;
  if (!bs_limit_is_theorem(training) && !bs_weights_shrink(training)) status = find_infinite_mean(&c, error);
  if (status == BIASCOPE_OK && !answer->confirmed && !bs_has_bounded_update(training)) status = find_runaway(&c, error);
  for (size_t n = 0; n < sizeof ATTEMPTS / sizeof *ATTEMPTS && status == BIASCOPE_OK && !answer->confirmed; n++)
    status = ATTEMPTS[n](&c, error);
  if (status == BIASCOPE_OK && !answer->confirmed) status = unconfirmed(&c, &searched, error);
  bs_run_free(&c.run);
  free(c.searched);
  return status;
}
