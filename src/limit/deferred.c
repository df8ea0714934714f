#include "limit/deferred.h"

#include "base/dense.h"
#include "base/memory.h"
#include "base/vector.h"
#include "limit/settle.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ROUNDS = 40, PATIENCE = 8, HISTORY = 6, STEPS = 100 };

static const double RANK_TOLERANCE = 1e-8;

/* A round maps an offset to the error of D at the equilibrium for that offset; the fixed point is wanted. Anderson's
 * acceleration (1965) uses the combination of the last rounds with the least residual. */
struct bs_deferred {
  bs_game *game;
  bs_exact_map *exact;
  double *offset, *exact_direction, *residual;
  double *offsets[HISTORY], *residuals[HISTORY]; /* differences between rounds */
  double *last_offset, *last_residual;
  double *matrix, *right;
  size_t rounds;
  bool ended; /* the last residual is part of the offset */
};

void bs_deferred_free(bs_deferred *c) {
  if (!c) return;
  free(c->exact_direction);
  free(c->residual);
  free(c->last_offset);
  free(c->last_residual);
  free(c->matrix);
  free(c->right);
  for (size_t h = 0; h < HISTORY; h++) {
    free(c->offsets[h]);
    free(c->residuals[h]);
  }
  free(c);
}

biascope_status bs_deferred_create(bs_game *game, bs_exact_map *exact, double *offset, bs_deferred **out,
                                   biascope_error *error) {
  const size_t d = game->features;
  size_t entries = 0;
  bs_deferred *c = *out = BS_NEW(bs_deferred, 1);
  if (!c) return bs_fail_memory(error, "the correction of the epoch map");
  *c = (bs_deferred){.game = game, .exact = exact, .offset = offset};
  game->offset = offset;
  c->exact_direction = BS_NEW(double, d);
  c->residual = BS_NEW(double, d);
  c->last_offset = BS_NEW(double, d);
  c->last_residual = BS_NEW(double, d);
  if (!__builtin_mul_overflow(d, HISTORY, &entries)) c->matrix = BS_NEW(double, entries);
  c->right = BS_NEW(double, d > HISTORY ? d : HISTORY);
  bool allocated = c->exact_direction && c->residual && c->last_offset && c->last_residual && c->matrix && c->right;
  for (size_t h = 0; h < HISTORY; h++) {
    c->offsets[h] = BS_NEW(double, d);
    c->residuals[h] = BS_NEW(double, d);
    allocated &= c->offsets[h] && c->residuals[h];
  }
  if (allocated) return BIASCOPE_OK;
  bs_deferred_free(c);
  *out = NULL;
  return bs_fail_memory(error, "the correction of the epoch map");
}

/* The error of the game's D at the log-weights; and the gap there under the exact map. */
static void measure(bs_deferred *c, const double *log_weights, bs_equilibrium *out) {
  bs_game *game = c->game;
  const size_t d = game->features;
  bs_game_evaluate(game, log_weights, false);
  bs_exact_map_evaluate(c->exact, game, log_weights, c->exact_direction);
  for (size_t k = 0; k < d; k++) c->residual[k] = c->exact_direction[k] - game->direction[k];
  memcpy(game->direction, c->exact_direction, d * sizeof *game->direction);
  bs_game_margins(game, game->direction, game->growth);
  bs_parts_rank(&game->parts, log_weights);
  *out = bs_equilibrium_measure(game, log_weights);
}

/* The next offset: the last one plus its residual, minus what earlier rounds say about how residuals depend on
 * offsets. */
static biascope_status accelerate(bs_deferred *c, biascope_error *error) {
  const size_t d = c->game->features, slot = c->rounds % HISTORY;
  if (c->rounds > 0) {
    for (size_t k = 0; k < d; k++) {
      c->offsets[slot][k] = c->offset[k] - c->last_offset[k];
      c->residuals[slot][k] = c->residual[k] - c->last_residual[k];
    }
  }
  memcpy(c->last_offset, c->offset, d * sizeof *c->offset);
  memcpy(c->last_residual, c->residual, d * sizeof *c->residual);
  const size_t known = c->rounds < HISTORY ? c->rounds : HISTORY, first = c->rounds <= HISTORY ? 1 : 0;
  double singular[HISTORY];
  for (size_t h = 0; h < known; h++)
    memcpy(c->matrix + h * d, c->residuals[(first + h) % HISTORY], d * sizeof *c->matrix);
  memcpy(c->right, c->residual, d * sizeof *c->right);
  bs_dense_status solved = BS_DENSE_FAILED;
  if (known > 0) solved = bs_dense_shortest_least_squares(d, known, c->matrix, c->right, singular, RANK_TOLERANCE);
  if (solved == BS_DENSE_NO_MEMORY) return bs_fail_memory(error, "the correction of the epoch map");
  bs_axpy(d, 1.0, c->residual, c->offset);
  for (size_t h = 0; h < known && solved == BS_DENSE_OK; h++) {
    bs_axpy(d, -c->right[h], c->offsets[(first + h) % HISTORY], c->offset);
    bs_axpy(d, -c->right[h], c->residuals[(first + h) % HISTORY], c->offset);
  }
  c->rounds++;
  return BIASCOPE_OK;
}

biascope_status bs_deferred_correct(bs_deferred *c, double tolerance, double *log_weights, bs_equilibrium *out,
                                    biascope_error *error) {
  double best = INFINITY;
  if (c->ended) bs_axpy(c->game->features, -1.0, c->residual, c->offset);
  for (int round = 0, stalled = 0; round < MOST_ROUNDS && stalled < PATIENCE; round++) {
    measure(c, log_weights, out);
    stalled = out->gap < 0.5 * best ? 0 : stalled + 1;
    best = fmin(best, out->gap);
    if (out->gap <= tolerance || bs_game_exhausted(c->game)) break;
    bs_equilibrium found;
    biascope_status status = accelerate(c, error);
    const bs_settling how = {.tolerance = tolerance, .error = 0.2, .first = 10.0, .most_steps = STEPS};
    if (status == BIASCOPE_OK) status = bs_settle(c->game, &how, log_weights, &found, error);
    if (status != BIASCOPE_OK && status != BIASCOPE_NOT_CONVERGED) return status;
  }
  if (out->gap > tolerance) measure(c, log_weights, out);
  /* so that the game's D is the exact one from here on */
  bs_axpy(c->game->features, 1.0, c->residual, c->offset);
  c->ended = true;
  return out->gap <= tolerance ? BIASCOPE_OK : BIASCOPE_NOT_CONVERGED;
}
