/* Orders with chance in them: D is an expectation over the order, taken over long random sequences. The equilibrium is
 * found with a short one, and corrected by what D is over the long ones. */
#include "limit/predict.h"

#include "base/memory.h"
#include "limit/deferred.h"
#include "limit/long_sequences.h"
#include "limit/sampling.h"
#include "limit/search.h"
#include "margin/rows.h"
#include <math.h>
#include <stdlib.h>

/* What stands in for the mean over random orders, one after the other while they fail: the steps of a random sequence,
 * two epochs of it at least, or the signs of a normal momentum. */
typedef struct {
  bool normal_signs;
  size_t steps;
} stand_in;
static const stand_in STAND_INS[] = {{true, 512}, {false, 512}, {false, 4096}, {false, 16384}};
/* Of the random sequences that correct it where the caller does not choose: the steps of the first ones, and as a
 * multiple of those of the sequence that stands in; then up to LONGER times as many again and again until the standard
 * error is WANTED_ERROR, within MOST_CELLS steps times features and LENGTHENING_EFFORT multiplications, some ten
 * seconds; more where the error is so large that no run can confirm the answer. */
enum {
  LEAST_SAMPLE = 1 << 13,
  MOST_FIRST_SAMPLE = 1 << 16,
  LONGER = 8,
  MUCH_LONGER = 32,
  TIMES_STAND_IN = 16,
  MOST_CELLS = 800000000
};
enum { LEAST_REPLICATES = 6 };
static const double CHEAP_EFFORT = 1e8, STEP_COST = 16.0; /* multiplications of a pass; of a step, per column */
static const double WANTED_ERROR = 2e-3, LENGTHENING_EFFORT = 1e10, LEAST_LONGER = 1.5, SAFELY = 1.5;
enum { MANY_STEPS = 1 << 12 };
static const double USEFUL_ERROR = 0.03, USEFUL_EFFORT = 4e10;
/* The gap at which the standard error is measured first, and what a round takes from there beside those before. */
static const double MEASURABLE_GAP = 1e-3, POLISHING = 2.0;
static const double STAND_IN_SMOOTHING = 0.02; /* of its signs: few momenta make a rough mean */
static const double STAND_IN_GAP = 1e-6;
/* Of the signs of long sequences: so that as many momenta lie within it of 0, more of those that are nearly normal; the
 * standard error counts the bias. And what it is multiplied with where that is too few. */
static const double NEAR_ZERO = 200.0, NEAR_ZERO_NORMAL = 12800.0, MOST_SMOOTHING = 0.02, SMOOTHER = 4.0;

typedef struct {
  const bs_question *question;
  const bs_epoch_rule *rule;
  bs_schedule short_schedule;
  bs_epoch_map *stand_in;
  bs_normal_signs *signs; /* stand in where steps are signs; or NULL */
  bs_exact_map exact;
  bs_deferred *deferred; /* the correction by it */
  size_t total;          /* its steps */
  bs_game game;
  bool many_steps; /* in the sequence that stands in */
  double *log_weights, *offset, *mean;
} work;

static void work_free(work *w) {
  bs_deferred_free(w->deferred);
  bs_exact_map_free(&w->exact);
  bs_game_free(&w->game);
  bs_normal_signs_free(w->signs);
  bs_epoch_map_free(w->stand_in);
  bs_schedule_free(&w->short_schedule);
  free(w->log_weights);
  free(w->offset);
  free(w->mean);
}

static biascope_status work_create(work *w, const stand_in *by, biascope_error *error) {
  const biascope_dataset *data = w->question->data;
  w->log_weights = BS_NEW(double, bs_margin_rows(data));
  w->offset = BS_NEW(double, bs_margin_weights(data));
  w->mean = BS_NEW(double, bs_margin_weights(data));
  if (!w->log_weights || !w->offset || !w->mean) return bs_fail_memory(error, "the equilibrium");
  bs_epoch_rule rule = *w->rule;
  if (rule.direction == BS_SIGN) rule.smoothing = STAND_IN_SMOOTHING;
  const size_t steps = bs_steps_of_two_epochs(&w->question->training, data->samples, by->steps);
  biascope_status status =
      bs_schedule_create(&w->question->training, data, steps, BS_REPLICATES, &w->short_schedule, error);
  if (status == BIASCOPE_OK)
    status = bs_epoch_map_create(data, &w->short_schedule, 1, rule.direction, &w->stand_in, error);
  if (status == BIASCOPE_OK) status = bs_game_create(w->stand_in, &rule, &w->game, error);
  if (status == BIASCOPE_OK && by->normal_signs)
    status = bs_normal_signs_create(w->stand_in, &w->question->training, &rule, &w->signs, error);
  w->game.signs = w->signs;
  const double effort = w->question->options.effort;
  if (status == BIASCOPE_OK && effort > 0.0) w->game.most_effort = fmin(w->game.most_effort, effort);
  return status;
}

