#include "confirm/confirm.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/vector.h"
#include "confirm/average.h"
#include "confirm/face.h"
#include "confirm/run.h"
#include "data/dataset.h"
#include "limit/expected.h"
#include "limit/predict.h"
#include "loss/classes.h"
#include "margin/rows.h"
#include "rule/option.h"
#include "train/cost.h"
#include <math.h>

#include <stdlib.h>
#include <string.h>

/* A run agrees with a direction if the cosine of its last increment with the direction is at least 1 - AGREES, less the
 * uncertainty from a sampled order, and if the run itself has settled. */
static const double AGREES = 3e-4, MOST_SAMPLED = 5e-4, SETTLED = 1e-3;
/* Nor does a run in a fixed order agree that is further than this from the direction and comes no nearer: one on its
 * way there comes nearer from one increment to the next, at least by this factor of 1 - cos. */
static const double BESIDE = 1e-5, NEARER = 0.98;
/* Margins grow at the rate of the equilibrium, to within this part of it: averages that lag change the length of
 * updates. */
static const double RATE = 0.5;
/* A direction that comes nearer like 1 / log t changes, while t doubles, by log 2 / log t of its angle to the limit. A
 * run that changes less than this part of that stays where it is, and no path from it confirms another place. */
static const double STAYS = 0.8;
/* 1 - cos between the gains of the run and of the path of small steps from the same weights. */
static const double SAME_PATH = 1e-3;
/* Errors of a margin in a step along that path. With more samples than features several equilibria may attract, and
 * only the fine path decides between them. */
static const double COARSE = 0.03, FINE = 1e-3;
/* 1 - cos between directions of one equilibrium found twice. */
static const double SAME = 1e-8;
/* The gap of an equilibrium if a run agrees and no other tolerance is asked for: samples whose weight falls like 1 / s
 * leave a gap that rounding hides. */
static const double CONFIRMED_GAP = 1e-9;
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
/* Updates of an epoch that may be watched one by one, for so many epochs, or so many steps. */
static const double MOST_WATCHED = 1e6, LEAST_EPOCHS = 20.0, MOST_EPOCHS = 1e5, WATCHED_STEPS = 2e5;
/* for following the path from a run */
static const double PATH_EFFORT = 4e9, PATH_STEPS = 40.0;

typedef struct {
  const biascope_dataset *data;
  const biascope_options *training;
  const biascope_predict_options *options;
  biascope_prediction *answer;
  double gap;       /* the gap up to which a point is an equilibrium */
  bool equilibrium; /* the answer is an equilibrium */
  bs_run run;
} confirmation;

bool bs_limit_is_theorem(const biascope_options *training) {
  return bs_optimizer_rule_of(training->optimizer)->limit != BS_LIMIT_EQUILIBRIUM || training->eps > 0.0;
}

static size_t weights_of(const biascope_prediction *prediction) {
  return prediction->outputs * prediction->features;
}

/* 1 - cos between the last increment of the run and the direction. */
static double distance(const confirmation *c, const biascope_prediction *prediction) {
  const double *shown = bs_weights_shrink(c->training) ? c->run.weights[BS_RUN_ALL] : c->run.increment;
  return 1.0 - bs_cosine(weights_of(prediction), shown, prediction->direction);
}

static double allowed(const biascope_prediction *prediction) {
  const double sampled = 0.5 * prediction->standard_error * prediction->standard_error;
  return AGREES + fmin(MOST_SAMPLED, sampled);
}

static bool agrees(const confirmation *c, const biascope_prediction *prediction) {
  const double apart = distance(c, prediction);
  if (bs_weights_shrink(c->training)) return apart <= allowed(prediction);
  const bool rate = isnan(prediction->rate) || fabs(c->run.growth - prediction->rate) <= RATE * fabs(prediction->rate);
  const double before = 1.0 - bs_cosine(weights_of(prediction), c->run.weights[BS_RUN_QUARTER], prediction->direction);
  const bool nears = bs_seed_matters(c->training) || apart <= BESIDE || apart <= NEARER * before;
  return rate && apart <= allowed(prediction) && c->run.settle <= SETTLED && nears;
}

/* No margin of several classes depends on a vector that is added to the weights of every class. Signs that alternate
 * may leave it open, over the full batch where the max margin does: no equilibrium decides it then, nor a smoothed
 * path, but how single steps alternate. */
