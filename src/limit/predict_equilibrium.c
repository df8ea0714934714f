#include "limit/predict.h"

#include "base/memory.h"
#include "base/vector.h"
#include "limit/constant_step.h"
#include "limit/sampling.h"
#include "limit/search.h"
#include "limit/stability.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Steps of the random sequence where the caller does not choose: the first, then as many as bring the standard error to
 * WANTED_ERROR, within an effort of MOST_CELLS steps times features. */
enum { FIRST_SAMPLE = 1 << 16, MOST_CELLS = 25000000 };
static const double WANTED_ERROR = 1e-3;

/* Writes the game's point into the prediction. */
static void export_equilibrium(const bs_game *game, const double *log_weights, const bs_equilibrium *found,
                               biascope_prediction *out) {
  memcpy(out->direction, game->direction, game->features * sizeof *out->direction);
  const double norm = bs_norm2(game->features, out->direction);
  if (norm > 0.0) bs_scale(game->features, 1.0 / norm, out->direction);
  out->support = 0;
  for (size_t i = 0; i < game->samples; i++) {
    out->dual[i] = exp(log_weights[i]); /* 0 off the first level */
    out->support += out->dual[i] > 0.0;
  }
  out->gap = found->gap;
  out->rate = found->value;
}

typedef struct {
  const bs_question *question;
  bs_game *game;
  double *log_weights;
  bool warm; /* log_weights hold the equilibrium of a rule nearby */
  bs_equilibrium found;
} finder;

static biascope_status find(void *context, const bs_epoch_rule *rule, double *value, biascope_error *error) {
  finder *f = context;
  const double tolerance = f->question->options.tolerance;
  const biascope_loss loss = f->question->training.loss;
  biascope_status status = BIASCOPE_NOT_CONVERGED;
  f->game->rule = *rule;
  if (rule->rule == BS_RULE_SIGN) {
    status = bs_sign_equilibrium_search(f->game, loss, tolerance, f->log_weights, &f->found, error);
  } else {
    if (f->warm) status = bs_equilibrium_polish(f->game, tolerance, f->log_weights, &f->found, error);
    if (status == BIASCOPE_NOT_CONVERGED)
      status = bs_equilibrium_search(f->game, loss, tolerance, f->log_weights, &f->found, error);
    f->warm = status == BIASCOPE_OK;
  }
  *value = f->found.value;
  return status;
}

/* What is to be said of an equilibrium beside its gap. */
static biascope_status examine_equilibrium(const bs_question *question, bs_game *game, const double *log_weights,
                                           biascope_prediction *out, biascope_error *error) {
  if (bs_epoch_map_schedules(game->map) > 1) return bs_sampling_error(game, log_weights, &out->standard_error, error);
  if (game->rule.rule == BS_RULE_SIGN) return BIASCOPE_OK; /* sliding holds it */
  const biascope_train_options *training = &question->training;
  const double steps = (double)bs_epoch_map_schedule(game->map, 0)->steps;
  bool stable;
  const biascope_status status =
      bs_equilibrium_stable(game, log_weights, training->lr_decay == 0.0 ? training->lr * steps : 0.0, &stable, error);
  if (status != BIASCOPE_OK || stable) return status;
  return bs_fail(error, BIASCOPE_NOT_CONVERGED,
                 "the only equilibrium found (gap %.1e) repels: training circles around it and does not settle%s",
                 out->gap, training->lr_decay == 0.0 ? " at this constant lr" : "");
}

static biascope_status solve_game(const bs_question *question, bs_game *game, biascope_prediction *out,
                                  biascope_error *error) {
  finder f = {.question = question, .game = game, .log_weights = BS_NEW(double, game->samples)};
  if (!f.log_weights) return bs_fail_memory(error, "the equilibrium");
  bs_epoch_rule rule = game->rule;
  f.warm = out->support > 0;
  for (size_t i = 0; i < game->samples; i++) f.log_weights[i] = log(out->dual[i]);
  biascope_status status = question->training.lr_decay == 0.0
                               ? bs_constant_step_solve(&rule, question->training.lr, find, &f, &f.found.value, error)
                               : find(&f, &rule, &f.found.value, error);
  if ((status == BIASCOPE_OK || status == BIASCOPE_NOT_CONVERGED) && isfinite(f.found.gap))
    export_equilibrium(game, f.log_weights, &f.found, out);
  if (status == BIASCOPE_OK) status = examine_equilibrium(question, game, f.log_weights, out, error);
  free(f.log_weights);
  return status;
}

static biascope_status solve_schedules(const bs_question *question, const bs_epoch_rule *rule,
                                       const bs_schedule *schedules, size_t count, biascope_prediction *out,
                                       biascope_error *error) {
  bs_epoch_map *map;
  biascope_status status = bs_epoch_map_create(question->data, schedules, count, rule->rule, &map, error);
  if (status != BIASCOPE_OK) return status;
  bs_game game;
  status = bs_game_create(map, rule, &game, error);
  if (status == BIASCOPE_OK) {
    status = solve_game(question, &game, out, error);
    bs_game_free(&game);
  }
  bs_epoch_map_free(map);
  return status;
}

/* One epoch of the cyclic order, or replicates of a random sequence of `total` steps. Starts from the dual in `out`. */
static biascope_status solve_order(const bs_question *question, const bs_epoch_rule *rule, size_t total,
                                   biascope_prediction *out, biascope_error *error) {
  const biascope_train_options *training = &question->training;
  const size_t steps = bs_replicate_steps(total, rule->beta1, rule->beta2);
  const size_t wanted = training->order == BIASCOPE_CYCLIC ? 1 : BS_REPLICATES;
  bs_schedule schedules[BS_REPLICATES];
  size_t count = 0;
  biascope_status status = BIASCOPE_OK;
  while (count < wanted && status == BIASCOPE_OK) {
    status = bs_schedule_create(out->samples, training->batch_size, training->order, steps, training->seed, count,
                                &schedules[count], error);
    if (status == BIASCOPE_OK) count++;
  }
  if (status == BIASCOPE_OK) status = solve_schedules(question, rule, schedules, count, out, error);
  while (count > 0) bs_schedule_free(&schedules[--count]);
  return status;
}

static biascope_status solve_to_precision(const bs_question *question, const bs_epoch_rule *rule,
                                          biascope_prediction *out, biascope_error *error) {
  const size_t chosen = question->options.sample_length;
  const double most = (double)MOST_CELLS / (double)out->features;
  const biascope_status status = solve_order(question, rule, chosen ? chosen : FIRST_SAMPLE, out, error);
  if (status != BIASCOPE_OK || chosen || !(out->standard_error > WANTED_ERROR) || most < 2.0 * FIRST_SAMPLE)
    return status;
  const double ratio = out->standard_error / WANTED_ERROR;
  return solve_order(question, rule, (size_t)fmin(most, 1.1 * FIRST_SAMPLE * ratio * ratio), out, error);
}

biascope_status bs_predict_equilibrium(const bs_question *question, const bs_epoch_rule *rule, const char *method,
                                       biascope_prediction *out, biascope_error *error) {
  biascope_status status = BIASCOPE_OK;
  /* Where samples are no more than features, an equilibrium with a positive value is itself the proof. */
  if (out->samples > out->features) status = bs_require_separable(question->data, error);
  if (status != BIASCOPE_OK) return status;
  out->method = method;
  status = solve_to_precision(question, rule, out, error);
  if (!(out->rate > 0.0)) {
    const biascope_status separable = bs_require_separable(question->data, error);
    if (separable != BIASCOPE_OK) return separable;
  }
  return status;
}
