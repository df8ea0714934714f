#include "limit/exact_map.h"

#include "base/vector.h"
#include <string.h>

static bool has_expectation(const bs_question *question, const bs_epoch_rule *rule) {
  return question->options.sample_length == 0 && bs_expectation_applies(question->data, &question->training, rule);
}

void bs_exact_map_free(bs_exact_map *exact) {
  bs_sampled_signs_free(exact->signs);
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
  if (status == BIASCOPE_OK && bs_normal_signs_apply(question->data, &question->training, rule))
    status = bs_sampled_signs_create(out->map, &question->training, rule, &out->signs, error);
  if (status != BIASCOPE_OK) bs_exact_map_free(out);
  return status;
}

/* Columns that stand apart are left to the map. */
static bool signs_hold(const bs_exact_map *exact, const double *log_weights) {
  return exact->signs && !bs_epoch_map_has_columns_apart(exact->map, &exact->rule, log_weights);
}

static void evaluate_signs(void *state, size_t which, const double *log_weights, double *direction) {
  const bs_exact_map *exact = state;
  memset(direction, 0, bs_epoch_map_features(exact->map) * sizeof *direction);
  bs_sampled_signs_add(exact->signs, &exact->rule, which, log_weights, direction);
}

/* Their mean; returns its cost. */
static double evaluate_all_signs(const bs_exact_map *exact, const double *log_weights, double *direction) {
  const size_t d = bs_epoch_map_features(exact->map), count = bs_sampled_signs_count(exact->signs);
  double cost = 0.0;
  memset(direction, 0, d * sizeof *direction);
  for (size_t n = 0; n < count; n++)
    cost += bs_sampled_signs_add(exact->signs, &exact->rule, n, log_weights, direction);
  bs_scale(d, 1.0 / (double)count, direction);
  return cost;
}

static void evaluate_sequence(void *state, size_t sequence, const double *log_weights, double *direction) {
  const bs_exact_map *exact = state;
  bs_epoch_map_evaluate_one(exact->map, sequence, &exact->rule, log_weights, direction);
}

bs_replicates bs_exact_map_replicates(const bs_exact_map *exact, const double *log_weights) {
  if (signs_hold(exact, log_weights))
    return (bs_replicates){bs_sampled_signs_count(exact->signs), evaluate_signs, (void *)exact};
  return (bs_replicates){exact->count, evaluate_sequence, (void *)exact};
}

void bs_exact_map_evaluate(const bs_exact_map *exact, bs_game *game, const double *log_weights, double *direction) {
  if (exact->expectation) {
    bs_expectation_evaluate(exact->expectation, log_weights, direction);
    bs_game_spend(game, bs_expectation_cost(exact->expectation));
    return;
  }
  if (signs_hold(exact, log_weights)) {
    bs_game_spend(game, evaluate_all_signs(exact, log_weights, direction));
    return;
  }
  bs_epoch_map_evaluate(exact->map, &exact->rule, log_weights, direction, NULL);
  bs_game_spend(game, bs_epoch_map_spent(exact->map));
}

double bs_exact_map_chance(const bs_exact_map *exact, const double *log_weights, const double *mean, size_t d,
                           double *one) {
  const bs_replicates of = bs_exact_map_replicates(exact, log_weights);
  double squares = 0.0;
  if (exact->expectation || of.count < 2) return 0.0;
  for (size_t r = 0; r < of.count; r++) {
    of.evaluate(of.state, r, log_weights, one);
    bs_axpy(d, -1.0, mean, one);
    squares += bs_dot(d, one, one);
  }
  return 0.5 * squares / (double)(of.count * (of.count - 1)) / bs_dot(d, mean, mean);
}
