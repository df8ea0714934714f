#include "limit/settle.h"

#include "base/memory.h"
#include "base/vector.h"
#include "limit/levels.h"
#include "limit/response.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ATTEMPTS = 40, MOST_FADING = 60 };
/* Steps in a row with the gap that is aimed at; and with the one that is asked for, beyond which rounding may leave no
 * smaller one. */
enum { CONFIRMATIONS = 3, ROUNDED = 8 };

static const double CERTAIN = 1e-12;     /* the gap that is aimed at, */
static const double ROUGH = 1e-8;        /* or roughly */
static const double FADED_EXCESS = 1e-9; /* relative growth above the value by which a sample must have left */
static const double LONGEST = 1e13;      /* step times growth: beyond it 1 / step is lost beside the Jacobian */

typedef struct {
  bs_game *game;
  const bs_settling *how;
  double *log_weights, *trial, *best;
  bs_response response;
  bs_levels levels;
  double *growth;    /* F at log_weights */
  double *predicted; /* X S' times the change of the relevant log-weights */
  double *right, *change_direction;
  double step;
  int steps; /* taken or tried */
  bs_equilibrium now, *out;
} work;

static void work_free(work *w) {
  free(w->trial);
  free(w->best);
  free(w->growth);
  free(w->predicted);
  free(w->right);
  free(w->change_direction);
  bs_levels_free(&w->levels);
  bs_response_free(&w->response);
}

static biascope_status work_create(work *w, biascope_error *error) {
  const size_t N = w->game->samples;
  w->trial = BS_NEW(double, N);
  w->best = BS_NEW(double, N);
  w->growth = BS_NEW(double, N);
  w->predicted = BS_NEW(double, N);
  w->right = BS_NEW(double, N);
  w->change_direction = BS_NEW(double, w->game->features);
  biascope_status status = bs_response_create(w->game, &w->response, error);
  if (status == BIASCOPE_OK) status = bs_levels_create(w->game, &w->levels, error);
  if (status == BIASCOPE_OK && !(w->trial && w->best && w->growth && w->predicted && w->right && w->change_direction))
    status = bs_fail_memory(error, "the search for an equilibrium");
  return status;
}

/* Everything at log_weights: growth, sensitivities, ranks, levels, the linear system. */
static biascope_status linearise(work *w, biascope_error *error) {
  bs_game *game = w->game;
  bs_game_evaluate(game, w->log_weights, true);
  memcpy(w->growth, game->growth, game->samples * sizeof *w->growth);
  bs_parts_rank(&game->parts, w->log_weights);
  bs_levels_arrange(&w->levels, w->log_weights);
  w->now = bs_equilibrium_measure(game, w->log_weights);
  if (w->now.gap < w->out->gap || !isfinite(w->out->gap)) {
    *w->out = w->now;
    memcpy(w->best, w->log_weights, game->samples * sizeof *w->best);
  }
  return bs_response_gather(&w->response, error);
}

/* The growth at which a sample keeps its place. */
static double reference_of(const work *w, size_t sample) {
  return w->levels.reference[w->levels.level[sample]];
}

/* The trial point after a step of length h. False where there is none. */
static bool propose(work *w, double h) {
  bs_game *game = w->game;
  bs_response *response = &w->response;
  if (!bs_response_factor(response, 1.0 / h)) return false;
  for (size_t j = 0; j < response->n; j++) {
    const size_t i = response->member[j];
    w->right[j] = reference_of(w, i) - w->growth[i];
  }
  bs_response_solve(response, w->right, w->change_direction);
  bs_game_margins(game, w->change_direction, w->predicted);
  for (size_t i = 0; i < game->samples; i++) {
    const bool alone = game->parts.behind[i] == INFINITY;
    w->trial[i] = w->log_weights[i];
    if (!alone) w->trial[i] += h * (reference_of(w, i) - w->growth[i] - w->predicted[i]);
  }
  for (size_t j = 0; j < response->n; j++)
    w->trial[response->member[j]] = w->log_weights[response->member[j]] + w->right[j];
  for (size_t i = 0; i < game->samples; i++) {
    if (!isfinite(w->trial[i])) return false;
  }
  bs_game_evaluate(game, w->trial, false);
  return true;
}

/* Whose log-weight a sample's counts relative to: the leader's of its part, or of its level where it leads itself. */
static size_t leader_of(const work *w, size_t sample) {
  const size_t lead = w->game->parts.ahead[sample];
  return lead == sample ? w->levels.lead[w->levels.level[sample]] : lead;
}

/* What the linearisation missed of a log-weight relative to the leader's, the largest, in units of what is
 * allowed: more for samples far behind, which weigh nothing. */
static double step_error(const work *w, double h) {
  const bs_parts *parts = &w->game->parts;
  double largest = 0.0;
  for (size_t i = 0; i < w->game->samples; i++) {
    if (parts->behind[i] == INFINITY) continue;
    const size_t lead = leader_of(w, i);
    const double own = w->game->growth[i] - w->growth[i] - w->predicted[i];
    const double leads = w->game->growth[lead] - w->growth[lead] - w->predicted[lead];
    const double e = h * fabs(own - leads) / (1.0 + parts->behind[i]);
    if (!(e <= largest)) largest = e; /* NaN stays */
  }
  return largest / (2.0 * w->how->error);
}

