#include "limit/sampling.h"

#include "base/memory.h"
#include "base/vector.h"
#include "limit/support_system.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_MEMORY = 1 << 14 };

static const double MEMORIES = 5.0; /* of the longer average, in a replicate */

size_t bs_replicate_steps(size_t total, double beta1, double beta2) {
  const double memory = MEMORIES / (1.0 - fmax(beta1, beta2));
  const size_t least = memory < LONGEST_MEMORY ? (size_t)memory : LONGEST_MEMORY, share = total / BS_REPLICATES;
  return share > least ? share : least;
}

/* change (d entries, in: D of the replicate less the mean) becomes the change of the equilibrium's direction. */
static biascope_status respond(bs_support_system *system, double *change, double *excess, biascope_error *error) {
  const bs_game *game = system->game;
  for (size_t j = 0; j < system->n; j++)
    excess[j] = -bs_dot(game->features, game->rows + system->member[j] * game->features, change);
  const biascope_status status = bs_support_system_solve(system, excess, error);
  if (status != BIASCOPE_OK) return status;
  for (size_t j = 0; j < system->n; j++)
    bs_axpy(game->features, system->step[j], game->sensitivity + system->member[j] * game->features, change);
  return BIASCOPE_OK;
}

static biascope_status spread(bs_game *game, bs_support_system *system, const double *log_weights, double *change,
                              double *excess, double *out, biascope_error *error) {
  const size_t replicates = bs_epoch_map_schedules(game->map), d = game->features;
  const double length = bs_norm2(d, game->direction);
  double sum = 0.0;
  for (size_t r = 0; r < replicates; r++) {
    bs_epoch_map_evaluate_one(game->map, r, &game->rule, log_weights, change);
    bs_axpy(d, -1.0, game->direction, change);
    const biascope_status status = respond(system, change, excess, error);
    if (status != BIASCOPE_OK) return status;
    bs_axpy(d, -bs_dot(d, change, game->direction) / (length * length), game->direction, change);
    const double angle = bs_norm2(d, change) / length;
    sum += angle * angle;
  }
  *out = sqrt(sum / (double)(replicates * (replicates - 1)));
  return BIASCOPE_OK;
}

biascope_status bs_sampling_error(bs_game *game, const double *log_weights, double *out, biascope_error *error) {
  bs_support_system system;
  biascope_status status = bs_support_system_create(game, &system, error);
  double *change = BS_NEW(double, game->features), *excess = BS_NEW(double, game->samples);
  if (status == BIASCOPE_OK && (!change || !excess)) status = bs_fail_memory(error, "the standard error");
  if (status == BIASCOPE_OK) {
    bs_game_evaluate(game, log_weights, true);
    bs_support_system_list(&system, log_weights);
    status = bs_support_system_factor(&system, log_weights, error);
  }
  if (status == BIASCOPE_OK) status = spread(game, &system, log_weights, change, excess, out, error);
  bs_support_system_free(&system);
  free(change);
  free(excess);
  return status;
}
