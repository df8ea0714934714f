/* From w = 0 to the equilibrium: along the path of training until the weights begin to settle, then to where they do.
 */
#include "limit/search.h"

#include "base/memory.h"
#include "limit/flow.h"
#include "limit/settle.h"
#include "limit/stability.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ATTEMPTS = 3 };

/* Errors of a margin per step along the path, and the relative spread of growth at which the rest of the way is left to
 * bs_settle. Beyond as many samples as features several equilibria may attract, and the path decides between them:
 * followed ten times closer than that it almost never decides otherwise. */
typedef struct {
  double margin_error[ATTEMPTS], ready_spread;
} closeness;
static const closeness ROUGHLY = {{0.3, 0.03, 0.003}, 0.5}, CLOSELY = {{0.01, 0.003, 0.001}, 0.1};
static const int MOST_FLOW_STEPS[ATTEMPTS] = {200, 600, 2000};
static const double SETTLING_ERROR[ATTEMPTS] = {0.2, 0.05, 0.01};
static const int MOST_SETTLING_STEPS[ATTEMPTS] = {400, 1000, 3000};
static const double PATH_EFFORT = 2e9; /* multiplications that an attempt may take along the path: a second */
static const double NEAR_LEAD = 8.0;   /* log-weight below the leader's that is no sign of fading */

typedef struct {
  bs_game *game;
  const bs_search *search;
  double *start; /* a copy of the search's, or NULL */
  double *log_weights, *trial;
  bs_equilibrium *best;
  bool repelled; /* best is an equilibrium, but training does not stay there */
} attempt;

static const closeness *closeness_of(const bs_game *game) {
  return game->samples > game->features ? &CLOSELY : &ROUGHLY;
}

/* Relative spread of growth over samples near the lead of a part. */
static double spread_of(bs_game *game, const double *log_weights) {
  double spread = 0.0;
  bs_game_evaluate(game, log_weights, false);
  bs_parts_rank(&game->parts, log_weights);
  for (size_t i = 0; i < game->samples; i++) {
    const double leads = game->growth[game->parts.ahead[i]];
    if (game->parts.behind[i] < NEAR_LEAD) spread = fmax(spread, fabs(game->growth[i] - leads) / fabs(leads));
  }
  return spread;
}

/* The log-weights at which the path of training begins to settle, or as far as it can be followed. */
static biascope_status follow_path(const attempt *a, int number, biascope_error *error) {
  bs_game *game = a->game;
  const double most = game->effort + PATH_EFFORT;
  bs_flow *flow;
  const biascope_status status =
      bs_flow_create(game, a->search->loss, 0.0, closeness_of(game)->margin_error[number], &flow, error);
  if (status != BIASCOPE_OK) return status;
  for (int step = 0; step < MOST_FLOW_STEPS[number] && game->effort < most && !bs_game_exhausted(game); step++) {
    if (!bs_flow_advance(flow, INFINITY)) break;
    if (spread_of(game, bs_flow_log_slopes(flow)) <= closeness_of(game)->ready_spread) break;
  }
  memcpy(a->trial, bs_flow_log_slopes(flow), game->samples * sizeof *a->trial);
  bs_flow_free(flow);
  return status;
}

/* Keeps the better point; one that attracts is better than any that does not. */
static biascope_status try_once(attempt *a, int number, biascope_error *error) {
  const bs_settling how = {.tolerance = a->search->tolerance,
                           .error = SETTLING_ERROR[number],
                           .first = 0.1,
                           .most_steps = MOST_SETTLING_STEPS[number]};
  bs_equilibrium found = {.gap = INFINITY};
  biascope_status status = BIASCOPE_OK;
  if (a->start)
    memcpy(a->trial, a->start, a->game->samples * sizeof *a->trial);
  else
    status = follow_path(a, number, error);
  if (status == BIASCOPE_OK) status = bs_settle(a->game, &how, a->trial, &found, error);
  if (status != BIASCOPE_OK && status != BIASCOPE_NOT_CONVERGED) return status;
  bool attracts = true;
  if (status == BIASCOPE_OK) {
    const biascope_status examined = bs_equilibrium_stable(a->game, a->trial, a->search->epoch_step, &attracts, error);
    if (examined != BIASCOPE_OK) return examined;
  }
  if (found.gap < a->best->gap || (status == BIASCOPE_OK && attracts)) {
    *a->best = found;
    a->repelled = !attracts;
    memcpy(a->log_weights, a->trial, a->game->samples * sizeof *a->trial);
  }
  return status == BIASCOPE_OK && !attracts ? BIASCOPE_NOT_CONVERGED : status;
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
  *out = (bs_equilibrium){.value = NAN, .gap = INFINITY};
  const biascope_status required = bs_game_require_steps(game, error);
  if (required != BIASCOPE_OK) return required;
  a.trial = BS_NEW(double, game->samples);
  if (search->start) a.start = BS_NEW(double, game->samples);
  biascope_status status = BIASCOPE_NOT_CONVERGED;
  if (!a.trial || (search->start && !a.start)) status = bs_fail_memory(error, "the equilibrium search");
  if (a.start && status == BIASCOPE_NOT_CONVERGED) memcpy(a.start, search->start, game->samples * sizeof *a.start);
  const int attempts = search->attempts > 0 ? search->attempts : ATTEMPTS;
  for (int number = 0; number < attempts && status == BIASCOPE_NOT_CONVERGED; number++) {
    if (number == 0 || !bs_game_exhausted(game)) status = try_once(&a, number, error);
  }
  free(a.trial);
  free(a.start);
  if (status != BIASCOPE_NOT_CONVERGED) return status;
  bs_game_evaluate(game, log_weights, false);
  bs_parts_rank(&game->parts, log_weights);
  return report(&a, error);
}