/* Along the path of training to the equilibrium of the stand-in, roughly: what is not found there may be found over the
 * long sequences. */
static biascope_status search_roughly(work *w, biascope_error *error) {
  const biascope_options *training = &w->question->training;
  const bs_search search = {.loss = bs_loss_of(training->loss),
                            .start = w->question->start ? w->question->start->log_weights : NULL,
                            .tolerance = STAND_IN_GAP,
                            .smoothing = STAND_IN_SMOOTHING};
  bs_equilibrium found;
  const biascope_status status = w->signs ? bs_equilibrium_search(&w->game, &search, w->log_weights, &found, error)
                                          : bs_search_by_rule(&w->game, &search, w->log_weights, &found, error);
  return status == BIASCOPE_NOT_CONVERGED ? BIASCOPE_OK : status;
}

/* The correction by sequences of `total` steps, unless it is there already. Their signs are smoothed so far that the
 * mean is smooth enough to be solved. */
static biascope_status create_correction(work *w, size_t total, biascope_error *error) {
  if (w->deferred && total == w->total) return BIASCOPE_OK;
  const size_t replicates = bs_replicates_of_total(total, w->rule->beta1, w->rule->beta2, LEAST_REPLICATES);
  bs_deferred_free(w->deferred);
  w->deferred = NULL;
  w->total = total;
  bs_exact_map_free(&w->exact);
  biascope_status status = bs_exact_map_create(w->question, w->rule, &w->game, total, replicates, &w->exact, error);
  if (status == BIASCOPE_OK) status = bs_deferred_create(&w->game, &w->exact, w->offset, &w->deferred, error);
  const double smoothing = (w->signs ? NEAR_ZERO_NORMAL : NEAR_ZERO) / (double)total;
  if (w->rule->direction == BS_SIGN)
    w->exact.rule.smoothing = fmin(MOST_SMOOTHING, fmax(BS_SAMPLED_SMOOTHING, smoothing));
  return status;
}

/* Twice where signs are smoothed too little. */
static biascope_status correct_smoothed(work *w, double gap, bs_equilibrium *found, biascope_error *error) {
  biascope_status status = bs_deferred_correct(w->deferred, gap, w->log_weights, found, error);
  if (status != BIASCOPE_NOT_CONVERGED || w->rule->direction != BS_SIGN || bs_game_exhausted(&w->game)) return status;
  bs_deferred_free(w->deferred);
  w->exact.rule.smoothing *= SMOOTHER;
  status = bs_deferred_create(&w->game, &w->exact, w->offset, &w->deferred, error);
  return status == BIASCOPE_OK ? bs_deferred_correct(w->deferred, gap, w->log_weights, found, error) : status;
}

/* The best point is the answer as far as there is one. */
static biascope_status describe_failure(const work *w, const bs_equilibrium *found, biascope_prediction *out,
                                        biascope_error *error) {
  if (isfinite(found->gap)) bs_export_equilibrium(&w->game, w->log_weights, found, out);
  return bs_fail_random_order(w->question->options.tolerance, found->gap, error);
}

static biascope_status find_error(work *w, double *out, biascope_error *error) {
  *out = 0.0;
  if (w->exact.expectation) return BIASCOPE_OK;
  const double smoothing = w->exact.rule.smoothing;
  if (w->rule->direction == BS_SIGN) w->exact.rule.smoothing = BS_SAMPLED_SMOOTHING;
  bs_exact_map_evaluate(&w->exact, &w->game, w->log_weights, w->mean);
  w->exact.rule.smoothing = smoothing;
  return bs_sampling_error(&w->game, w->exact.parts, w->log_weights, out, error);
}

/* Over sequences of `total` steps; the answer and its standard error into `out`, which keeps an answer that it has
 * where there is no better one. */
static biascope_status correct(work *w, size_t total, bool first, biascope_prediction *out, biascope_error *error) {
  bs_equilibrium found = {.gap = INFINITY};
  biascope_status status = create_correction(w, total, error);
  if (status == BIASCOPE_OK) status = correct_smoothed(w, w->question->options.tolerance, &found, error);
  if (status == BIASCOPE_NOT_CONVERGED && first) return describe_failure(w, &found, out, error);
  if (status != BIASCOPE_OK) return status;
  bs_export_equilibrium(&w->game, w->log_weights, &found, out);
  return find_error(w, &out->standard_error, error);
}

/* How many times as long the next sequences are, as far as the effort allows; the last ones spent `spent`. */
static double lengthen(const work *w, double total, double spent, double standard_error) {
  const double most = (double)MOST_CELLS / (double)w->game.features;
  const bool useful = standard_error <= USEFUL_ERROR;
  const double wanted = useful ? WANTED_ERROR : USEFUL_ERROR, ratio = standard_error / wanted;
  const double left = ((useful ? LENGTHENING_EFFORT : USEFUL_EFFORT) - w->game.effort) / spent;
  return fmin(fmin(most / total, left),
              fmin(w->signs ? MUCH_LONGER : LONGER, fmax(LEAST_LONGER, SAFELY * ratio * ratio)));
}

