#include "limit/exact_map.h"

#include "base/memory.h"
#include "base/vector.h"
#include "margin/rows.h"
#include <stdlib.h>
#include <string.h>

static bool has_expectation(const bs_question *question, const bs_epoch_rule *rule) {
  return question->options.sample_length == 0 && bs_expectation_applies(question->data, &question->training, rule);
}

void bs_exact_map_free(bs_exact_map *exact) {
  bs_team_free(exact->team);
  for (size_t w = 0; w < exact->worker_count; w++) {
    bs_sampled_signs_free(exact->workers[w].signs);
    bs_epoch_map_free(exact->workers[w].map);
  }
  bs_expectation_free(exact->expectation);
  while (exact->count > 0) bs_schedule_free(&exact->schedules[--exact->count]);
  free(exact->directions);
  *exact = (bs_exact_map){0};
}

static biascope_status create_workers(const bs_question *question, bs_exact_map *exact, biascope_error *error) {
  const size_t threads = question->training.threads > 0 ? question->training.threads : 1;
  biascope_status status = bs_team_create(&exact->team, threads < exact->count ? threads : exact->count, error);
  while (status == BIASCOPE_OK && exact->worker_count < bs_team_helpers(exact->team) + 1) {
    bs_sequence_worker *worker = &exact->workers[exact->worker_count++];
    status =
        bs_epoch_map_create(question->data, exact->schedules, exact->count, exact->rule.direction, &worker->map, error);
    if (status == BIASCOPE_OK && bs_normal_signs_apply(question->data, &question->training, &exact->rule))
      status = bs_sampled_signs_create(worker->map, &question->training, &exact->rule, &worker->signs, error);
  }
  return status;
}

biascope_status bs_exact_map_create(const bs_question *question, const bs_epoch_rule *rule, const bs_game *game,
                                    size_t total, size_t replicates, bs_exact_map *out, biascope_error *error) {
  const size_t steps = bs_replicate_steps(total, rule->beta1, rule->beta2);
  biascope_status status = BIASCOPE_OK;
  *out = (bs_exact_map){.rule = *rule};
  if (has_expectation(question, rule))
    return bs_expectation_create(game->rows, game->samples, game->features, rule, &out->expectation, error);
  out->directions = BS_NEW(double, replicates *bs_margin_weights(question->data));
  if (!out->directions) return bs_fail_memory(error, "the mean update");
  while (out->count < replicates && status == BIASCOPE_OK) {
    status =
        bs_schedule_create(&question->training, question->data, steps, out->count, &out->schedules[out->count], error);
    if (status == BIASCOPE_OK) out->count++;
  }
  if (status == BIASCOPE_OK) status = create_workers(question, out, error);
  if (status != BIASCOPE_OK) bs_exact_map_free(out);
  return status;
}

/* An evaluation of all parts, which the workers share. */
typedef struct {
  bs_exact_map *exact;
  const double *log_weights;
  bool signs;
  size_t count;
} evaluation;

static void evaluate_share(void *state, size_t share) {
  const evaluation *e = state;
  bs_exact_map *exact = e->exact;
  bs_sequence_worker *worker = &exact->workers[share];
  const size_t d = bs_epoch_map_features(worker->map);
  worker->spent = 0.0;
  for (size_t part = share; part < e->count; part += exact->worker_count) {
    double *direction = exact->directions + part * d;
    memset(direction, 0, d * sizeof *direction);
    if (e->signs) {
      worker->spent += bs_sampled_signs_add(worker->signs, &exact->rule, part, e->log_weights, direction);
    } else {
      bs_epoch_map_evaluate_one(worker->map, part, &exact->rule, e->log_weights, direction);
      worker->spent += bs_epoch_map_spent(worker->map);
    }
  }
}

void bs_exact_map_evaluate(bs_exact_map *exact, bs_game *game, const double *log_weights, double *direction) {
  const size_t d = game->features;
  if (exact->expectation) {
    bs_expectation_evaluate(exact->expectation, log_weights, direction);
    bs_game_spend(game, bs_expectation_cost(exact->expectation));
    return;
  }
  const bs_sequence_worker *first = exact->workers;
  /* columns that stand apart are left to the map */
  const bool signs = first->signs && !bs_epoch_map_has_columns_apart(first->map, &exact->rule, log_weights);
  evaluation e = {exact, log_weights, signs, signs ? bs_sampled_signs_count(first->signs) : exact->count};
  bs_team_run(exact->team, exact->worker_count, evaluate_share, &e);
  exact->parts = (bs_replicates){e.count, exact->directions};
  memset(direction, 0, d * sizeof *direction);
  for (size_t part = 0; part < e.count; part++) bs_axpy(d, 1.0, exact->directions + part * d, direction);
  bs_scale(d, 1.0 / (double)e.count, direction);
  for (size_t w = 0; w < exact->worker_count; w++) bs_game_spend(game, exact->workers[w].spent);
}

double bs_exact_map_chance(const bs_exact_map *exact, const double *mean, size_t d) {
  const size_t count = exact->parts.count;
  double squares = 0.0;
  if (count < 2) return 0.0;
  for (size_t part = 0; part < count; part++) {
    const double *one = exact->directions + part * d;
    for (size_t k = 0; k < d; k++) squares += (one[k] - mean[k]) * (one[k] - mean[k]);
  }
  return 0.5 * squares / (double)(count * (count - 1)) / bs_dot(d, mean, mean);
}