static bool common_part_is_open(const confirmation *c, const biascope_prediction *prediction) {
  biascope_options training = *c->training;
  bs_epoch_rule rule;
  bs_epoch_rule_of(&training, prediction->samples, &rule);
  return prediction->outputs > 1 && !bs_weights_shrink(c->training) &&
         (!prediction->unique || rule.direction == BS_SIGN);
}

/* The part that is open becomes that of the run. */
static void take_common_part(const confirmation *c, biascope_prediction *prediction) {
  const size_t k = prediction->outputs, d = prediction->features;
  const double *shown = c->run.increment;
  double *direction = prediction->direction, along = 0.0, length = 0.0;
  if (!common_part_is_open(c, prediction) || !(c->run.settle <= SETTLED)) return;
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

static biascope_status confirm(confirmation *c, biascope_limit_kind kind, const char *by) {
  c->answer->kind = kind;
  c->answer->confirmed = true;
  c->answer->confirmed_by = by;
  return BIASCOPE_OK;
}

static biascope_limit_kind kind_of(const confirmation *c, const biascope_prediction *prediction) {
  if (bs_weights_shrink(c->training) || prediction->rate == 0.0) return BIASCOPE_LIMIT_REST;
  return prediction->rate < 0.0 ? BIASCOPE_LIMIT_NOT_SEPARATING : BIASCOPE_LIMIT_DIRECTION;
}

/* ---- If the run goes elsewhere --------------------------------------------------------------------------------- */

/* Appends a direction to the other equilibria. */
static biascope_status keep_other(biascope_prediction *to, const double *direction, biascope_error *error) {
  const size_t d = weights_of(to);
  double *grown = BS_NEW(double, (to->others + 1) * d);
  if (!grown) return bs_fail_memory(error, "other equilibria");
  if (to->others > 0) memcpy(grown, to->other_directions, to->others * d * sizeof *grown);
  memcpy(grown + to->others * d, direction, d * sizeof *grown);
  free(to->other_directions);
  to->other_directions = grown;
  to->others++;
  return BIASCOPE_OK;
}

/* Makes the equilibrium to which the run leads the answer, and the former answer one of the others. */
static biascope_status adopt(confirmation *c, biascope_prediction *found, biascope_error *error) {
  biascope_prediction *answer = c->answer;
  found->starts = answer->starts;
  found->others = answer->others;
  found->other_directions = answer->other_directions;
  answer->others = 0;
  answer->other_directions = NULL;
  biascope_status status = BIASCOPE_OK;
  if (c->equilibrium) status = keep_other(found, answer->direction, error);
  biascope_prediction_free(answer);
  *answer = *found;
  c->equilibrium = true;
  return status;
}

/* log |l'| of every row at the run's last weights. */
static void find_log_weights(const confirmation *c, double *log_weights) {
  const bs_loss *loss = bs_loss_of(c->training->loss);
  const size_t rows = bs_margin_rows(c->data), each = bs_rows_of_each(c->data);
  for (size_t i = 0; i < rows; i++) log_weights[i] = bs_margin_row_dot(c->data, i, c->run.weights[BS_RUN_ALL]);
  for (size_t i = 0; i < rows; i += each) bs_classes_slopes(loss, each, log_weights + i, log_weights + i, NULL);
}

/* Whether the path of small steps, followed with that error, gains what the run gained over its last half, and leads to
 * the prediction. */
static biascope_status follow_from_run(const confirmation *c, const biascope_prediction *prediction,
                                       double margin_error, double *increment, bool *leads, biascope_error *error) {
  const double n = (double)bs_margin_rows(c->data), d = (double)bs_margin_weights(c->data);
  const biascope_predict_options options = {.effort = fmax(PATH_EFFORT, PATH_STEPS * n * d * fmin(n, d))};
  bs_way way = {.start = c->run.weights[BS_RUN_HALF],
                .time = c->run.time,
                .error = margin_error,
                .direction = prediction->direction,
                .increment = increment};
  const biascope_status status = bs_follow_way(c->data, c->training, &options, &way, error);
  *leads = status == BIASCOPE_OK &&
           bs_cosine(bs_margin_weights(c->data), way.increment, c->run.increment) >= 1.0 - SAME_PATH &&
           way.apart <= allowed(prediction);
  return status == BIASCOPE_NO_MEMORY ? status : BIASCOPE_OK;
}

/* Whether the path of small steps is that of the run over its last half, and leads to the prediction. For random orders
 * and constant steps there is no such exact path. */
static biascope_status path_leads_to(const confirmation *c, const biascope_prediction *prediction, bool *leads,
                                     biascope_error *error) {
  *leads = false;
  if (bs_limit_is_theorem(c->training) || bs_run_keeps_steps(c->training)) return BIASCOPE_OK;
  double *increment = BS_NEW(double, bs_margin_weights(c->data));
  if (!increment) return bs_fail_memory(error, "the path of training");
  biascope_status status = BIASCOPE_OK;
  if (bs_margin_rows(c->data) <= bs_margin_weights(c->data))
    status = follow_from_run(c, prediction, COARSE, increment, leads, error);
  if (status == BIASCOPE_OK && !*leads) status = follow_from_run(c, prediction, FINE, increment, leads, error);
  free(increment);
  return status;
}

/* The updates of signs in a fixed order that the run goes on with; NULL where there are none, or too many. */
static biascope_status watch(confirmation *c, double **updates, biascope_error *error) {
  bs_epoch_rule rule;
  biascope_options training = *c->training;
  bs_epoch_rule_of(&training, c->data->samples, &rule);
  const size_t steps = bs_batches_per_epoch(c->training, c->data->samples), d = bs_margin_weights(c->data);
  const bool full = steps == 1 && rule.direction == BS_RATIO;
  *updates = NULL;
  if ((rule.direction != BS_SIGN && !full) || c->training->order != BIASCOPE_CYCLIC || c->data->classes > 2 ||
      (double)steps * (double)d > MOST_WATCHED)
    return BIASCOPE_OK;
  *updates = BS_NEW(double, steps *d);
  if (!*updates) return bs_fail_memory(error, "the updates of a run");
  const double epochs = fmax(LEAST_EPOCHS, fmin(MOST_EPOCHS, WATCHED_STEPS / (double)steps));
  return bs_run_watch_signs(c->data, c->training, &c->run, (uint64_t)epochs, *updates, error);
}

/* Searches for an equilibrium from the run's weights. by_path: it counts if the path of small steps leads there. */
static biascope_status search_from_run(confirmation *c, bool by_path, bool *adopted, biascope_error *error) {
  biascope_prediction found;
  const biascope_predict_options options = {
      .tolerance = c->options->tolerance, .sample_length = c->options->sample_length, .effort = c->options->effort};
  *adopted = false;
  if (bs_limit_is_theorem(c->training) || bs_weights_shrink(c->training)) return BIASCOPE_OK;
  double *log_weights = BS_NEW(double, bs_margin_rows(c->data));
  if (!log_weights) return bs_fail_memory(error, "the start of a search");
  find_log_weights(c, log_weights);
  double *updates = NULL;
  const biascope_status watched = by_path ? BIASCOPE_OK : watch(c, &updates, error);
  const bs_start start = {.log_weights = log_weights, .updates = watched == BIASCOPE_OK ? updates : NULL};
  biascope_status status = watched;
  if (watched != BIASCOPE_NO_MEMORY) status = bs_predict_from(c->data, c->training, &options, &start, &found, error);
  free(log_weights);
  free(updates);
  if (status == BIASCOPE_NO_MEMORY) return status;
  biascope_status path = BIASCOPE_OK;
  const bool equilibrium = (status == BIASCOPE_OK || status == BIASCOPE_NOT_CONVERGED) && found.gap <= c->gap;
  if (equilibrium) found.unique = found.unique && c->answer->unique;
  if (equilibrium) take_common_part(c, &found);
  const bool same = equilibrium && c->equilibrium &&
                    bs_cosine(bs_margin_weights(c->data), found.direction, c->answer->direction) >= 1.0 - SAME;
  *adopted = equilibrium && !by_path && agrees(c, &found);
  if (equilibrium && by_path && !same) path = path_leads_to(c, &found, adopted, error);
  if (*adopted) return adopt(c, &found, error);
  if (status == BIASCOPE_OK || status == BIASCOPE_NOT_CONVERGED) biascope_prediction_free(&found);
  return path;
}

/* ---- Longer and longer runs ------------------------------------------------------------------------------------ */

/* Stores in the answer what the run shows about it. */
static biascope_status note(confirmation *c, biascope_error *error) {
  biascope_prediction *answer = c->answer;
  if (isfinite(answer->gap)) answer->increment_cosine = 1.0 - distance(c, answer);
  answer->run_settled = 1.0 - c->run.settle;
  answer->run_steps = c->run.steps;
  const size_t d = weights_of(answer);
  if (!answer->run_direction) answer->run_direction = BS_NEW(double, d);
  if (!answer->run_direction) return bs_fail_memory(error, "the run's direction");
  memcpy(answer->run_direction, c->run.increment, d * sizeof(double));
  const double length = bs_norm2(d, answer->run_direction);
  if (length > 0.0) bs_scale(d, 1.0 / length, answer->run_direction);
  return BIASCOPE_OK;
}

/* Makes what the run does the answer, which is then no equilibrium of positive rate; a former equilibrium becomes one
 * of the others. */
static biascope_status answer_by_run(confirmation *c, biascope_limit_kind kind, const double *direction, double rate,
                                     biascope_error *error) {
  biascope_prediction *answer = c->answer;
  const size_t d = weights_of(answer);
  biascope_status status = BIASCOPE_OK;
  if (c->equilibrium && isfinite(answer->rate) && answer->rate > 0.0)
    status = keep_other(answer, answer->direction, error);
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
  return confirm(c, kind, "run");
}

static biascope_status weigh(confirmation *c, biascope_error *error) {
  biascope_prediction *answer = c->answer;
  const bs_run *run = &c->run;
  answer->run_steps = run->steps;
  if (run->escaped) return answer_by_run(c, BIASCOPE_LIMIT_RUNAWAY, NULL, NAN, error);
  if (run->rests && !bs_weights_shrink(c->training))
    return answer_by_run(c, BIASCOPE_LIMIT_REST, run->weights[BS_RUN_ALL], 0.0, error);
  bool adopted = false;
  biascope_status status = BIASCOPE_OK;
  if (c->equilibrium) take_common_part(c, answer);
  if (!(c->equilibrium && agrees(c, answer)) && run->settle <= SETTLED)
    status = search_from_run(c, false, &adopted, error);
  if (status == BIASCOPE_OK) status = note(c, error);
  if (status == BIASCOPE_OK && c->equilibrium && (adopted || agrees(c, answer)))
    return confirm(c, kind_of(c, answer), "run");
  if (status == BIASCOPE_OK && !bs_weights_shrink(c->training) && run->settle <= SHOWS && run->margin < 0.0 &&
      run->growth < 0.0)
    return answer_by_run(c, BIASCOPE_LIMIT_NOT_SEPARATING, run->increment, run->growth, error);
  return status;
}

/* searched: the result of the search for an equilibrium, if it found none. */
static biascope_status unconfirmed(confirmation *c, const biascope_error *searched, biascope_error *error) {
  biascope_prediction *answer = c->answer;
  const bool settled = c->run.settle <= SETTLED;
  const char *what = settled ? "settled elsewhere" : "not settled";
  answer->kind = settled && c->equilibrium ? BIASCOPE_LIMIT_DIRECTION : BIASCOPE_LIMIT_UNSETTLED;
  if (!c->equilibrium)
    return bs_fail(error, BIASCOPE_NOT_CONVERGED, "%.700s; after %llu small steps training has %s", searched->message,
                   (unsigned long long)c->run.steps, settled ? "settled" : what);
  return bs_fail(error, BIASCOPE_NOT_CONVERGED,
                 "the equilibrium found is not confirmed: after %llu small steps training has %s, its last increments "
                 "at cosine %.6f with it",
                 (unsigned long long)c->run.steps, what, answer->increment_cosine);
}

static double first_steps(const biascope_options *training) {
  const double beta = fmax(bs_effective_beta1(training), bs_effective_beta2(training));
  return fmax(FIRST_STEPS, MEMORIES / (1.0 - beta));
}

static biascope_status run_longer_and_longer(confirmation *c, biascope_error *error) {
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
    steps *= LONGER;
    if (!reduced) goal *= FURTHER;
  } while (status == BIASCOPE_OK && !c->answer->confirmed && (double)steps * cost <= left);
  return status;
}

