/* Orders with chance in them: D is an expectation over the order, taken over long random sequences. The equilibrium is
 * found with a short one, and corrected by what D is over the long ones. */
#include "limit/predict.h"

#include "base/memory.h"
#include "limit/deferred.h"
#include "limit/sampling.h"
#include "limit/search.h"
#include "margin/rows.h"
#include <math.h>
#include <stdlib.h>

/* Steps of the sequence that stands in, two epochs of it at least, and of longer ones, where the mean over that is too
 * rough; of the random sequences where the caller does not
 * choose: the first, then up to LONGER times as many again and again until the standard error is WANTED_ERROR, within
 * MOST_CELLS steps times features and LENGTHENING_EFFORT multiplications, some ten seconds; more where the error is so
 * large that no run can confirm the answer.
 */
static const size_t STAND_IN_STEPS[] = {512, 4096, 16384};
enum { FIRST_SAMPLE = 1 << 13, LONGER = 8, MOST_CELLS = 800000000 };
static const double WANTED_ERROR = 2e-3, LENGTHENING_EFFORT = 1e10, LEAST_LONGER = 1.5;
static const double USEFUL_ERROR = 0.02, USEFUL_EFFORT = 4e10;
static const double STAND_IN_SMOOTHING = 0.02; /* of its signs: few momenta make a rough mean */
static const double STAND_IN_GAP = 1e-6;
/* Of the signs of long sequences: so that as many momenta lie within it of 0, whose bias the standard error counts; and
 * what it is multiplied with where that is too few. */
static const double NEAR_ZERO = 200.0, MOST_SMOOTHING = 0.02, SMOOTHER = 4.0;

typedef struct {
  const bs_question *question;
  const bs_epoch_rule *rule;
  bs_schedule short_schedule;
  bs_epoch_map *stand_in;
  bs_exact_map exact;
  bs_game game;
  double *log_weights, *offset;
} work;

static void work_free(work *w) {
  bs_exact_map_free(&w->exact);
  bs_game_free(&w->game);
  bs_epoch_map_free(w->stand_in);
  bs_schedule_free(&w->short_schedule);
  free(w->log_weights);
  free(w->offset);
}

static biascope_status work_create(work *w, size_t least, biascope_error *error) {
  const biascope_dataset *data = w->question->data;
  w->log_weights = BS_NEW(double, bs_margin_rows(data));
  w->offset = BS_NEW(double, bs_margin_weights(data));
  if (!w->log_weights || !w->offset) return bs_fail_memory(error, "the equilibrium");
  bs_epoch_rule rule = *w->rule;
  if (rule.direction == BS_SIGN) rule.smoothing = STAND_IN_SMOOTHING;
  const size_t two_epochs = 2 * bs_batches_per_epoch(&w->question->training, data->samples);
  const size_t steps = two_epochs > least ? two_epochs : least;
  biascope_status status =
      bs_schedule_create(&w->question->training, data, steps, BS_REPLICATES, &w->short_schedule, error);
  if (status == BIASCOPE_OK)
    status = bs_epoch_map_create(data, &w->short_schedule, 1, rule.direction, &w->stand_in, error);
  if (status == BIASCOPE_OK) status = bs_game_create(w->stand_in, &rule, &w->game, error);
  const double effort = w->question->options.effort;
  if (status == BIASCOPE_OK && effort > 0.0) w->game.most_effort = fmin(w->game.most_effort, effort);
  return status;
}

/* Along the path of training to the equilibrium of the short sequence, roughly: what is not found there may be found
 * over the long ones. */
static biascope_status search_roughly(work *w, biascope_error *error) {
  const biascope_options *training = &w->question->training;
  const bs_search search = {.loss = bs_loss_of(training->loss),
                            .start = w->question->start ? w->question->start->log_weights : NULL,
                            .tolerance = STAND_IN_GAP,
                            .smoothing = STAND_IN_SMOOTHING};
  bs_equilibrium found;
  const biascope_status status = bs_search_by_rule(&w->game, &search, w->log_weights, &found, error);
  return status == BIASCOPE_NOT_CONVERGED ? BIASCOPE_OK : status;
}

