#include "limit/sliding.h"

#include "base/memory.h"
#include "base/vector.h"
#include "limit/levels.h"
#include "limit/linear_system.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A smoothed sign below the threshold slides. Which threshold tells them apart depends on how far the smoothing has
 * faded, so both are tried. */
static const double THRESHOLDS[] = {0.9999, 0.95};
enum { MOST_SLIDING = 20000 };
static const double MEMBER = 18.4; /* log-weight behind a leader within which a sample may belong to the support */
static const double ASIDE =
    500.0; /* by which the log-weights of the others are lowered: they decide what no member does */
static const double RESIDUAL = 1e-11; /* of a sliding momentum, relative, and of the bounds on the updates */

/* A sliding update: step t, coordinate k, and the level whose samples decide it. */
typedef struct {
  size_t step, coordinate, level;
  double size; /* of what the momentum averages: its unit */
} element;

typedef struct {
  bs_game *game;
  const bs_schedule *schedule;
  bs_levels levels;
  size_t n, *member; /* the support */
  size_t *step_of;   /* N: the step that sees the sample */
  size_t count;      /* sliding updates */
  element *sliding;
  double *momenta, *sizes, *updates; /* steps x d */
  double *trial;                     /* N log-weights */
  bs_linear_system system;
} work;

static void work_free(work *w) {
  bs_levels_free(&w->levels);
  free(w->member);
  free(w->step_of);
  free(w->sliding);
  free(w->momenta);
  free(w->sizes);
  free(w->updates);
  free(w->trial);
  bs_linear_system_free(&w->system);
}

static biascope_status work_create(work *w, biascope_error *error) {
  const size_t N = w->game->samples, cells = w->schedule->steps * w->game->features;
  w->member = BS_NEW(size_t, N);
  w->step_of = BS_NEW(size_t, N);
  w->sliding = BS_NEW(element, cells < MOST_SLIDING ? cells : MOST_SLIDING);
  w->momenta = BS_NEW(double, cells);
  w->sizes = BS_NEW(double, cells);
  w->updates = BS_NEW(double, cells);
  w->trial = BS_NEW(double, N);
  const biascope_status status = bs_levels_create(w->game, &w->levels, error);
  if (status != BIASCOPE_OK) return status;
  if (w->member && w->step_of && w->sliding && w->momenta && w->sizes && w->updates && w->trial) return BIASCOPE_OK;
  return bs_fail_memory(error, "the sliding updates");
}

static void list_members(work *w, const double *log_weights) {
  const bs_parts *parts = &w->game->parts;
  w->n = 0;
  for (size_t i = 0; i < parts->samples; i++) {
    const bool member = parts->behind[i] < MEMBER;
    if (member) w->member[w->n++] = i;
    w->trial[i] = member ? log_weights[i] : log_weights[i] - ASIDE;
  }
  for (size_t t = 0; t < w->schedule->steps; t++) {
    for (size_t n = w->schedule->start[t]; n < w->schedule->start[t + 1]; n++) w->step_of[w->schedule->sample[n]] = t;
  }
}

/* What a gradient of that age, in steps below a period of so many, weighs in the average. */
static double weight_of(double beta, size_t age, size_t steps) {
  if (beta == 0.0) return age == 0 ? 1.0 : 0.0;
  return (1.0 - beta) / (1.0 - pow(beta, (double)steps)) * pow(beta, (double)age);
}

/* The part of x_lk that the momentum of the step at (step, coordinate) holds per unit of c_l. */
static double share_of(const work *w, const element *e, size_t sample) {
  const size_t steps = w->schedule->steps, seen = w->step_of[sample], age = (e->step + steps - seen) % steps;
  const double beta = w->game->rule.beta1, lead = w->game->rule.lead;
  const double size = (double)(w->schedule->start[seen + 1] - w->schedule->start[seen]);
  const double x = w->game->rows[sample * w->game->features + e->coordinate];
  double weight = weight_of(beta, age, steps);
  if (lead != 0.0) weight += lead * ((age == 0 ? 1.0 : 0.0) - weight_of(beta, (age + steps - 1) % steps, steps));
  return weight * x / size;
}

/* The level of the heaviest member in the momentum; false where no member is in it. */
static bool find_level(const work *w, element *e) {
  double heaviest = -INFINITY;
  for (size_t j = 0; j < w->n; j++) {
    const size_t i = w->member[j];
    if (w->trial[i] <= heaviest || share_of(w, e, i) == 0.0) continue;
    heaviest = w->trial[i];
    e->level = w->levels.level[i];
  }
  return heaviest > -INFINITY;
}

