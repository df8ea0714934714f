/* From zero to the equilibrium: follow the path of training until the support shows, then polish. */
#include "limit/search.h"

#include "base/memory.h"
#include "limit/flow.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_FLOW_STEPS = 600, STEPS_BETWEEN_ATTEMPTS = 4 };

static const double MARGIN_ERROR = 0.3; /* of the path, per step: it only has to find the right support */
static const double NEAR_LEAD = 8.0;    /* log weight below the largest that is no sign of fading */
static const double READY_SPREAD = 0.5; /* relative spread of growth over the support at which Newton is worth trying */
static const double MOST_SKEW = 0.3;

/* Off the support a log weight falls by (F_i - f) s over the time s; on it F_i - f vanishes. Fills log_weights (-inf
 * off the support) and gives the relative spread of the growth over it. */
static double guess_support(const bs_game *game, const bs_flow *flow, double *log_weights) {
  const double *slopes = bs_flow_log_slopes(flow), s = bs_flow_time(flow);
  double largest = -INFINITY, least = INFINITY, most = -INFINITY;
  for (size_t i = 0; i < game->samples; i++) largest = fmax(largest, slopes[i]);
  for (size_t i = 0; i < game->samples; i++) {
    if (slopes[i] > largest - NEAR_LEAD) least = fmin(least, game->growth[i]);
  }
  for (size_t i = 0; i < game->samples; i++) {
    const double behind = largest - slopes[i];
    const bool member = behind < NEAR_LEAD || (game->growth[i] - least) * s < MOST_SKEW * behind;
    log_weights[i] = member ? slopes[i] : -INFINITY;
    if (member) most = fmax(most, game->growth[i]);
    if (member) least = fmin(least, game->growth[i]);
  }
  return (most - least) / fmax(fabs(most), fabs(least));
}

static biascope_status follow(bs_game *game, bs_flow *flow, double tolerance, double *log_weights, double *trial,
                              bs_equilibrium *out, biascope_error *error) {
  *out = (bs_equilibrium){.gap = INFINITY};
  for (int step = 1; step <= MOST_FLOW_STEPS && bs_flow_advance(flow, INFINITY); step++) {
    if (step % STEPS_BETWEEN_ATTEMPTS) continue;
    bs_game_evaluate(game, bs_flow_log_slopes(flow), false);
    if (guess_support(game, flow, trial) > READY_SPREAD) continue;
    bs_equilibrium found;
    const biascope_status status = bs_equilibrium_polish(game, tolerance, trial, &found, error);
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
