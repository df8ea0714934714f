#include "limit/exact_map.h"

static bool has_expectation(const bs_question *question, const bs_epoch_rule *rule) {
  return question->options.sample_length == 0 && bs_expectation_applies(question->data, &question->training, rule);
}

void bs_exact_map_free(bs_exact_map *exact) {
  bs_epoch_map_free(exact->map);
  bs_expectation_free(exact->expectation);
  while (exact->count > 0) bs_schedule_free(&exact->schedules[--exact->count]);
  *exact = (bs_exact_map){0};
}

biascope_status bs_exact_map_create(const bs_question *question, const bs_epoch_rule *rule, const bs_game *game,
                                    size_t total, size_t replicates, bs_exact_map *out, biascope_error *error) {
  const size_t steps = bs_replicate_steps(total, rule->beta1, rule->beta2);
  biascope_status status = BIASCOPE_OK;
  *out = (bs_exact_map){.rule = *rule};
  if (has_expectation(question, rule))
    return bs_expectation_create(game->rows, game->samples, game->features, rule, &out->expectation, error);
  while (out->count < replicates && status == BIASCOPE_OK) {
    status =
        bs_schedule_create(&question->training, question->data, steps, out->count, &out->schedules[out->count], error);
    if (status == BIASCOPE_OK) out->count++;
  }
  if (status == BIASCOPE_OK)
    status = bs_epoch_map_create(question->data, out->schedules, out->count, rule->direction, &out->map, error);
  if (status != BIASCOPE_OK) bs_exact_map_free(out);
  return status;
}

void bs_exact_map_evaluate(const bs_exact_map *exact, bs_game *game, const double *log_weights, double *direction) {
  if (exact->expectation) {
    bs_expectation_evaluate(exact->expectation, log_weights, direction);
    bs_game_spend(game, bs_expectation_cost(exact->expectation));
    return;
  }
  bs_epoch_map_evaluate(exact->map, &exact->rule, log_weights, direction, NULL);
  bs_game_spend(game, bs_epoch_map_spent(exact->map));
}