/* Steps of the first sequences: as many as is cheap beside a normal momentum, and else few, but for ratios many beside
 * those of a long stand-in. Signs of a short memory jump the more, the less they are smoothed. */
static double first_sample(const work *w) {
  const biascope_dataset *data = w->question->data;
  const double batch = (double)bs_batch_size(&w->question->training, data->samples);
  const double cheap = CHEAP_EFFORT / ((double)bs_margin_weights(data) * (batch + STEP_COST));
  if (w->signs) return fmax(LEAST_SAMPLE, fmin(MOST_FIRST_SAMPLE, cheap));
  const bool long_stand_in = w->many_steps && w->rule->direction != BS_SIGN;
  return long_stand_in ? TIMES_STAND_IN * (double)w->short_schedule.steps : LEAST_SAMPLE;
}

/* Of a normal momentum, the steps of sequences over which the standard error is small enough to be useful, or as many
 * as can be afforded: to measure it a rough equilibrium will do. BIASCOPE_NOT_CONVERGED if there is none of the first
 * ones. */
static biascope_status find_useful(work *w, double *total, biascope_prediction *out, biascope_error *error) {
  for (bool first = true;; first = false) {
    const double before = w->game.effort;
    bs_equilibrium found = {.gap = INFINITY};
    double standard_error;
    biascope_status status = create_correction(w, (size_t)*total, error);
    if (status == BIASCOPE_OK) status = correct_smoothed(w, MEASURABLE_GAP, &found, error);
    if (status == BIASCOPE_NOT_CONVERGED) return first ? describe_failure(w, &found, out, error) : BIASCOPE_OK;
    if (status == BIASCOPE_OK) status = find_error(w, &standard_error, error);
    if (status != BIASCOPE_OK || standard_error <= USEFUL_ERROR) return status;
    if (w->question->options.effort == 0.0) w->game.most_effort = fmax(w->game.most_effort, USEFUL_EFFORT);
    const double times = lengthen(w, *total, POLISHING * (w->game.effort - before), standard_error);
    if (times < LEAST_LONGER) return BIASCOPE_OK;
    *total *= times;
  }
}

/* Over longer and longer sequences: what a short one says of its error is rough. */
static biascope_status solve(work *w, biascope_prediction *out, biascope_error *error) {
  const size_t chosen = w->question->options.sample_length;
  double total = chosen ? (double)chosen : first_sample(w), before = w->game.effort;
  biascope_status status = w->signs && !chosen ? find_useful(w, &total, out, error) : BIASCOPE_OK;
  if (status == BIASCOPE_OK) status = correct(w, (size_t)total, true, out, error);
  while (status == BIASCOPE_OK && !chosen && out->standard_error > WANTED_ERROR) {
    const double times = lengthen(w, total, w->game.effort - before, out->standard_error);
    if (times < LEAST_LONGER) break;
    total *= times;
    before = w->game.effort;
    const biascope_status longer = correct(w, (size_t)total, false, out, error);
    if (longer == BIASCOPE_NOT_CONVERGED) break;
    status = longer;
  }
  return status;
}

/* With that stand-in; effort: what all of them have spent. */
static biascope_status attempt(const bs_question *question, const bs_epoch_rule *rule, const stand_in *by,
                               double *effort, biascope_prediction *out, biascope_error *error) {
  work w = {.question = question, .rule = rule, .many_steps = by->steps >= MANY_STEPS};
  biascope_status status = work_create(&w, by, error);
  if (status == BIASCOPE_OK) {
    w.game.effort = *effort;
    status = search_roughly(&w, error);
  }
  if (status == BIASCOPE_OK) status = solve(&w, out, error);
  *effort = w.game.effort;
  work_free(&w);
  return status;
}

biascope_status bs_predict_random_order(const bs_question *question, const bs_epoch_rule *rule,
                                        biascope_prediction *out, biascope_error *error) {
  double effort = 0.0;
  biascope_status status = BIASCOPE_NOT_CONVERGED;
  for (size_t n = 0; n < sizeof STAND_INS / sizeof *STAND_INS && status == BIASCOPE_NOT_CONVERGED; n++) {
    if (STAND_INS[n].normal_signs && !bs_normal_signs_apply(question->data, &question->training, rule)) continue;
    if (effort >= LENGTHENING_EFFORT) break;
    if (!STAND_INS[n].normal_signs && bs_long_sequences_apply(question, rule))
      return bs_predict_by_long_sequences(question, rule, out, error);
    status = attempt(question, rule, &STAND_INS[n], &effort, out, error);
  }
  return status;
}
