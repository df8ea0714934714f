#include "limit/sliding.h"

#include "base/memory.h"
#include "base/vector.h"
#include "limit/levels.h"
#include "limit/linear_system.h"
#include "limit/moving_average.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A smoothed update below the threshold, of the constant's size, slides. */
static const double THRESHOLDS[] = {0.9999, 0.95};
enum { MOST_ROUNDS = 30 };
static const double LONGEST = 1.0;                 /* change of a log-weight in a round */
static const double CERTAIN = 1e-12, ZERO = 1e-11; /* relative: the growth's differences, and a sliding gradient */
static const double WITHIN = 1e-9;                 /* beyond the bounds of an update that still counts as within */

/* A column whose samples of weight are all in one batch: the sums of c_i x_i and of c_i |x_i| over them, c relative to
 * the largest, of log-weight `top`. */
typedef struct {
  size_t column, lead; /* lead: the sample of the largest log-weight */
  double gradient, size, top;
  double update; /* the mean update */
} element;

typedef struct {
  bs_game *game;
  bs_levels levels;
  size_t *step_of; /* N: the step that sees the sample */
  size_t n, *member;
  size_t count;
  element *sliding; /* d */
  double *trial;    /* N log-weights */
  double pulse;     /* the bound of a sliding update */
  bs_linear_system system;
} work;

static void work_free(work *w) {
  bs_levels_free(&w->levels);
  free(w->step_of);
  free(w->member);
  free(w->sliding);
  free(w->trial);
  bs_linear_system_free(&w->system);
}

static biascope_status work_create(work *w, biascope_error *error) {
  const size_t N = w->game->samples;
  w->step_of = BS_NEW(size_t, N);
  w->member = BS_NEW(size_t, N);
  w->sliding = BS_NEW(element, w->game->features);
  w->trial = BS_NEW(double, N);
  biascope_status status = bs_levels_create(w->game, &w->levels, error);
  if (status != BIASCOPE_OK) return status;
  if (!w->step_of || !w->member || !w->sliding || !w->trial) return bs_fail_memory(error, "the sliding updates");
  bs_schedule_find_steps(bs_epoch_map_schedule(w->game->map, 0), w->step_of);
  return BIASCOPE_OK;
}

/* The sums over a column's samples within `reach` of its largest log-weight; false if they are of several batches. */
static bool sum_column(const work *w, const double *log_weights, double reach, element *e) {
  const bs_game *game = w->game;
  size_t lead = SIZE_MAX;
  for (size_t i = 0; i < game->samples; i++) {
    const bool touches = game->rows[i * game->features + e->column] != 0.0;
    if (touches && (lead == SIZE_MAX || log_weights[i] > log_weights[lead])) lead = i;
  }
  if (lead == SIZE_MAX) return false;
  e->top = log_weights[lead];
  e->gradient = e->size = 0.0;
  for (size_t i = 0; i < game->samples; i++) {
    const double x = game->rows[i * game->features + e->column];
    if (x == 0.0 || log_weights[i] < e->top - reach) continue;
    if (w->step_of[i] != w->step_of[lead]) return false;
    const double c = exp(log_weights[i] - e->top);
    e->gradient += c * x;
    e->size += c * fabs(x);
  }
  e->lead = lead;
  return true;
}

/* The columns that the smoothing leaves between the signs. */
static void list_sliding(work *w, double threshold) {
  const bs_game *game = w->game;
  w->count = 0;
  for (size_t k = 0; k < game->features; k++) {
    element e = {.column = k};
    if (!sum_column(w, w->trial, BS_SUPPORTS, &e)) continue;
    const double smoothed = e.gradient / hypot(e.gradient, game->rule.smoothing * e.size);
    if (fabs(smoothed) >= threshold) continue;
    e.update = w->pulse * smoothed;
    w->sliding[w->count++] = e;
  }
}

/* D, its derivatives and the growth at `trial`, where sliding updates take their values. */
static void evaluate(work *w) {
  bs_game *game = w->game;
  const size_t d = game->features;
  bs_game_evaluate(game, w->trial, true);
  for (size_t s = 0; s < w->count; s++) {
    element *e = &w->sliding[s];
    game->direction[e->column] = e->update;
    for (size_t i = 0; i < game->samples; i++) game->sensitivity[i * d + e->column] = 0.0;
    sum_column(w, w->trial, BS_SUPPORTS, e);
  }
  bs_game_margins(game, game->direction, game->growth);
}

/* Whether members grow alike on every level and sliding gradients are zero. Fills the value of each level. */
static bool is_solved(work *w) {
  double *const total = w->levels.shift, largest = 0.0;
  for (size_t l = 0; l < w->levels.count; l++) w->levels.value[l] = total[l] = 0.0;
  for (size_t j = 0; j < w->n; j++) {
    const size_t i = w->member[j], level = w->levels.level[i];
    const double c = exp(w->trial[i] - w->levels.top[level]);
    w->levels.value[level] += c * w->game->growth[i];
    total[level] += c;
  }
  for (size_t l = 0; l < w->levels.count; l++) w->levels.value[l] /= total[l];
  const double scale = bs_max_abs(w->game->samples, w->game->growth);
  for (size_t j = 0; j < w->n; j++) {
    const size_t i = w->member[j];
    largest = fmax(largest, fabs(w->game->growth[i] - w->levels.value[w->levels.level[i]]));
  }
  bool solved = largest <= CERTAIN * scale;
  for (size_t s = 0; s < w->count; s++) solved &= fabs(w->sliding[s].gradient) <= ZERO * w->sliding[s].size;
  return solved;
}

