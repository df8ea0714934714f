/* From zero to the equilibrium: follow the path of training until the support shows, then polish. */
#include "limit/search.h"

#include "base/memory.h"
#include "limit/guess.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_FLOW_STEPS = 600, STEPS_BETWEEN_ATTEMPTS = 4 };

static const double MARGIN_ERROR = 0.3; /* of the path, per step: it only has to find the right support */
static const double READY_SPREAD = 0.5; /* relative spread of growth over the support at which Newton is worth trying */
static const double SURE_SPREAD = 0.01; /* the same where more samples share the support than generic data allow */

static biascope_status follow(bs_game *game, bs_flow *flow, double tolerance, double *log_weights, double *trial,
                              bs_equilibrium *out, biascope_error *error) {
  *out = (bs_equilibrium){.gap = INFINITY};
  for (int step = 1; step <= MOST_FLOW_STEPS && bs_flow_advance(flow, INFINITY); step++) {
    if (step % STEPS_BETWEEN_ATTEMPTS) continue;
    bs_game_evaluate(game, bs_flow_log_slopes(flow), false);
    bs_guess guess;
    biascope_status status = bs_guess_support(game, flow, trial, &guess, error);
    if (status != BIASCOPE_OK) return status;
    if (guess.spread > (guess.members > game->features + 1 ? SURE_SPREAD : READY_SPREAD)) continue;
    bs_equilibrium found;
    status = bs_equilibrium_polish(game, tolerance, trial, &found, error);
    if (status != BIASCOPE_OK && status != BIASCOPE_NOT_CONVERGED) return status;
    if (found.gap < out->gap) {
      *out = found;
      memcpy(log_weights, trial, game->samples * sizeof *trial);
    }
    if (status == BIASCOPE_OK) return BIASCOPE_OK;
  }
  return BIASCOPE_NOT_CONVERGED;
}

biascope_status bs_equilibrium_search(bs_game *game, biascope_loss loss, double tolerance, double *log_weights,
                                      bs_equilibrium *out, biascope_error *error) {
  bs_flow *flow;
  biascope_status status = bs_flow_create(game, loss, 0.0, MARGIN_ERROR, &flow, error);
  double *trial = BS_NEW(double, game->samples);
  if (status == BIASCOPE_OK && !trial) status = bs_fail_memory(error, "the equilibrium search");
  if (status == BIASCOPE_OK) status = follow(game, flow, tolerance, log_weights, trial, out, error);
  bs_flow_free(flow);
  free(trial);
  if (status != BIASCOPE_NOT_CONVERGED) return status;
  return bs_fail(error, BIASCOPE_NOT_CONVERGED,
                 "no equilibrium with gap <= %.1e was found: the best has gap %.1e. The training path may cycle",
                 tolerance, out->gap);
}
