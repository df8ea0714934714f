/* The active-set Newton method for an equilibrium whose support is nearly known. */
#include "limit/equilibrium.h"

#include "base/memory.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_STEPS = 100, PATIENCE = 4, LOST = 15 }; /* LOST: steps without progress that no fading takes */

static const double FADED = -20.0;   /* log weight under which a sample whose margin grows faster has left */
static const double SETTLED = 1e-13; /* relative spread of growth over a level that rounding allows */
static const double STALLED = 1e-9;  /* and the one at which no further progress counts as settled */
static const double NEWCOMER = 1e-3; /* weight of a sample that joins the support */

typedef struct {
  bs_game *game;
  bs_support_system system;
  double *value;  /* growth of each level */
  double *excess; /* N */
  double *best;   /* log-weights with the least gap so far */
} search;

static double offset(size_t level) {
  return BS_LEVEL_DROP * (double)level;
}

static void normalise(search *s, double *log_weights) {
  const bs_support_system *system = &s->system;
  double *sum = s->value;
  memset(sum, 0, system->levels * sizeof *sum);
  for (size_t j = 0; j < system->n; j++)
    sum[system->level[j]] += exp(log_weights[system->member[j]] + offset(system->level[j]));
  for (size_t j = 0; j < system->n; j++) log_weights[system->member[j]] -= log(sum[system->level[j]]);
}

void bs_equilibrium_measure(const bs_support_system *system, const double *log_weights, double *value,
                            bs_equilibrium *out, bs_growth_state *state) {
  const bs_game *game = system->game;
  double spread = 0.0, worst = -INFINITY;
  state->slowest = 0;
  memset(value, 0, system->levels * sizeof *value);
  for (size_t j = 0; j < system->n; j++) {
    const size_t i = system->member[j];
    value[system->level[j]] += exp(log_weights[i] + offset(system->level[j])) * game->growth[i];
  }
  for (size_t j = 0; j < system->n; j++)
    spread = fmax(spread, fabs(game->growth[system->member[j]] - value[system->level[j]]));
  for (size_t i = 0; i < game->samples; i++) {
    const size_t level = game->reach[i] < system->levels ? game->reach[i] : system->levels - 1;
    const double behind = value[level] - game->growth[i];
    if (behind <= worst) continue;
    worst = behind;
    state->slowest = i;
  }
  const double scale = fabs(value[0]) > 0.0 ? fabs(value[0]) : 1.0;
  state->spread = spread / scale;
  *out = (bs_equilibrium){.value = value[0], .gap = isfinite(spread) ? fmax(0.0, worst) / scale : INFINITY};
}

/* Newton's step, long changes of a log-weight shortened to what the same relative change of the weight would be. */
static biascope_status newton_step(search *s, double *log_weights, biascope_error *error) {
  bs_support_system *system = &s->system;
  biascope_status status = bs_support_system_factor(system, log_weights, error);
  for (size_t j = 0; j < system->n; j++) s->excess[j] = -s->game->growth[system->member[j]];
  if (status == BIASCOPE_OK) status = bs_support_system_solve(system, s->excess, error);
  if (status != BIASCOPE_OK) return status;
  for (size_t j = 0; j < system->n; j++) {
    double *weight = &log_weights[system->member[j]];
    *weight += copysign(log1p(fabs(system->step[j])), system->step[j]);
    *weight = fmax(*weight, -BS_LOWEST_LOG_WEIGHT - offset(system->level[j]));
  }
  return BIASCOPE_OK;
}

/* Drops members that have faded although they grow faster than the rest of their level. */
static void drop_faded(search *s, double *log_weights) {
  for (size_t j = 0; j < s->system.n; j++) {
    const size_t i = s->system.member[j], level = s->system.level[j];
    if (log_weights[i] + offset(level) < FADED && s->game->growth[i] > s->value[level]) log_weights[i] = -INFINITY;
  }
}

static biascope_status iterate(search *s, double *log_weights, bs_equilibrium *out, biascope_error *error) {
  bs_game *game = s->game;
  double best_spread = INFINITY;
  int stalled = 0;
  for (int step = 0; step < MOST_STEPS && !bs_game_exhausted(game); step++) {
    bs_support_system_list(&s->system, log_weights);
    normalise(s, log_weights);
    bs_game_evaluate(game, log_weights, true);
    bs_equilibrium found;
    bs_growth_state now;
    bs_equilibrium_measure(&s->system, log_weights, s->value, &found, &now);
    if (found.gap < out->gap) {
      *out = found;
      memcpy(s->best, log_weights, game->samples * sizeof *log_weights);
    }
    stalled = now.spread < 0.5 * best_spread ? 0 : stalled + 1;
    best_spread = fmin(best_spread, now.spread);
    if (!isfinite(now.spread) || stalled > LOST) break;
    const bool settled = now.spread < SETTLED || (stalled >= PATIENCE && now.spread < STALLED);
    if (settled && (found.gap <= SETTLED || log_weights[now.slowest] > -INFINITY)) break;
    if (settled) {
      log_weights[now.slowest] = log(NEWCOMER) - offset(game->reach[now.slowest]);
      best_spread = INFINITY;
      continue;
    }
    const biascope_status status = newton_step(s, log_weights, error);
    if (status != BIASCOPE_OK) return status;
    drop_faded(s, log_weights);
  }
  return BIASCOPE_OK;
}

biascope_status bs_equilibrium_polish(bs_game *game, double tolerance, double *log_weights, bs_equilibrium *out,
                                      biascope_error *error) {
  *out = (bs_equilibrium){.gap = INFINITY};
  search s = {.game = game};
  biascope_status status = bs_support_system_create(game, &s.system, error);
  s.value = BS_NEW(double, game->samples);
  s.excess = BS_NEW(double, game->samples);
  s.best = BS_NEW(double, game->samples);
  if (status == BIASCOPE_OK && (!s.value || !s.excess || !s.best)) status = bs_fail_memory(error, "the equilibrium");
  if (status == BIASCOPE_OK) status = iterate(&s, log_weights, out, error);
  if (status == BIASCOPE_OK && isfinite(out->gap)) {
    memcpy(log_weights, s.best, game->samples * sizeof *log_weights);
    bs_game_evaluate(game, log_weights, false);
  }
  if (status == BIASCOPE_OK && !(out->gap <= tolerance)) status = BIASCOPE_NOT_CONVERGED;
  bs_support_system_free(&s.system);
  free(s.value);
  free(s.excess);
  free(s.best);
  return status;
}
