#include "limit/sliding.h"

#include "base/lapack.h"
#include "base/memory.h"
#include "base/vector.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A smoothed sign below the first slides; one beyond the second is a sign; those between slide where the count of
 * equations, one for every member of a level but its first, asks for them. */
static const double SURELY_SLIDING = 0.95, SATURATED = 0.9999;
static const double RANK_TOLERANCE = 1e-11;
static const double RESIDUAL = 1e-11; /* of a sliding momentum, relative, and of the bounds on the updates */

/* A sliding update: step t, coordinate k, and the level whose samples decide it. */
typedef struct {
  size_t step, coordinate, level;
  double size;     /* of what the momentum averages: its unit */
  double smoothed; /* |sign| as smoothing leaves it */
} element;

static int by_smoothed(const void *a, const void *b) {
  const double x = ((const element *)a)->smoothed, y = ((const element *)b)->smoothed;
  return (x > y) - (x < y);
}

typedef struct {
  bs_game *game;
  const bs_schedule *schedule;
  bs_support_system support;
  size_t count, room; /* sliding updates */
  element *sliding;
  double *momenta, *sizes, *signs; /* steps x d; signs: 0 where sliding */
  double *matrix, *right, *singular;
  double *trial; /* N log-weights */
  double *value; /* of the levels */
  bool out_of_memory;
} work;

static void work_free(work *w) {
  bs_support_system_free(&w->support);
  free(w->sliding);
  free(w->momenta);
  free(w->sizes);
  free(w->signs);
  free(w->matrix);
  free(w->right);
  free(w->singular);
  free(w->trial);
  free(w->value);
}

/* The part of x_lk that the momentum at (step, coordinate) holds per unit of c_l. */
static double share_of(const work *w, const element *e, size_t sample) {
  const bs_schedule *schedule = w->schedule;
  const double beta = w->game->rule.beta1, gain = (1.0 - beta) / (1.0 - pow(beta, (double)schedule->steps));
  double share = 0.0;
  for (size_t t = 0; t < schedule->steps; t++) {
    const size_t age = (e->step + schedule->steps - t) % schedule->steps;
    if (beta == 0.0 && age > 0) continue;
    for (size_t n = schedule->start[t]; n < schedule->start[t + 1]; n++) {
      if (schedule->sample[n] == sample)
        share += gain * pow(beta, (double)age) / (double)(schedule->start[t + 1] - schedule->start[t]);
    }
  }
  return share * w->game->rows[sample * w->game->features + e->coordinate];
}

/* The first level with a sample in the momentum; false where no member is in it. */
static bool find_level(const work *w, element *e) {
  e->level = w->support.levels;
  for (size_t j = 0; j < w->support.n; j++) {
    if (w->support.level[j] < e->level && share_of(w, e, w->support.member[j]) != 0.0) e->level = w->support.level[j];
  }
  return e->level < w->support.levels;
}

/* Every update that may slide, nearest to zero first; false where there are more than any equilibrium can have. */
static bool list_candidates(work *w) {
  const size_t d = w->game->features;
  w->count = 0;
  for (size_t n = 0; n < w->schedule->steps * d; n++) {
    const double m = fabs(w->momenta[n]), size = w->sizes[n];
    if (!(size > 0.0) || m >= SATURATED * hypot(m, w->game->rule.smoothing * size)) continue;
    element e = {.step = n / d, .coordinate = n % d, .size = size};
    e.smoothed = m / hypot(m, w->game->rule.smoothing * size);
    if (!find_level(w, &e)) continue;
    if (w->count == w->room) return false;
    w->sliding[w->count++] = e;
  }
  qsort(w->sliding, w->count, sizeof *w->sliding, by_smoothed);
  return true;
}

/* Splits the updates into signs and sliding ones. */
static bool list_sliding(work *w, const double *log_weights) {
  const size_t d = w->game->features, needed = w->support.n - w->support.levels;
  bs_epoch_map_momenta(w->game->map, &w->game->rule, log_weights, w->momenta, w->sizes);
  if (!list_candidates(w)) return false;
  size_t count = 0;
  while (count < w->count && (count < needed || w->sliding[count].smoothed < SURELY_SLIDING)) count++;
  w->count = count;
  for (size_t n = 0; n < w->schedule->steps * d; n++)
    w->signs[n] = w->momenta[n] != 0.0 ? copysign(1.0, w->momenta[n]) : 0.0;
  for (size_t e = 0; e < count; e++) w->signs[w->sliding[e].step * d + w->sliding[e].coordinate] = 0.0;
  return true;
}

/* The least-squares solution of least norm of the rows x columns system in `matrix` (column-major) and `right`. What it
 * leaves of the momenta and of the growth is measured afterwards. */
static bool solve(work *w, size_t rows, size_t columns) {
  size_t rank;
  const lapack_int failed =
      bs_lapack_shortest_least_squares(rows, columns, w->matrix, w->right, w->singular, RANK_TOLERANCE, &rank);
  w->out_of_memory = failed == LAPACK_WORK_MEMORY_ERROR;
  return failed == 0;
}

