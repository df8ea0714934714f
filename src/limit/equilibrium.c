/* The active-set Newton method for an equilibrium whose support is nearly known. */
#include "limit/equilibrium.h"

#include "base/memory.h"
#include "limit/support_system.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_STEPS = 100, PATIENCE = 4 };

static const double FADED = -100.0;  /* log weight under which a sample whose margin grows faster has left */
static const double SETTLED = 1e-13; /* relative spread of growth over the support that rounding allows */
static const double STALLED = 1e-9;  /* and the one at which no further progress counts as settled */
static const double NEWCOMER = 1e-3; /* weight of a sample that joins the support */

static void normalise(size_t n, double *log_weights) {
  double largest = -INFINITY, sum = 0.0;
  for (size_t i = 0; i < n; i++) largest = fmax(largest, log_weights[i]);
  for (size_t i = 0; i < n; i++) sum += exp(log_weights[i] - largest);
  for (size_t i = 0; i < n; i++) log_weights[i] -= largest + log(sum);
}

typedef struct {
  double value, gap, spread; /* spread: max over the support |F - value| / |value| */
  size_t slowest;            /* argmin F over all samples */
} growth_state;

static growth_state measure(const bs_support_system *system, const double *log_weights) {
  const bs_game *game = system->game;
  growth_state now = {0};
  for (size_t j = 0; j < system->n; j++)
    now.value += exp(log_weights[system->member[j]]) * game->growth[system->member[j]];
  for (size_t j = 0; j < system->n; j++)
    now.spread = fmax(now.spread, fabs(game->growth[system->member[j]] - now.value));
  for (size_t i = 0; i < game->samples; i++) {
    if (game->growth[i] < game->growth[now.slowest]) now.slowest = i;
  }
  const double scale = fabs(now.value) > 0.0 ? fabs(now.value) : 1.0;
  now.spread /= scale;
  now.gap = fmax(0.0, now.value - game->growth[now.slowest]) / scale;
  return now;
}

/* Newton's step, long changes of a log-weight shortened to what the same relative change of the weight would be. */
static biascope_status newton_step(bs_support_system *system, double *excess, double *log_weights,
                                   biascope_error *error) {
  biascope_status status = bs_support_system_factor(system, log_weights, error);
  for (size_t j = 0; j < system->n; j++) excess[j] = -system->game->growth[system->member[j]];
  if (status == BIASCOPE_OK) status = bs_support_system_solve(system, excess, error);
  if (status != BIASCOPE_OK) return status;
  for (size_t j = 0; j < system->n; j++)
    log_weights[system->member[j]] += copysign(log1p(fabs(system->step[j])), system->step[j]);
  return BIASCOPE_OK;
}

/* Drops members that have faded although they grow faster than the rest. */
static void drop_faded(const bs_support_system *system, const growth_state *now, double *log_weights) {
  for (size_t j = 0; j < system->n; j++) {
    const size_t i = system->member[j];
    if (log_weights[i] < FADED && system->game->growth[i] > now->value) log_weights[i] = -INFINITY;
  }
}

static biascope_status iterate(bs_game *game, bs_support_system *system, double *log_weights, double *best,
                               double *excess, bs_equilibrium *out, biascope_error *error) {
  double best_spread = INFINITY;
  int stalled = 0;
  for (int step = 0; step < MOST_STEPS; step++) {
    normalise(game->samples, log_weights);
    bs_support_system_list(system, log_weights);
    bs_game_evaluate(game, log_weights, true);
    const growth_state now = measure(system, log_weights);
    if (!isfinite(now.spread)) break;
    if (now.gap < out->gap) {
      *out = (bs_equilibrium){.value = now.value, .gap = now.gap, .support = system->n};
      memcpy(best, log_weights, game->samples * sizeof *log_weights);
    }
    stalled = now.spread < 0.5 * best_spread ? 0 : stalled + 1;
    best_spread = fmin(best_spread, now.spread);
    const bool settled = now.spread < SETTLED || (stalled >= PATIENCE && now.spread < STALLED);
    if (settled && (now.gap <= SETTLED || log_weights[now.slowest] > -INFINITY)) break;
    if (settled) {
      log_weights[now.slowest] = log(NEWCOMER);
      best_spread = INFINITY;
      continue;
    }
    const biascope_status status = newton_step(system, excess, log_weights, error);
    if (status != BIASCOPE_OK) return status;
    drop_faded(system, &now, log_weights);
  }
  return BIASCOPE_OK;
}

biascope_status bs_equilibrium_polish(bs_game *game, double tolerance, double *log_weights, bs_equilibrium *out,
                                      biascope_error *error) {
  *out = (bs_equilibrium){.gap = INFINITY};
  bs_support_system system;
  biascope_status status = bs_support_system_create(game, &system, error);
  double *best = BS_NEW(double, game->samples), *excess = BS_NEW(double, game->samples);
  if (status == BIASCOPE_OK && (!best || !excess)) status = bs_fail_memory(error, "the equilibrium");
  if (status == BIASCOPE_OK) status = iterate(game, &system, log_weights, best, excess, out, error);
  if (status == BIASCOPE_OK && isfinite(out->gap)) {
    memcpy(log_weights, best, game->samples * sizeof *log_weights);
    bs_game_evaluate(game, log_weights, false);
  }
  if (status == BIASCOPE_OK && !(out->gap <= tolerance)) status = BIASCOPE_NOT_CONVERGED;
  bs_support_system_free(&system);
  free(best);
  free(excess);
  return status;
}
