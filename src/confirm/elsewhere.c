/* If the run goes elsewhere: the equilibrium to which it goes. */
#include "confirm/confirmation.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/vector.h"
#include "limit/predict.h"
#include "loss/classes.h"
#include "margin/rows.h"
#include "rule/option.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* 1 - cos between the gains of the run and of the path of small steps from the same weights. */
static const double SAME_PATH = 1e-3;
/* Errors of a margin in a step along that path. With more samples than features several equilibria may attract, and
 * only the fine path decides between them. */
static const double COARSE = 0.03, FINE = 1e-3;
/* 1 - cos between directions of one equilibrium found twice. */
static const double SAME = 1e-8;
/* The same between increments of runs from which the search, seconds long in a random order, would find the same. */
static const double SEARCHED = 1e-3;
static const double RANDOM_EFFORT = 5e9; /* of such a search */
/* Updates of an epoch that may be watched one by one, for so many epochs, or so many steps. */
static const double MOST_WATCHED = 1e6, LEAST_EPOCHS = 20.0, MOST_EPOCHS = 1e5, WATCHED_STEPS = 2e5;
/* for following the path from a run */
static const double PATH_EFFORT = 4e9, RANDOM_PATH_EFFORT = 1.5e10, PATH_STEPS = 40.0;

biascope_status bs_keep_other(biascope_prediction *to, const double *direction, biascope_error *error) {
  const size_t d = bs_confirmation_weights(to);
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
static biascope_status adopt(bs_confirmation *c, biascope_prediction *found, biascope_error *error) {
  biascope_prediction *answer = c->answer;
  found->starts = answer->starts;
  found->others = answer->others;
  found->other_directions = answer->other_directions;
  answer->others = 0;
  answer->other_directions = NULL;
  biascope_status status = BIASCOPE_OK;
  if (c->equilibrium) status = bs_keep_other(found, answer->direction, error);
  biascope_prediction_free(answer);
  *answer = *found;
  c->equilibrium = c->adopted = true;
  c->repels = false;
  return status;
}

/* log |l'| of every row at the run's last weights. */
static void find_log_weights(const bs_confirmation *c, double *log_weights) {
  const bs_loss *loss = bs_loss_of(c->training->loss);
  const size_t rows = bs_margin_rows(c->data), each = bs_rows_of_each(c->data);
  for (size_t i = 0; i < rows; i++) log_weights[i] = bs_margin_row_dot(c->data, i, c->run.weights[BS_RUN_ALL]);
  for (size_t i = 0; i < rows; i += each) bs_classes_slopes(loss, each, log_weights + i, log_weights + i, NULL);
}

/* Whether the path of small steps, followed with that error, gains what the run gained over its last half, and leads to
 * the prediction. */
static biascope_status follow_from_run(const bs_confirmation *c, const biascope_prediction *prediction,
                                       double margin_error, double *increment, bool *leads, biascope_error *error) {
  const double n = (double)bs_margin_rows(c->data), d = (double)bs_margin_weights(c->data);
  const double least = bs_seed_matters(c->training) ? RANDOM_PATH_EFFORT : PATH_EFFORT;
  const biascope_predict_options options = {.effort = fmax(least, PATH_STEPS * n * d * fmin(n, d))};
  bs_way way = {.start = c->run.weights[BS_RUN_HALF],
                .time = c->run.time,
                .error = margin_error,
                .direction = prediction->direction,
                .increment = increment};
  const biascope_status status = bs_follow_way(c->data, c->training, &options, &way, error);
  *leads = status == BIASCOPE_OK &&
           bs_cosine(bs_margin_weights(c->data), way.increment, c->run.increment) >= 1.0 - SAME_PATH &&
           way.apart <= bs_run_allowance(prediction);
  return status == BIASCOPE_NO_MEMORY ? status : BIASCOPE_OK;
}

biascope_status bs_path_leads_to(const bs_confirmation *c, const biascope_prediction *prediction, bool *leads,
                                 biascope_error *error) {
  *leads = false;
  if (bs_limit_is_theorem(c->training) || bs_run_keeps_steps(c->training) || c->repels || !bs_is_precise(prediction))
    return BIASCOPE_OK;
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
static biascope_status watch(bs_confirmation *c, double **updates, biascope_error *error) {
  bs_epoch_rule rule;
  biascope_options training = *c->training;
  bs_epoch_rule_of(&training, c->data->samples, &rule);
  const size_t steps = bs_batches_per_epoch(c->training, c->data->samples), d = bs_margin_weights(c->data);
  const bool full = steps == 1 && rule.direction == BS_RATIO;
  *updates = NULL;
  if ((rule.direction != BS_SIGN && !full) || c->training->order != BIASCOPE_CYCLIC ||
      (double)steps * (double)d > MOST_WATCHED)
    return BIASCOPE_OK;
  *updates = BS_NEW(double, steps *d);
  if (!*updates) return bs_fail_memory(error, "the updates of a run");
  const double epochs = fmax(LEAST_EPOCHS, fmin(MOST_EPOCHS, WATCHED_STEPS / (double)steps));
  return bs_run_watch_signs(c->data, c->training, &c->run, (uint64_t)epochs, *updates, error);
}

/* Whether a search in a random order has begun at the run's weights already. */
static biascope_status is_searched(bs_confirmation *c, bool *searched, biascope_error *error) {
  const size_t d = bs_margin_weights(c->data);
  *searched = c->searched && bs_cosine(d, c->searched, c->run.increment) >= 1.0 - SEARCHED;
  if (*searched || c->training->order == BIASCOPE_CYCLIC) return BIASCOPE_OK;
  if (!c->searched) c->searched = BS_NEW(double, d);
  if (!c->searched) return bs_fail_memory(error, "the confirming run");
  memcpy(c->searched, c->run.increment, d * sizeof *c->searched);
  return BIASCOPE_OK;
}

biascope_status bs_search_from_run(bs_confirmation *c, bool by_path, bool *adopted, biascope_error *error) {
  biascope_prediction found;
  const double effort = c->options->effort > 0.0 ? c->options->effort : INFINITY;
  const biascope_predict_options options = {
      .tolerance = c->options->tolerance,
      .sample_length = c->options->sample_length,
      .effort = c->training->order == BIASCOPE_CYCLIC ? c->options->effort : fmin(RANDOM_EFFORT, effort)};
  *adopted = false;
  if (bs_limit_is_theorem(c->training) || bs_weights_shrink(c->training)) return BIASCOPE_OK;
  bool searched;
  biascope_status status = is_searched(c, &searched, error);
  if (status != BIASCOPE_OK || searched) return status;
  double *log_weights = BS_NEW(double, bs_margin_rows(c->data));
  if (!log_weights) return bs_fail_memory(error, "the start of a search");
  find_log_weights(c, log_weights);
  double *updates = NULL;
  const biascope_status watched = by_path ? BIASCOPE_OK : watch(c, &updates, error);
  const bs_start start = {.log_weights = log_weights, .updates = watched == BIASCOPE_OK ? updates : NULL};
  status = watched;
  if (watched != BIASCOPE_NO_MEMORY) status = bs_predict_from(c->data, c->training, &options, &start, &found, error);
  free(log_weights);
  free(updates);
  if (status == BIASCOPE_NO_MEMORY) return status;
  biascope_status path = BIASCOPE_OK;
  const bool equilibrium = (status == BIASCOPE_OK || status == BIASCOPE_NOT_CONVERGED) && found.gap <= c->gap;
  if (equilibrium) found.unique = found.unique && c->answer->unique;
  if (equilibrium) bs_take_common_part(c, &found);
  const bool same = equilibrium && c->equilibrium &&
                    bs_cosine(bs_margin_weights(c->data), found.direction, c->answer->direction) >= 1.0 - SAME;
  /* found, but refused all the same */
  if (same && status == BIASCOPE_NOT_CONVERGED && found.gap <= options.tolerance) c->repels = true;
  *adopted = equilibrium && !by_path && bs_run_agrees(c, &found);
  if (equilibrium && by_path && !same) path = bs_path_leads_to(c, &found, adopted, error);
  if (*adopted) return adopt(c, &found, error);
  if (status == BIASCOPE_OK || status == BIASCOPE_NOT_CONVERGED) biascope_prediction_free(&found);
  return path;
}
