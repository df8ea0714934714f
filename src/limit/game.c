#include "limit/game.h"

#include "base/dense.h"
#include "base/memory.h"
#include "loss/classes.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double LEAST_ALLOWANCE = 2e10; /* multiplications: some ten seconds */
static const double ALLOWED_STEPS = 400.0;  /* steps of the flow, where they cost more than that, */
static const double MOST_ALLOWANCE = 4e10;  /* but half a minute */
static const double LONGEST_STEP = 1.6e11;  /* multiplications: more than a minute */

/* Multiplications of a step along the flow: D with its sensitivities, and a linear system. */
static double step_cost(const bs_game *game) {
  const double n = (double)game->samples, d = (double)game->features;
  return bs_epoch_map_cost(game->map, &game->rule, true) + n * d * fmin(n, d) + pow(fmin(n, d), 3.0) / 3.0;
}

biascope_status bs_game_create(bs_epoch_map *map, const bs_epoch_rule *rule, bs_game *out, biascope_error *error) {
  const size_t samples = bs_epoch_map_samples(map), features = bs_epoch_map_features(map);
  *out = (bs_game){.map = map, .rule = *rule, .samples = samples, .features = features, .rows = bs_epoch_map_rows(map)};
  out->rows_of_each = bs_epoch_map_rows_of_each(map);
  out->most_effort = fmax(LEAST_ALLOWANCE, fmin(MOST_ALLOWANCE, ALLOWED_STEPS * step_cost(out)));
  out->direction = BS_NEW(double, features);
  out->growth = BS_NEW(double, samples);
  size_t entries;
  if (!__builtin_mul_overflow(samples, features, &entries)) out->sensitivity = BS_NEW(double, entries);
  biascope_status status = BIASCOPE_OK;
  if (!out->direction || !out->growth || !out->sensitivity)
    status = bs_fail_memory(error, "the sensitivities of the epoch map");
  if (status == BIASCOPE_OK) status = bs_parts_create(map, rule, &out->parts, error);
  if (status != BIASCOPE_OK) bs_game_free(out);
  return status;
}

void bs_game_free(bs_game *game) {
  free(game->direction);
  free(game->growth);
  free(game->sensitivity);
  bs_parts_free(&game->parts);
  memset(game, 0, sizeof *game);
}

biascope_status bs_game_require_steps(const bs_game *game, biascope_error *error) {
  const double cost = step_cost(game);
  if (cost <= LONGEST_STEP) return BIASCOPE_OK;
  return bs_fail(error, BIASCOPE_NOT_CONVERGED,
                 "no equilibrium was looked for: a step of the search takes %.0e multiplications", cost);
}

void bs_game_slopes(const bs_game *game, const bs_loss *loss, const double *margins, double *log_slope, double *share,
                    double *decay) {
  const size_t each = game->rows_of_each;
  for (size_t i = 0; i < game->samples; i += each) {
    const double own = bs_classes_slopes(loss, each, margins + i, log_slope + i, share ? share + i : NULL);
    if (decay) decay[i / each] = own;
  }
}

void bs_game_margins(const bs_game *game, const double *u, double *out) {
  bs_dense_apply(game->samples, game->features, 1.0, game->rows, game->features, u, 0.0, out);
}

void bs_game_evaluate(bs_game *game, const double *log_weights, bool with_sensitivity) {
  double *sensitivity = with_sensitivity ? game->sensitivity : NULL;
  if (game->signs) {
    bs_normal_signs_evaluate(game->signs, log_weights, game->direction, sensitivity);
    bs_game_spend(game, bs_normal_signs_cost(game->signs, with_sensitivity));
  } else {
    bs_epoch_map_evaluate(game->map, &game->rule, log_weights, game->direction, sensitivity);
    bs_game_spend(game, bs_epoch_map_spent(game->map));
  }
  for (size_t k = 0; game->offset && k < game->features; k++) game->direction[k] += game->offset[k];
  bs_game_margins(game, game->direction, game->growth);
}