/* Splits the updates into signs and sliding ones; false where these are too many. */
static bool list_sliding(work *w, double threshold) {
  const size_t d = w->game->features;
  w->count = 0;
  for (size_t n = 0; n < w->schedule->steps * d; n++) {
    const double m = w->momenta[n], root = hypot(m, w->game->rule.smoothing * w->sizes[n]);
    const double smoothed = root > 0.0 ? m / root : 0.0;
    element e = {.step = n / d, .coordinate = n % d, .size = w->sizes[n]};
    w->updates[n] = m != 0.0 ? copysign(1.0, m) : 0.0;
    if (!(w->sizes[n] > 0.0) || fabs(smoothed) >= threshold || !find_level(w, &e)) continue;
    if (w->count == MOST_SLIDING) return false;
    w->updates[n] = smoothed;
    w->sliding[w->count++] = e;
  }
  return true;
}

/* The change of the weights, relative, that makes every sliding momentum zero; into `trial`. */
static bool solve_weights(work *w) {
  const size_t rows = w->count + w->levels.count, n = w->n;
  bs_linear_system *system = &w->system;
  if (!bs_linear_system_make(system, rows, n)) return false;
  for (size_t j = 0; j < n; j++) {
    const size_t i = w->member[j], level = w->levels.level[i];
    const double c = exp(w->trial[i] - w->levels.top[level]);
    system->matrix[j * rows + w->count + level] = c;
    for (size_t e = 0; e < w->count; e++) {
      if (w->sliding[e].level != level) continue;
      system->matrix[j * rows + e] = c * share_of(w, &w->sliding[e], i) / w->sliding[e].size;
      system->right[e] -= system->matrix[j * rows + e];
    }
  }
  if (!bs_linear_system_solve(system, w->game)) return false;
  for (size_t j = 0; j < n; j++) {
    if (!(system->right[j] > -1.0)) return false;
    w->trial[w->member[j]] += log1p(system->right[j]);
  }
  return true;
}

static void mean_update(const work *w, double *direction) {
  const size_t d = w->game->features;
  memset(direction, 0, d * sizeof *direction);
  for (size_t t = 0; t < w->schedule->steps; t++)
    bs_axpy(d, 1.0 / (double)w->schedule->steps, w->updates + t * d, direction);
}

/* The least change of the sliding updates that makes the growth equal on every level. */
static bool solve_updates(work *w) {
  bs_game *game = w->game;
  const size_t n = w->n, d = game->features, columns = w->count + w->levels.count;
  const double per_step = 1.0 / (double)w->schedule->steps;
  bs_linear_system *system = &w->system;
  mean_update(w, game->direction);
  if (!bs_linear_system_make(system, n, columns)) return false;
  for (size_t j = 0; j < n; j++) {
    const double *x = game->rows + w->member[j] * d;
    for (size_t e = 0; e < w->count; e++) system->matrix[e * n + j] = per_step * x[w->sliding[e].coordinate];
    system->matrix[(w->count + w->levels.level[w->member[j]]) * n + j] = -1.0;
    system->right[j] = -bs_dot(d, x, game->direction);
  }
  if (!bs_linear_system_solve(system, game)) return false;
  for (size_t e = 0; e < w->count; e++) {
    double *update = &w->updates[w->sliding[e].step * d + w->sliding[e].coordinate];
    *update += system->right[e];
    if (fabs(*update) > 1.0 + RESIDUAL) return false;
  }
  mean_update(w, game->direction);
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
    if (w->momenta[n] * w->updates[n] < 0.0) return false;
  }
  return true;
}

static biascope_status attempt(work *w, double threshold, double tolerance, double *log_weights, bs_equilibrium *out) {
  bs_game *game = w->game;
  bs_parts_rank(&game->parts, log_weights);
  bs_levels_arrange(&w->levels, log_weights);
  list_members(w, log_weights);
  bs_epoch_map_momenta(game->map, &game->rule, log_weights, w->momenta, w->sizes);
  if (!list_sliding(w, threshold) || !solve_weights(w) || !solve_updates(w) || !signs_hold(w))
    return BIASCOPE_NOT_CONVERGED;
  bs_parts_rank(&game->parts, w->trial);
  const bs_equilibrium found = bs_equilibrium_measure(game, w->trial);
  if (!(found.gap <= tolerance)) return BIASCOPE_NOT_CONVERGED;
  *out = found;
  memcpy(log_weights, w->trial, game->samples * sizeof *log_weights);
  return BIASCOPE_OK;
}

biascope_status bs_sliding_solve(bs_game *game, double tolerance, double *log_weights, bs_equilibrium *out,
                                 biascope_error *error) {
  work w = {.game = game, .schedule = bs_epoch_map_schedule(game->map, 0)};
  biascope_status status = work_create(&w, error);
  if (status == BIASCOPE_OK) {
    status = BIASCOPE_NOT_CONVERGED;
    for (size_t n = 0;
         n < sizeof THRESHOLDS / sizeof *THRESHOLDS && status == BIASCOPE_NOT_CONVERGED && !w.system.out_of_memory; n++)
      status = attempt(&w, THRESHOLDS[n], tolerance, log_weights, out);
    if (w.system.out_of_memory) status = bs_fail_memory(error, "the sliding updates");
  }
  work_free(&w);
  return status;
}
