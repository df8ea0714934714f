/* The active-set Newton method for an equilibrium whose support is nearly known. */
#include "limit/game.h"

#include "base/memory.h"
#include "base/vector.h"
#include <cblas.h>
#include <lapacke.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_STEPS = 100, PATIENCE = 4 };

static const double FADED = -45.0; /* log weight under which a sample whose margin grows faster has left */

typedef struct {
  bs_game *game;
  size_t n, capacity;
  size_t *member;        /* the support's samples, ascending */
  double *rows, *slopes; /* n x d: their samples and sensitivities */
  double *matrix, *step; /* (n + 1)^2 column-major, n + 1 */
  lapack_int *pivots;
  double *best; /* log weights with the least gap so far */
} polish;

static void polish_free(polish *p) {
  free(p->member);
  free(p->rows);
  free(p->slopes);
  free(p->matrix);
  free(p->step);
  free(p->pivots);
  free(p->best);
}

static bool polish_allocate(polish *p, bs_game *game) {
  const size_t order = p->capacity + 1;
  *p = (polish){.game = game, .capacity = p->capacity};
  p->member = BS_NEW(size_t, order);
  p->rows = BS_NEW(double, p->capacity * game->features);
  p->slopes = BS_NEW(double, p->capacity * game->features);
  p->matrix = BS_NEW(double, order *order);
  p->step = BS_NEW(double, order);
  p->pivots = BS_NEW(lapack_int, order);
  p->best = BS_NEW(double, game->samples);
  return p->member && p->rows && p->slopes && p->matrix && p->step && p->pivots && p->best;
}

static void normalise(size_t n, double *log_weights) {
  double largest = -INFINITY, sum = 0.0;
  for (size_t i = 0; i < n; i++) largest = fmax(largest, log_weights[i]);
  for (size_t i = 0; i < n; i++) sum += exp(log_weights[i] - largest);
  for (size_t i = 0; i < n; i++) log_weights[i] -= largest + log(sum);
}

/* Lists the support; false where it is larger than can be solved for. */
static bool list_members(polish *p, const double *log_weights) {
  p->n = 0;
  for (size_t i = 0; i < p->game->samples; i++) {
    if (log_weights[i] == -INFINITY) continue;
    if (p->n == p->capacity) return false;
    p->member[p->n++] = i;
  }
  return true;
}

typedef struct {
  double value, gap, spread; /* spread: max over the support |F - value| / |value| */
  size_t slowest;            /* argmin F over all samples */
} state;

static state measure(const polish *p, const double *log_weights) {
  const bs_game *game = p->game;
  state now = {0};
  for (size_t j = 0; j < p->n; j++) now.value += exp(log_weights[p->member[j]]) * game->growth[p->member[j]];
  for (size_t j = 0; j < p->n; j++) now.spread = fmax(now.spread, fabs(game->growth[p->member[j]] - now.value));
  for (size_t i = 0; i < game->samples; i++) {
    if (game->growth[i] < game->growth[now.slowest]) now.slowest = i;
  }
  const double scale = fabs(now.value) > 0.0 ? fabs(now.value) : 1.0;
  now.spread /= scale;
  now.gap = fmax(0.0, now.value - game->growth[now.slowest]) / scale;
  return now;
}

/* Solves  J step - f = -F,  c.step = 0  for the support's log-weight step; false where singular. */
static bool newton_step(polish *p, const double *log_weights) {
  const bs_game *game = p->game;
  const size_t n = p->n, d = game->features, order = n + 1;
  for (size_t j = 0; j < n; j++) {
    memcpy(p->rows + j * d, game->rows + p->member[j] * d, d * sizeof(double));
    memcpy(p->slopes + j * d, game->sensitivity + p->member[j] * d, d * sizeof(double));
  }
  cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)n, (int)n, (int)d, 1.0, p->slopes, (int)d, p->rows, (int)d,
              0.0, p->matrix, (int)order);
  for (size_t j = 0; j < n; j++) {
    p->matrix[j * order + n] = exp(log_weights[p->member[j]]);
    p->matrix[n * order + j] = -1.0;
    p->step[j] = -game->growth[p->member[j]];
  }
  p->matrix[n * order + n] = p->step[n] = 0.0;
  const lapack_int size = (lapack_int)order;
  return LAPACKE_dgetrf(LAPACK_COL_MAJOR, size, size, p->matrix, size, p->pivots) == 0 &&
         LAPACKE_dgetrs(LAPACK_COL_MAJOR, 'N', size, 1, p->matrix, size, p->pivots, p->step, size) == 0;
}

/* Long steps in log-weights are shortened to what the same relative change of the weight would be. */
static void take_step(const polish *p, double *log_weights) {
  for (size_t j = 0; j < p->n; j++) log_weights[p->member[j]] += copysign(log1p(fabs(p->step[j])), p->step[j]);
}

/* Drops members that have faded although they grow faster than the rest. */
static void drop_faded(const polish *p, const state *now, double *log_weights) {
  for (size_t j = 0; j < p->n; j++) {
    const size_t i = p->member[j];
    if (log_weights[i] < FADED && p->game->growth[i] > now->value) log_weights[i] = -INFINITY;
  }
}

static biascope_status iterate(polish *p, double *log_weights, bs_equilibrium *out) {
  double best_spread = INFINITY;
  int stalled = 0;
  out->gap = INFINITY;
  for (int step = 0; step < MOST_STEPS; step++) {
    normalise(p->game->samples, log_weights);
    if (!list_members(p, log_weights)) break;
    bs_game_evaluate(p->game, log_weights, true);
    const state now = measure(p, log_weights);
    if (!isfinite(now.spread)) break;
    if (now.gap < out->gap) {
      *out = (bs_equilibrium){.value = now.value, .gap = now.gap, .support = p->n};
      memcpy(p->best, log_weights, p->game->samples * sizeof *log_weights);
    }
    stalled = now.spread < 0.5 * best_spread ? 0 : stalled + 1;
    best_spread = fmin(best_spread, now.spread);
    const bool settled = now.spread < 1e-13 || (stalled >= PATIENCE && now.spread < 1e-9);
    if (settled && log_weights[now.slowest] == -INFINITY && now.gap > 1e-13) {
      log_weights[now.slowest] = log(1e-3);
      best_spread = INFINITY;
      continue;
    }
    if (settled) break;
    if (!newton_step(p, log_weights)) break;
    take_step(p, log_weights);
    drop_faded(p, &now, log_weights);
  }
  return BIASCOPE_OK;
}

biascope_status bs_equilibrium_polish(bs_game *game, double tolerance, double *log_weights, bs_equilibrium *out,
                                      biascope_error *error) {
  polish p = {.capacity = game->samples < game->features + 1 ? game->samples : game->features + 1};
  if (!polish_allocate(&p, game)) {
    polish_free(&p);
    return bs_fail_memory(error, "the Newton system of the equilibrium");
  }
  iterate(&p, log_weights, out);
  memcpy(log_weights, p.best, game->samples * sizeof *log_weights);
  polish_free(&p);
  bs_game_evaluate(game, log_weights, false);
  return out->gap <= tolerance ? BIASCOPE_OK : BIASCOPE_NOT_CONVERGED;
}