/* Root mean square over the relevant samples of growth less the value of the level. */
static double residual(const work *w, const double *growth) {
  double sum = 0.0, total = 0.0;
  for (size_t j = 0; j < w->response.n; j++) {
    const size_t i = w->response.member[j];
    const double weight = exp(-w->game->parts.behind[i]), r = growth[i] - reference_of(w, i);
    sum += weight * r * r;
    total += weight;
  }
  return sqrt(sum / total);
}

/* Whether the trial, though further than the linearisation holds, is a good step of Newton's. */
static bool improves(work *w) {
  bs_parts *parts = &w->game->parts;
  double rise = -INFINITY;
  for (size_t j = 0; j < w->response.n; j++) {
    const size_t i = w->response.member[j], lead = leader_of(w, i);
    rise = fmax(rise, w->trial[i] - w->log_weights[i] - (w->trial[lead] - w->log_weights[lead]));
  }
  if (!(rise < 1.0) || !(residual(w, w->game->growth) < 0.5 * residual(w, w->growth))) return false;
  bs_parts_rank(parts, w->trial);
  const bs_equilibrium there = bs_equilibrium_measure(w->game, w->trial);
  bs_parts_rank(parts, w->log_weights);
  return there.gap < 0.7 * w->now.gap;
}

/* One accepted step. False where none succeeds. */
static bool advance(work *w) {
  for (int attempt = 0; attempt < MOST_ATTEMPTS && !bs_game_exhausted(w->game); attempt++) {
    const double h = w->step;
    double factor = 0.1;
    w->steps++;
    if (propose(w, h)) {
      const double error = step_error(w, h);
      factor = isfinite(error) ? fmin(8.0, fmax(0.1, 0.9 / sqrt(error))) : 0.1;
      bool accepted = error <= 1.0;
      if (!accepted && isfinite(error) && improves(w)) {
        accepted = true;
        factor = 2.0;
      }
      if (accepted) {
        memcpy(w->log_weights, w->trial, w->game->samples * sizeof *w->trial);
        const double scale = fmax(fabs(w->now.value), 1e-300);
        w->step = fmin(h * factor, LONGEST / scale);
        return true;
      }
    }
    w->step = h * factor;
  }
  return false;
}

/* Whether samples that weigh grow as fast as their level: those that grow faster have yet to fade. */
static bool is_settled(const work *w) {
  for (size_t j = 0; j < w->response.n; j++) {
    const size_t i = w->response.member[j];
    if (w->growth[i] - reference_of(w, i) > FADED_EXCESS * fabs(w->now.value)) return false;
  }
  return true;
}

/* Whether the point will do, after so many steps in a row with the gap that is aimed at, and with that asked for. */
static bool is_enough(const work *w, int certain, int tolerable) {
  if (w->how->roughly) return certain > 0;
  if (certain > MOST_FADING) return true;
  return (certain >= CONFIRMATIONS || tolerable >= ROUNDED) && is_settled(w);
}

static biascope_status iterate(work *w, biascope_error *error) {
  int certain = 0, tolerable = 0;
  for (int step = 0; step <= w->how->most_steps; step++) {
    const biascope_status status = linearise(w, error);
    if (status != BIASCOPE_OK) return status;
    if (step == 0) w->step = w->how->first / fmax(bs_max_abs(w->game->samples, w->growth), 1e-300);
    certain = w->now.gap <= (w->how->roughly ? ROUGH : CERTAIN) ? certain + 1 : 0;
    tolerable = w->now.gap <= w->how->tolerance ? tolerable + 1 : 0;
    if (is_enough(w, certain, tolerable)) {
      /* settled weights rather than those of the least gap, in which samples that do not belong linger */
      *w->out = w->now;
      memcpy(w->best, w->log_weights, w->game->samples * sizeof *w->best);
      break;
    }
    if (!advance(w)) break;
  }
  return BIASCOPE_OK;
}

static void normalise(size_t n, double *log_weights) {
  const double total = bs_log_sum_exp(n, log_weights);
  for (size_t i = 0; i < n; i++) log_weights[i] -= total;
}

biascope_status bs_settle(bs_game *game, const bs_settling *how, double *log_weights, bs_equilibrium *out,
                          biascope_error *error) {
  work w = {.game = game, .how = how, .log_weights = log_weights, .out = out};
  *out = (bs_equilibrium){.value = NAN, .gap = INFINITY};
  biascope_status status = work_create(&w, error);
  if (status == BIASCOPE_OK) status = iterate(&w, error);
  if (status == BIASCOPE_OK) {
    memcpy(log_weights, w.best, game->samples * sizeof *log_weights);
    normalise(game->samples, log_weights);
    bs_game_evaluate(game, log_weights, false);
    bs_parts_rank(&game->parts, log_weights);
    *out = bs_equilibrium_measure(game, log_weights);
    out->steps = w.steps;
    if (!(out->gap <= how->tolerance)) status = BIASCOPE_NOT_CONVERGED;
  }
  work_free(&w);
  return status;
}