/* Averages that lag behind fading gradients turn a run aside: where it has settled elsewhere than the equilibrium, a
 * longer one of smaller steps. */
static biascope_status run_slower(confirmation *c, biascope_error *error) {
  const double cost = bs_run_step_cost(c->data, c->training);
  const uint64_t steps = (uint64_t)(LAST_EFFORT / cost);
  if (!c->equilibrium || bs_run_keeps_steps(c->training) || bs_weights_shrink(c->training) ||
      c->training->variance_reduction || c->run.settle > SETTLED || c->run.fading <= LEAST_FADING ||
      steps <= c->run.steps)
    return BIASCOPE_OK;
  bs_run_free(&c->run);
  const biascope_status status = bs_run_make(c->data, c->training, steps, LAST_GOAL, LEAST_FADING, &c->run, error);
  return status == BIASCOPE_OK ? weigh(c, error) : status;
}

/* Whether a run in a random order is away from the answer and does not come nearer, as far as its increments show: the
 * path is that of a sampled order and knows no other. */
static bool stays_elsewhere(const confirmation *c) {
  const double angle = acos(fmax(-1.0, 1.0 - distance(c, c->answer))), change = acos(fmax(-1.0, 1.0 - c->run.settle));
  return c->equilibrium && c->training->order != BIASCOPE_CYCLIC && distance(c, c->answer) > allowed(c->answer) &&
         change < STAYS * angle * log(2.0) / log((double)c->run.steps);
}

