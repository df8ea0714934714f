/* The sign rule jumps: smooth it, follow the equilibrium as the smoothing fades, and solve for the sliding updates once
 * they can be told from the signs. */
#include "limit/search.h"

#include "base/memory.h"
#include "limit/sliding.h"
#include <stdlib.h>
#include <string.h>

static const double FIRST_SMOOTHING = 0.03;
static const double LAST_SMOOTHING = 1e-9;
static const double FIRST_FACTOR = 0.4, LAST_FACTOR = 0.95;

/* Fades the smoothing by one factor, weaker while the equilibrium cannot be followed. False where it is lost. */
static biascope_status fade(bs_game *game, double tolerance, double *factor, double *log_weights, double *trial,
                            bs_equilibrium *out, biascope_error *error) {
  const double smoothing = game->rule.smoothing;
  for (; *factor < LAST_FACTOR; *factor = 0.5 * (1.0 + *factor)) {
    memcpy(trial, log_weights, game->samples * sizeof *trial);
    game->rule.smoothing = smoothing * *factor;
    const biascope_status status = bs_equilibrium_polish(game, tolerance, trial, out, error);
    if (status == BIASCOPE_OK) memcpy(log_weights, trial, game->samples * sizeof *trial);
    if (status != BIASCOPE_NOT_CONVERGED) return status;
  }
  return BIASCOPE_NOT_CONVERGED;
}

static biascope_status follow(bs_game *game, const bs_search *search, double *log_weights, double *trial,
                              bs_equilibrium *out, biascope_error *error) {
  const bool sampled = bs_epoch_map_schedules(game->map) > 1;
  double factor = FIRST_FACTOR;
  while (game->rule.smoothing > (sampled ? BS_SAMPLED_SMOOTHING : LAST_SMOOTHING)) {
    biascope_status status =
        sampled ? BIASCOPE_NOT_CONVERGED : bs_sliding_solve(game, search->tolerance, log_weights, out, error);
    if (status != BIASCOPE_NOT_CONVERGED) return status;
    status = fade(game, search->tolerance, &factor, log_weights, trial, out, error);
    if (status == BIASCOPE_NOT_CONVERGED) { /* the support changes: from the start again */
      factor = FIRST_FACTOR;
      game->rule.smoothing *= FIRST_FACTOR;
      status = bs_equilibrium_search(game, search, log_weights, out, error);
    }
    if (status != BIASCOPE_OK) return status;
  }
  return sampled ? BIASCOPE_OK : BIASCOPE_NOT_CONVERGED;
}

biascope_status bs_sign_equilibrium_search(bs_game *game, const bs_search *search, double *log_weights,
                                           bs_equilibrium *out, biascope_error *error) {
  double *trial = BS_NEW(double, game->samples);
  if (!trial) return bs_fail_memory(error, "the equilibrium search");
  game->rule.smoothing = FIRST_SMOOTHING;
  biascope_status status = bs_equilibrium_search(game, search, log_weights, out, error);
  if (status == BIASCOPE_OK) {
    status = follow(game, search, log_weights, trial, out, error);
    if (status == BIASCOPE_NOT_CONVERGED)
      bs_error_set(error, status,
                   "no exact equilibrium of the sign updates was found: that of the updates m / sqrt(m^2 + "
                   "(%.1e x)^2) has gap %.1e",
                   game->rule.smoothing, out->gap);
  }
  free(trial);
  return status;
}
