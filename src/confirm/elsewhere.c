/* If the run goes elsewhere: the equilibrium to which it goes. */
#include "confirm/confirmation.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/vector.h"
#include "limit/predict.h"
#include "loss/classes.h"
#include "margin/rows.h"
#include "rule/option.h"
#include "train/cost.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* 1 - cos between directions of one equilibrium found twice. */
static const double SAME = 1e-8;
/* The same between increments of runs from which the search, seconds long in a random order, would find the same. */
static const double SEARCHED = 1e-3;
/* Of a search from where a run or a path has got to, and of one for sliding updates from the end of a path; or, in a
 * fixed order, so many for every number in the data. */
static const double SEARCH_EFFORT = 5e9, PATH_EFFORT = 1e9, PASSES = 3e4;
/* The epochs over which updates are watched one by one, or so many steps or multiplications of them. */
static const double WATCHED_EFFORT = 1e9, LEAST_EPOCHS = 20.0, MOST_EPOCHS = 1e5, WATCHED_STEPS = 2e5;

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

/* The updates of signs in a fixed order that the run goes on with; NULL where there are none, or too many. */
static biascope_status watch(bs_confirmation *c, double **updates, biascope_error *error) {
  const size_t steps = bs_batches_per_epoch(c->training, c->data->samples), d = bs_margin_weights(c->data);
  *updates = NULL;
  if (!bs_updates_may_be_watched(c)) return BIASCOPE_OK;
  *updates = BS_NEW(double, steps *d);
  if (!*updates) return bs_fail_memory(error, "the updates of a run");
  const double watched = fmin(WATCHED_STEPS, WATCHED_EFFORT / bs_step_cost(c->data, c->training));
  const double epochs = fmax(LEAST_EPOCHS, fmin(MOST_EPOCHS, watched / (double)steps));
  return bs_run_watch_signs(c->data, c->training, &c->run, (uint64_t)epochs, *updates, error);
}

/* Whether a search in a random order has begun at such weights already. */
static biascope_status is_searched(bs_confirmation *c, const double *direction, bool *searched, biascope_error *error) {
  const size_t d = bs_margin_weights(c->data);
  *searched = c->searched && bs_cosine(d, c->searched, direction) >= 1.0 - SEARCHED;
  if (*searched || c->training->order == BIASCOPE_CYCLIC) return BIASCOPE_OK;
  if (!c->searched) c->searched = BS_NEW(double, d);
  if (!c->searched) return bs_fail_memory(error, "the confirming run");
  memcpy(c->searched, direction, d * sizeof *c->searched);
  return BIASCOPE_OK;
}

void bs_search_result_free(bs_search_result *found) {
  biascope_prediction_free(&found->prediction);
  *found = (bs_search_result){0};
}

/* Searches from there. */
static biascope_status search_from(bs_confirmation *c, const bs_start *start, double most, bs_search_result *found,
                                   biascope_error *error) {
  const double effort = c->options->effort > 0.0 ? fmin(c->options->effort, most) : most;
  const biascope_predict_options options = {
      .tolerance = c->options->tolerance, .sample_length = c->options->sample_length, .effort = effort};
  biascope_prediction *prediction = &found->prediction;
  const biascope_status status = bs_predict_from(c->data, c->training, &options, start, prediction, error);
  found->from = bs_run_name_of(&c->run);
  found->equilibrium = prediction->direction && prediction->gap <= c->gap;
  if (!found->equilibrium) return status == BIASCOPE_NO_MEMORY ? status : BIASCOPE_OK;
  prediction->unique = prediction->unique && c->answer->unique;
  bs_take_common_part(c, prediction);
  found->same = c->equilibrium &&
                bs_cosine(bs_margin_weights(c->data), prediction->direction, c->answer->direction) >= 1.0 - SAME;
  /* found, but refused all the same */
  if (found->same && status == BIASCOPE_NOT_CONVERGED && prediction->gap <= options.tolerance) c->repels = true;
  return BIASCOPE_OK;
}

/* Of a search, which may begin with the updates that a run was watched for. */
static double search_effort(const bs_confirmation *c, bool watched) {
  const double least = bs_updates_slide(c) && !watched ? PATH_EFFORT : SEARCH_EFFORT;
  const double passes = PASSES * (double)bs_margin_rows(c->data) * (double)bs_margin_weights(c->data);
  return bs_seed_matters(c->training) ? least : fmax(least, passes);
}

/* Searches from the weights of the run, and with `watched` from the updates that it goes on with. */
static biascope_status search_from_weights(bs_confirmation *c, bool watched, bs_search_result *found,
                                           biascope_error *error) {
  double *log_weights = BS_NEW(double, bs_margin_rows(c->data)), *updates = NULL;
  if (!log_weights) return bs_fail_memory(error, "the start of a search");
  find_log_weights(c, log_weights);
  const biascope_status seen = watched ? watch(c, &updates, error) : BIASCOPE_OK;
  const bs_start start = {.log_weights = log_weights, .updates = seen == BIASCOPE_OK ? updates : NULL};
  const biascope_status status =
      seen == BIASCOPE_NO_MEMORY ? seen : search_from(c, &start, search_effort(c, watched), found, error);
  free(log_weights);
  free(updates);
  return status;
}

/* Makes what was found the answer; or keeps it, for a path that may lead there. */
static biascope_status adopt_or_keep(bs_confirmation *c, bool adopted, bs_search_result *found, biascope_error *error) {
  if (adopted) return adopt(c, &found->prediction, error);
  bs_search_result_free(&c->found);
  c->found = *found;
  return BIASCOPE_OK;
}

biascope_status bs_search_from_run(bs_confirmation *c, bool by_path, bool *adopted, biascope_error *error) {
  bool searched;
  *adopted = false;
  if (bs_limit_is_theorem(c->training) || bs_weights_shrink(c->training)) return BIASCOPE_OK;
  bs_search_result found = {0};
  const bool signs = bs_updates_may_be_watched(c), again = bs_run_has_name(&c->run, c->found.from);
  biascope_status status = BIASCOPE_OK;
  if (by_path && again && !signs) { /* the same search would find the same */
    found = c->found;
    c->found = (bs_search_result){0};
  } else {
    status = is_searched(c, c->run.increment, &searched, error);
    if (status != BIASCOPE_OK || searched) return status;
    status = search_from_weights(c, !by_path, &found, error);
    if (status != BIASCOPE_OK) return status;
  }
  *adopted = found.equilibrium && !by_path && bs_run_agrees(c, &found.prediction);
  if (found.equilibrium && by_path && !found.same) status = bs_path_leads_to(c, &found.prediction, adopted, error);
  const biascope_status taken = adopt_or_keep(c, *adopted, &found, error);
  return status == BIASCOPE_OK ? taken : status;
}

biascope_status bs_search_from_path(bs_confirmation *c, bool *adopted, biascope_error *error) {
  bool searched;
  *adopted = false;
  if (!bs_run_has_name(&c->run, c->path.from) || !c->path.agrees) return BIASCOPE_OK;
  biascope_status status = is_searched(c, c->path.direction, &searched, error);
  if (status != BIASCOPE_OK || searched) return status;
  const bs_start start = {.log_weights = c->path.log_weights, .updates = c->path.updates};
  bs_search_result found = {0};
  status = search_from(c, &start, search_effort(c, false), &found, error);
  if (status != BIASCOPE_OK) return status;
  if (found.equilibrium && !found.same) status = bs_path_leads_to(c, &found.prediction, adopted, error);
  if (*adopted) return adopt(c, &found.prediction, error);
  bs_search_result_free(&found);
  return status;
}