/* Equations: equal growth of members, zero gradients of sliding columns, a fixed sum of c on every level. Unknowns:
 * the changes of the members' log-weights, of the sliding updates and of the values of the levels. */
static void fill_system(work *w) {
  bs_game *game = w->game;
  bs_linear_system *system = &w->system;
  const size_t n = w->n, d = game->features, rows = system->rows;
  for (size_t j = 0; j < n; j++) {
    const size_t i = w->member[j], level = w->levels.level[i];
    const double *x = game->rows + i * d;
    for (size_t l = 0; l < n; l++) system->matrix[l * rows + j] = bs_dot(d, x, game->sensitivity + w->member[l] * d);
    for (size_t s = 0; s < w->count; s++) system->matrix[(n + s) * rows + j] = x[w->sliding[s].column];
    system->matrix[(n + w->count + level) * rows + j] = -1.0;
    system->right[j] = w->levels.value[level] - game->growth[i];
    system->matrix[j * rows + n + w->count + level] = exp(w->trial[i] - w->levels.top[level]);
    for (size_t s = 0; s < w->count; s++) {
      const element *e = &w->sliding[s];
      const double c = w->levels.level[e->lead] == level ? exp(w->trial[i] - e->top) : 0.0;
      system->matrix[j * rows + n + s] = c * x[e->column] / e->size;
    }
  }
  for (size_t s = 0; s < w->count; s++) system->right[n + s] = -w->sliding[s].gradient / w->sliding[s].size;
}

/* A round of Newton's method, shortened where it goes far. */
static bool improve(work *w) {
  const size_t side = w->n + w->count + w->levels.count;
  if (!bs_linear_system_make(&w->system, side, side)) return false;
  fill_system(w);
  if (!bs_linear_system_solve(&w->system, w->game)) return false;
  const double *change = w->system.right;
  const double share = fmin(1.0, LONGEST / fmax(bs_max_abs(w->n, change), 1e-300));
  for (size_t j = 0; j < w->n; j++) w->trial[w->member[j]] += share * change[j];
  for (size_t s = 0; s < w->count; s++) w->sliding[s].update += share * change[w->n + s];
  return isfinite(share);
}

static bool solve(work *w) {
  for (int round = 0; round < MOST_ROUNDS && !bs_game_exhausted(w->game); round++) {
    evaluate(w);
    if (is_solved(w)) return true;
    if (!improve(w)) return false;
  }
  return false;
}

static biascope_status attempt(work *w, double threshold, double tolerance, double *log_weights, bs_equilibrium *out) {
  bs_game *game = w->game;
  const double smoothing = game->rule.smoothing;
  bs_parts_rank(&game->parts, log_weights);
  bs_levels_arrange(&w->levels, log_weights);
  w->n = bs_parts_list_members(&game->parts, BS_SUPPORTS, log_weights, w->member, w->trial);
  list_sliding(w, threshold);
  game->rule.smoothing = 0.0;
  bool solved = w->count > 0 && solve(w);
  for (size_t s = 0; s < w->count; s++) solved &= fabs(w->sliding[s].update) <= w->pulse * (1.0 + WITHIN);
  game->rule.smoothing = smoothing;
  if (!solved) return BIASCOPE_NOT_CONVERGED;
  bs_parts_rank(&game->parts, w->trial);
  const bs_equilibrium found = bs_equilibrium_measure(game, w->trial);
  if (!(found.gap <= tolerance)) return BIASCOPE_NOT_CONVERGED;
  *out = found;
  memcpy(log_weights, w->trial, game->samples * sizeof *log_weights);
  return BIASCOPE_OK;
}

biascope_status bs_sliding_columns_solve(bs_game *game, double tolerance, double *log_weights, bs_equilibrium *out,
                                         biascope_error *error) {
  work w = {.game = game};
  biascope_status status = work_create(&w, error);
  if (status == BIASCOPE_OK)
    status = bs_mean_after_pulse(&game->rule, bs_epoch_map_schedule(game->map, 0)->steps, &w.pulse, error);
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

biascope_status bs_sliding_columns_exist(bs_game *game, const double *log_weights, bool *exist, biascope_error *error) {
  work w = {.game = game};
  const biascope_status status = work_create(&w, error);
  *exist = false;
  for (size_t k = 0; status == BIASCOPE_OK && k < game->features && !*exist; k++) {
    element e = {.column = k};
    *exist = sum_column(&w, log_weights, BS_FADED, &e) && fabs(e.gradient) < e.size;
  }
  work_free(&w);
  return status;
}
