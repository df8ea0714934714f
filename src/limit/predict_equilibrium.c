#include "limit/predict.h"

#include "base/memory.h"
#include "base/vector.h"
#include "limit/search.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Writes the game's point into the prediction. */
static void export_equilibrium(const bs_game *game, const double *log_weights, const bs_equilibrium *found,
                               biascope_prediction *out) {
  memcpy(out->direction, game->direction, game->features * sizeof *out->direction);
  const double norm = bs_norm2(game->features, out->direction);
  if (norm > 0.0) bs_scale(game->features, 1.0 / norm, out->direction);
  for (size_t i = 0; i < game->samples; i++) out->dual[i] = exp(log_weights[i]);
  out->support = found->support;
  out->gap = found->gap;
  out->rate = found->value;
}

static biascope_status solve_game(const bs_question *question, bs_game *game, biascope_prediction *out,
                                  biascope_error *error) {
  double *log_weights = BS_NEW(double, game->samples);
  if (!log_weights) return bs_fail_memory(error, "the equilibrium");
  bs_equilibrium found;
  biascope_status status =
      bs_equilibrium_search(game, question->training.loss, question->options.tolerance, log_weights, &found, error);
  if (status == BIASCOPE_OK || status == BIASCOPE_NOT_CONVERGED) export_equilibrium(game, log_weights, &found, out);
  free(log_weights);
  return status;
}

static biascope_status solve_schedules(const bs_question *question, const bs_epoch_rule *rule,
                                       const bs_schedule *schedules, size_t count, biascope_prediction *out,
                                       biascope_error *error) {
  bs_epoch_map *map;
  biascope_status status = bs_epoch_map_create(question->data, schedules, count, &map, error);
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

biascope_status bs_predict_equilibrium(const bs_question *question, const bs_epoch_rule *rule, const char *method,
                                       biascope_prediction *out, biascope_error *error) {
  const biascope_train_options *training = &question->training;
  biascope_status status = BIASCOPE_OK;
  /* Fewer samples than features: an equilibrium with a positive value is itself the proof. */
  if (out->samples > out->features) status = bs_require_separable(question->data, error);
  if (status != BIASCOPE_OK) return status;
  bs_schedule schedule;
  status =
      bs_schedule_create(out->samples, training->batch_size, training->order, 0, training->seed, 0, &schedule, error);
  if (status != BIASCOPE_OK) return status;
  out->method = method;
  status = solve_schedules(question, rule, &schedule, 1, out, error);
  bs_schedule_free(&schedule);
  if (!(out->rate > 0.0)) {
    const biascope_status separable = bs_require_separable(question->data, error);
    if (separable != BIASCOPE_OK) return separable;
  }
  return status;
}

biascope_status bs_predict_proxy(const bs_question *question, const char *method, biascope_prediction *out,
                                 biascope_error *error) {
  bs_question proxy = *question;
  proxy.training.batch_size = 1;
  proxy.training.order = BIASCOPE_CYCLIC;
  const bs_epoch_rule rule = {.rule = BS_RULE_RATIO, .beta1 = 1.0, .beta2 = 1.0};
  const biascope_status status = bs_predict_equilibrium(&proxy, &rule, method, out, error);
  out->rate /= sqrt((double)out->samples); /* the mean gradient over the root of the sum, not the mean, of squares */
  return status;
}