/* If the last run has not settled: whether it is on a path to the answer, or to another equilibrium. */
static biascope_status follow_path(confirmation *c, biascope_error *error) {
  bool leads = false;
  biascope_status status = BIASCOPE_OK;
  if (!c->answer->unique && c->answer->outputs > 1)
    return note(c, error); /* a smoothed path has a common part of its own */
  if (stays_elsewhere(c)) return note(c, error);
  if (c->equilibrium) status = path_leads_to(c, c->answer, &leads, error);
  if (status == BIASCOPE_OK && !leads) status = search_from_run(c, true, &leads, error);
  if (status == BIASCOPE_OK) status = note(c, error);
  return status == BIASCOPE_OK && leads ? confirm(c, kind_of(c, c->answer), "path") : status;
}

/* If the limit is one of several optimal directions of the full batch, and the last run has settled near one. */
static biascope_status take_face(confirmation *c, biascope_error *error) {
  bool reached = false;
  const bool full = bs_is_full_batch(c->training, c->data->samples) || c->training->variance_reduction;
  if (c->answer->unique || !full || !(c->run.settle <= SETTLED) || bs_weights_shrink(c->training)) return BIASCOPE_OK;
  const biascope_status status = bs_face_take_run(c->data, &c->run, c->answer, &reached, error);
  return status == BIASCOPE_OK && reached ? confirm(c, BIASCOPE_LIMIT_DIRECTION, "run") : status;
}