/* The change of the weights that makes every sliding momentum zero; into `trial`. */
static bool solve_weights(work *w, const double *log_weights) {
  const bs_support_system *support = &w->support;
  const size_t rows = w->count + support->levels, n = support->n;
  memset(w->matrix, 0, rows * n * sizeof *w->matrix);
  memset(w->right, 0, (rows > n ? rows : n) * sizeof *w->right);
  for (size_t j = 0; j < n; j++) {
    const size_t i = support->member[j], level = support->level[j];
    const double c = exp(log_weights[i] + BS_LEVEL_DROP * (double)level);
    w->matrix[j * rows + w->count + level] = c;
    for (size_t e = 0; e < w->count; e++) {
      if (w->sliding[e].level != level) continue;
      w->matrix[j * rows + e] = c * share_of(w, &w->sliding[e], i) / w->sliding[e].size;
      w->right[e] -= w->matrix[j * rows + e];
    }
  }
  if (!solve(w, rows, n)) return false;
  for (size_t i = 0; i < w->game->samples; i++) w->trial[i] = -INFINITY;
  for (size_t j = 0; j < n; j++) {
    if (!(w->right[j] > -1.0)) return false;
    w->trial[support->member[j]] = log_weights[support->member[j]] + log1p(w->right[j]);
  }
  return true;
}

/* The values of the sliding updates that make the growth equal on every level; into `signs`. */
static bool solve_updates(work *w) {
  bs_game *game = w->game;
  const bs_support_system *support = &w->support;
  const size_t n = support->n, d = game->features, columns = w->count + support->levels;
  const double per_step = 1.0 / (double)w->schedule->steps;
  memset(game->direction, 0, d * sizeof *game->direction);
  for (size_t t = 0; t < w->schedule->steps; t++) bs_axpy(d, per_step, w->signs + t * d, game->direction);
  memset(w->matrix, 0, n * columns * sizeof *w->matrix);
  for (size_t j = 0; j < n; j++) {
    const double *x = game->rows + support->member[j] * d;
    for (size_t e = 0; e < w->count; e++) w->matrix[e * n + j] = per_step * x[w->sliding[e].coordinate];
    w->matrix[(w->count + support->level[j]) * n + j] = -1.0;
    w->right[j] = -bs_dot(d, x, game->direction);
  }
  if (!solve(w, n, columns)) return false;
  for (size_t e = 0; e < w->count; e++) {
    const element *s = &w->sliding[e];
    if (fabs(w->right[e]) > 1.0 + RESIDUAL) return false;
    w->signs[s->step * d + s->coordinate] = w->right[e];
    game->direction[s->coordinate] += per_step * w->right[e];
  }
  bs_game_margins(game, game->direction, game->growth);
  return true;
}

/* At the weights found the sliding momenta must be zero, and the signs assumed those of the others. */
static bool signs_hold(work *w) {
  const size_t d = w->game->features;
  bs_epoch_map_momenta(w->game->map, &w->game->rule, w->trial, w->momenta, w->sizes);
  for (size_t e = 0; e < w->count; e++) {
    const size_t n = w->sliding[e].step * d + w->sliding[e].coordinate;
    if (!(fabs(w->momenta[n]) <= RESIDUAL * w->sizes[n])) return false;
    w->momenta[n] = 0.0;
  }
  for (size_t n = 0; n < w->schedule->steps * d; n++) {
    if (w->momenta[n] * w->signs[n] < 0.0) return false;
  }
  return true;
}

static biascope_status attempt(work *w, double tolerance, double *log_weights, bs_equilibrium *out) {
  bs_growth_state state;
  bs_support_system_list(&w->support, log_weights);
  if (!list_sliding(w, log_weights) || !solve_weights(w, log_weights) || !solve_updates(w) || !signs_hold(w))
    return BIASCOPE_NOT_CONVERGED;
  bs_equilibrium_measure(&w->support, w->trial, w->value, out, &state);
  if (!(out->gap <= tolerance)) return BIASCOPE_NOT_CONVERGED;
  memcpy(log_weights, w->trial, w->game->samples * sizeof *log_weights);
  return BIASCOPE_OK;
}

biascope_status bs_sliding_solve(bs_game *game, double tolerance, double *log_weights, bs_equilibrium *out,
                                 biascope_error *error) {
  work w = {.game = game, .schedule = bs_epoch_map_schedule(game->map, 0), .room = 4 * game->samples};
  const size_t cells = w.schedule->steps * game->features, side = w.room + game->samples;
  biascope_status status = bs_support_system_create(game, &w.support, error);
  w.sliding = BS_NEW(element, w.room);
  w.momenta = BS_NEW(double, cells);
  w.sizes = BS_NEW(double, cells);
  w.signs = BS_NEW(double, cells);
  w.matrix = BS_NEW(double, side * game->samples);
  w.right = BS_NEW(double, side);
  w.singular = BS_NEW(double, side);
  w.trial = BS_NEW(double, game->samples);
  w.value = BS_NEW(double, game->samples);
  if (status == BIASCOPE_OK && (!w.sliding || !w.momenta || !w.sizes || !w.signs || !w.matrix || !w.right ||
                                !w.singular || !w.trial || !w.value))
    status = bs_fail_memory(error, "the sliding updates");
  if (status == BIASCOPE_OK) status = attempt(&w, tolerance, log_weights, out);
  if (w.out_of_memory) status = bs_fail_memory(error, "the sliding updates");
  work_free(&w);
  return status;
}