/* Signs are smoothed so far that the mean over the sequence is smooth enough to be solved, twice where that fails. */
static biascope_status correct_smoothed(work *w, size_t total, bs_equilibrium *found, biascope_error *error) {
  const bool signs = w->rule->direction == BS_SIGN;
  biascope_status status = BIASCOPE_NOT_CONVERGED;
  if (signs) w->exact.rule.smoothing = fmin(MOST_SMOOTHING, fmax(BS_SAMPLED_SMOOTHING, NEAR_ZERO / (double)total));
  for (int n = 0; n < 2 && status == BIASCOPE_NOT_CONVERGED && (n == 0 || (signs && !bs_game_exhausted(&w->game)));
       n++) {
    if (n > 0) w->exact.rule.smoothing *= SMOOTHER;
    status = bs_deferred_correct(&w->game, &w->exact, w->question->options.tolerance, w->offset, w->log_weights, found,
                                 error);
  }
  return status;
}

static biascope_status describe_failure(const work *w, const bs_equilibrium *found, biascope_error *error) {
  if (!isfinite(found->gap))
    return bs_fail(
        error, BIASCOPE_NOT_CONVERGED,
        "no equilibrium of the mean over random orders was found: m / sqrt(v) grows beyond all numbers while "
        "the samples drawn are faint");
  return bs_fail(
      error, BIASCOPE_NOT_CONVERGED,
      "no equilibrium of the mean over random orders with gap <= %.1e was found: the best point has gap %.1e",
      w->question->options.tolerance, found->gap);
}

/* Over sequences of `total` steps; the answer and its standard error into `out`, which keeps an answer that it has
 * where there is no better one. */
static biascope_status correct(work *w, size_t total, bool first, biascope_prediction *out, biascope_error *error) {
  bs_equilibrium found = {.gap = INFINITY};
  bs_exact_map_free(&w->exact);
  biascope_status status = bs_exact_map_create(w->question, w->rule, &w->game, total, BS_REPLICATES, &w->exact, error);
  if (status == BIASCOPE_OK) status = correct_smoothed(w, total, &found, error);
  if (status != BIASCOPE_OK && status != BIASCOPE_NOT_CONVERGED) return status;
  if (isfinite(found.gap) && (first || status == BIASCOPE_OK))
    bs_export_equilibrium(&w->game, w->log_weights, &found, out);
  if (status == BIASCOPE_NOT_CONVERGED) return describe_failure(w, &found, error);
  if (w->exact.expectation) return BIASCOPE_OK;
  if (w->rule->direction == BS_SIGN) w->exact.rule.smoothing = BS_SAMPLED_SMOOTHING;
  return bs_sampling_error(&w->game, w->exact.map, &w->exact.rule, w->log_weights, &out->standard_error, error);
}

/* How many times as long the next sequences are, as far as the effort allows; the last ones spent `spent`. */
static double lengthen(const work *w, double total, double spent, const biascope_prediction *out) {
  const double most = (double)MOST_CELLS / (double)(out->outputs * out->features);
  const bool useful = out->standard_error <= USEFUL_ERROR;
  const double wanted = useful ? WANTED_ERROR : USEFUL_ERROR, ratio = out->standard_error / wanted;
  const double left = ((useful ? LENGTHENING_EFFORT : USEFUL_EFFORT) - w->game.effort) / spent;
  return fmin(fmin(most / total, left), fmin(LONGER, fmax(2.0, 1.1 * ratio * ratio)));
}

/* Over longer and longer sequences: what a short one says of its error is rough. */
static biascope_status solve(work *w, biascope_prediction *out, biascope_error *error) {
  const size_t chosen = w->question->options.sample_length;
  double total = chosen ? (double)chosen : FIRST_SAMPLE, before = w->game.effort;
  biascope_status status = correct(w, (size_t)total, true, out, error), longer = status;
  while (longer == BIASCOPE_OK && !chosen && out->standard_error > WANTED_ERROR) {
    const double times = lengthen(w, total, w->game.effort - before, out);
    if (times < LEAST_LONGER) break;
    total *= times;
    before = w->game.effort;
    longer = correct(w, (size_t)total, false, out, error);
  }
  return status == BIASCOPE_OK && longer != BIASCOPE_NOT_CONVERGED ? longer : status;
}

/* With a stand-in of that many steps; effort: what all of them have spent. */
static biascope_status attempt(const bs_question *question, const bs_epoch_rule *rule, size_t stand_in, double *effort,
                               biascope_prediction *out, biascope_error *error) {
  work w = {.question = question, .rule = rule};
  biascope_status status = work_create(&w, stand_in, error);
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
  for (size_t n = 0; n < sizeof STAND_IN_STEPS / sizeof *STAND_IN_STEPS && status == BIASCOPE_NOT_CONVERGED; n++) {
    if (n == 0 || effort < LENGTHENING_EFFORT) status = attempt(question, rule, STAND_IN_STEPS[n], &effort, out, error);
  }
  return status;
}
