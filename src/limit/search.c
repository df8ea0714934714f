/* From zero to the equilibrium: follow the path of training until the support shows, then polish. */
#include "limit/search.h"

#include "base/memory.h"
#include "limit/guess.h"
#include "limit/stability.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS_BETWEEN_ATTEMPTS = 4, PRECISIONS = 3 };

/* Errors of a margin per step along the path, and the relative spread of growth over the support at which Newton is
 * worth trying. It only has to find the right support: roughly, and where it does not settle again with less error.
 * Beyond as many samples as features several equilibria may attract, and the path decides between them: followed ten
 * times closer than that it almost never decides otherwise, and thirty times more roughly it more often does. */
typedef struct {
  double margin_error[PRECISIONS], ready_spread;
} closeness;
static const closeness ROUGHLY = {{0.3, 0.03, 0.003}, 0.5}, CLOSELY = {{0.01, 0.003, 0.001}, 0.1};
static const int MOST_FLOW_STEPS[PRECISIONS] = {200, 600, 2000};
static const double SURE_SPREAD = 0.01; /* the same where more samples share the support than generic data allow */

typedef struct {
  bs_game *game;
  const bs_search *search;
  double *log_weights, *trial;
  bs_equilibrium *best;
  bool repelled; /* best is an equilibrium, but training does not stay there */
} attempt;

static const closeness *closeness_of(const bs_game *game) {
  return game->samples > game->features ? &CLOSELY : &ROUGHLY;
}

/* Polishes the flow's point where it is near an equilibrium, and keeps the best result. */
static biascope_status try_polish(attempt *a, const bs_flow *flow, biascope_error *error) {
  bs_game *game = a->game;
  bs_guess guess;
  bs_equilibrium found;
  bs_game_evaluate(game, bs_flow_log_slopes(flow), false);
  biascope_status status = bs_guess_support(game, flow, a->trial, &guess, error);
  if (status != BIASCOPE_OK) return status;
  const bool generic = guess.members <= game->features + 1;
  if (guess.spread > (generic ? closeness_of(game)->ready_spread : SURE_SPREAD)) return BIASCOPE_NOT_CONVERGED;
  status = bs_equilibrium_polish(game, a->search->tolerance, a->trial, &found, error);
  if (status != BIASCOPE_OK && status != BIASCOPE_NOT_CONVERGED) return status;
  bool attracts = true;
  if (status == BIASCOPE_OK) status = bs_equilibrium_stable(game, a->trial, a->search->epoch_step, &attracts, error);
  if (found.gap < a->best->gap || (status == BIASCOPE_OK && attracts)) {
    *a->best = found;
    a->repelled = !attracts;
    memcpy(a->log_weights, a->trial, game->samples * sizeof *a->trial);
  }
  return status == BIASCOPE_OK && !attracts ? BIASCOPE_NOT_CONVERGED : status;
}

/* The flow's point as it is: better than nothing. */
static void take_point(attempt *a, const bs_flow *flow) {
  const bs_game *game = a->game;
  const double *slopes = bs_flow_log_slopes(flow);
  double largest = -INFINITY, sum = 0.0, value = 0.0, least = INFINITY;
  bs_game_evaluate(a->game, slopes, false);
  for (size_t i = 0; i < game->samples; i++) largest = fmax(largest, slopes[i]);
  for (size_t i = 0; i < game->samples; i++) sum += exp(slopes[i] - largest);
  for (size_t i = 0; i < game->samples; i++) {
    a->log_weights[i] = slopes[i] - largest - log(sum);
    value += exp(a->log_weights[i]) * game->growth[i];
    least = fmin(least, game->growth[i]);
  }
  *a->best = (bs_equilibrium){.value = value, .gap = (value - least) / fabs(value)};
}

static biascope_status follow(attempt *a, int precision, biascope_error *error) {
  bs_flow *flow;
  biascope_status status =
      bs_flow_create(a->game, a->search->loss, 0.0, closeness_of(a->game)->margin_error[precision], &flow, error);
  if (status != BIASCOPE_OK) return status;
  if (a->search->start) bs_flow_start(flow, a->search->start);
  status = BIASCOPE_NOT_CONVERGED;
  for (int step = 1; step <= MOST_FLOW_STEPS[precision] && status == BIASCOPE_NOT_CONVERGED; step++) {
    if (bs_game_exhausted(a->game) || !bs_flow_advance(flow, INFINITY)) break;
    if (step % STEPS_BETWEEN_ATTEMPTS == 0) status = try_polish(a, flow, error);
  }
  if (status == BIASCOPE_NOT_CONVERGED && !isfinite(a->best->gap)) take_point(a, flow);
  bs_flow_free(flow);
  return status;
}

static biascope_status report(const attempt *a, biascope_error *error) {
  if (a->repelled)
    return bs_fail(error, BIASCOPE_NOT_CONVERGED,
                   "the only equilibrium found (gap %.1e) repels: training circles around it and does not settle%s",
                   a->best->gap, a->search->epoch_step > 0.0 ? " at this constant lr" : "");
  return bs_fail(error, BIASCOPE_NOT_CONVERGED,
                 "no equilibrium with gap <= %.1e was found %s: the best point has gap %.1e", a->search->tolerance,
                 bs_game_exhausted(a->game) ? "within the effort that a prediction may take"
                                            : "along the path of training, which may not settle",
                 a->best->gap);
}

biascope_status bs_equilibrium_search(bs_game *game, const bs_search *search, double *log_weights, bs_equilibrium *out,
                                      biascope_error *error) {
  attempt a = {.game = game, .search = search, .log_weights = log_weights, .best = out};
  *out = (bs_equilibrium){.gap = INFINITY};
  a.trial = BS_NEW(double, game->samples);
  if (!a.trial) return bs_fail_memory(error, "the equilibrium search");
  biascope_status status = BIASCOPE_NOT_CONVERGED;
  for (int p = 0; p < PRECISIONS && status == BIASCOPE_NOT_CONVERGED; p++) status = follow(&a, p, error);
  free(a.trial);
  if (status != BIASCOPE_NOT_CONVERGED) return status;
  if (isfinite(out->gap)) bs_game_evaluate(game, log_weights, false);
  return report(&a, error);
}