/* If no run has settled and no path has led anywhere: where the averaged equation of the run comes to. */
static biascope_status follow_average(confirmation *c, biascope_error *error) {
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
  } else if (c->equilibrium &&
             1.0 - bs_cosine(weights_of(answer), average.increment, answer->direction) <= allowed(answer)) {
    status = confirm(c, kind_of(c, answer), "path");
  }
  bs_average_free(&average);
  return status;
}

/* An unbounded update may run away at the step sizes asked for, although not at small ones. */
static biascope_status find_runaway(confirmation *c, biascope_error *error) {
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
static biascope_status find_infinite_mean(confirmation *c, biascope_error *error) {
  size_t feature;
  biascope_status status = bs_find_feature_without_mean(c->data, c->training, &feature, error);
  if (status != BIASCOPE_OK || feature == SIZE_MAX) return status;
  status = answer_by_run(c, BIASCOPE_LIMIT_RUNAWAY, NULL, NAN, error);
  c->answer->method = "none: a feature's update has no mean, beta1 / sqrt(beta2) (1 - its samples / N)^batch >= 1";
  c->answer->confirmed_by = "theorem";
  return status;
}

biascope_status bs_confirm_by_run(const biascope_dataset *data, const biascope_options *training,
                                  const biascope_predict_options *options, biascope_status found,
                                  biascope_prediction *answer, biascope_error *error) {
  const biascope_options read = bs_options_read(training);
  const double gap = options->tolerance == bs_predict_options_of(NULL).tolerance ? CONFIRMED_GAP : options->tolerance;
  const bool consistent = found == BIASCOPE_OK || answer->rate < 0.0 || read.lr_decay > 0.0;
  confirmation c = {.data = data,
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
  if (status == BIASCOPE_OK && !answer->confirmed) status = run_longer_and_longer(&c, error);
  if (status == BIASCOPE_OK && !answer->confirmed) status = take_face(&c, error);
  if (status == BIASCOPE_OK && !answer->confirmed) status = follow_path(&c, error);
  if (status == BIASCOPE_OK && !answer->confirmed) status = run_slower(&c, error);
  if (status == BIASCOPE_OK && !answer->confirmed) status = follow_average(&c, error);
  if (status == BIASCOPE_OK && !answer->confirmed) status = unconfirmed(&c, &searched, error);
  bs_run_free(&c.run);
  return status;
}
