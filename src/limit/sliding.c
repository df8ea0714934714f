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
/* Of the mean updates of a run; and how much faster than the slowest of its level a sample may grow there, which still
 * belongs to the support: the run has not come to its end. */
static const double SEEN_THRESHOLDS[] = {0.9999, 0.99, 0.95};
static const double SLOW[] = {0.02, 0.002};
static const double APART = 800.0; /* log-weights between levels */
static const double GONE = 1e-6;   /* relative weight of a sample that the others leave none */
enum { MOST_SLIDING = 20000 };
static const double RESIDUAL = 1e-11; /* of a sliding momentum, relative, and of the bounds on the updates */

/* A sliding update: step t, coordinate k, and the level whose samples decide it. */
typedef struct {
  size_t step, coordinate, level;
  double size; /* of what the momentum averages: its unit */
} element;

typedef struct {
  bs_game *game;
  const bs_schedule *schedule;
  const double *seen; /* the mean updates of a run, steps x d, or NULL */
  bs_levels levels;
  size_t n, *member; /* the support */
  size_t *step_of;   /* N: the step that sees the sample */
  bool *decided;     /* steps x d: the updates that the levels so far decide */
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
  free(w->decided);
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
  w->decided = BS_NEW(bool, cells);
  w->sliding = BS_NEW(element, cells < MOST_SLIDING ? cells : MOST_SLIDING);
  w->momenta = BS_NEW(double, cells);
  w->sizes = BS_NEW(double, cells);
  w->updates = BS_NEW(double, cells);
  w->trial = BS_NEW(double, N);
  const biascope_status status = bs_levels_create(w->game, &w->levels, error);
  if (status != BIASCOPE_OK) return status;
  if (w->member && w->step_of && w->decided && w->sliding && w->momenta && w->sizes && w->updates && w->trial)
    return BIASCOPE_OK;
  return bs_fail_memory(error, "the sliding updates");
}

/* The growth in the run. */
static void show_growth(work *w) {
  const size_t d = w->game->features;
  memset(w->game->direction, 0, d * sizeof *w->game->direction);
  for (size_t t = 0; t < w->schedule->steps; t++)
    bs_axpy(d, 1.0 / (double)w->schedule->steps, w->seen + t * d, w->game->direction);
  bs_game_margins(w->game, w->game->direction, w->game->growth);
}

/* Whether the sample decides an update that no earlier level does. */
static bool decides(const work *w, const bool *decided, size_t sample) {
  const size_t d = w->game->features;
  const bool memory = w->game->rule.beta1 > 0.0;
  const double *x = w->game->rows + sample * d;
  for (size_t k = 0; k < d; k++)
    if (x[k] != 0.0 && !decided[(memory ? 0 : w->step_of[sample]) * d + k]) return true;
  return false;
}

static void decide(const work *w, bool *decided, size_t sample) {
  const size_t d = w->game->features;
  const bool memory = w->game->rule.beta1 > 0.0;
  const double *x = w->game->rows + sample * d;
  for (size_t k = 0; k < d; k++)
    if (x[k] != 0.0) decided[(memory ? 0 : w->step_of[sample]) * d + k] = true;
}

/* The levels that the run's growth shows: the slowest samples; among those that decide what these do not, the slowest;
 * and so on. Moves their log-weights apart. */
static void separate_levels(work *w, double slow, double *log_weights) {
  const size_t N = w->game->samples;
  size_t *const level = w->levels.level;
  double below = 0.0;
  show_growth(w);
  memset(w->decided, 0, w->schedule->steps * w->game->features * sizeof *w->decided);
  for (size_t i = 0; i < N; i++) level[i] = SIZE_MAX;
  for (size_t l = 0; l < N; l++) {
    double least = INFINITY, top = -INFINITY;
    for (size_t i = 0; i < N; i++)
      if (level[i] == SIZE_MAX && decides(w, w->decided, i)) least = fmin(least, w->game->growth[i]);
    if (least == INFINITY) break;
    const double most = least + slow * fabs(least);
    for (size_t i = 0; i < N; i++) {
      if (level[i] != SIZE_MAX || w->game->growth[i] > most || !decides(w, w->decided, i)) continue;
      level[i] = l;
      top = fmax(top, log_weights[i]);
    }
    for (size_t i = 0; i < N; i++) {
      if (level[i] != l) continue;
      decide(w, w->decided, i);
      log_weights[i] -= top + below;
    }
    below += APART;
  }
  for (size_t i = 0; i < N; i++)
    if (level[i] == SIZE_MAX) log_weights[i] = -below;
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
    const double width = w->game->rule.smoothing * w->sizes[n];
    const double smoothed = w->seen ? w->seen[n] : bs_smoothed_sign(w->momenta[n], width);
    element e = {.step = n / d, .coordinate = n % d, .size = w->sizes[n]};
    w->updates[n] = smoothed != 0.0 ? copysign(1.0, smoothed) : 0.0;
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
    if (!(system->right[j] > -1.0 - GONE)) return false;
    w->trial[w->member[j]] += system->right[j] > -1.0 + GONE ? log1p(system->right[j]) : -BS_ASIDE;
  }
  return true;
}

static void mean_update(const work *w, double *direction) {
  const size_t d = w->game->features;
  memset(direction, 0, d * sizeof *direction);
  for (size_t t = 0; t < w->schedule->steps; t++)
    bs_axpy(d, 1.0 / (double)w->schedule->steps, w->updates + t * d, direction);
}

/* The least change of the sliding updates, and of the growth of every level, that makes the growth equal there. */
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
    system->right[j] = w->levels.value[w->levels.level[w->member[j]]] - bs_dot(d, x, game->direction);
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
  /* the gradients of a feature sum to zero over the classes, so that one may be zero because the others are */
  for (size_t n = 0; n < w->schedule->steps * d; n++) {
    const bool zero = fabs(w->momenta[n]) <= RESIDUAL * w->sizes[n];
    if (!zero && w->momenta[n] * w->updates[n] < 0.0) return false;
  }
  return true;
}

static biascope_status attempt(work *w, double threshold, double slow, double tolerance, double *log_weights,
                               bs_equilibrium *out) {
  bs_game *game = w->game;
  if (w->seen) separate_levels(w, slow, log_weights);
  bs_parts_rank(&game->parts, log_weights);
  bs_levels_arrange(&w->levels, log_weights);
  w->n = bs_parts_list_members(&game->parts, w->seen ? BS_FADED : BS_SUPPORTS, log_weights, w->member, w->trial);
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

/* Of the attempts that succeed, the one whose direction is nearest to that of the run. */
static biascope_status choose(work *w, double tolerance, double *log_weights, bs_equilibrium *out,
                              biascope_error *error) {
  enum { COUNT = sizeof SEEN_THRESHOLDS / sizeof *SEEN_THRESHOLDS };
  const size_t d = w->game->features;
  double *start = BS_NEW(double, w->game->samples), *shown = BS_NEW(double, d), least = INFINITY;
  size_t chosen = SIZE_MAX;
  if (start && shown) {
    memcpy(start, log_weights, w->game->samples * sizeof *start);
    show_growth(w);
    memcpy(shown, w->game->direction, d * sizeof *shown);
  }
  for (size_t n = 0; start && shown && n < COUNT * sizeof SLOW / sizeof *SLOW && !w->system.out_of_memory; n++) {
    memcpy(log_weights, start, w->game->samples * sizeof *start);
    if (attempt(w, SEEN_THRESHOLDS[n % COUNT], SLOW[n / COUNT], tolerance, log_weights, out) != BIASCOPE_OK) continue;
    const double apart = 1.0 - bs_cosine(d, w->game->direction, shown);
    if (apart >= least) continue;
    least = apart;
    chosen = n;
  }
  biascope_status status = BIASCOPE_NOT_CONVERGED;
  if (start) memcpy(log_weights, start, w->game->samples * sizeof *start);
  if (chosen != SIZE_MAX && !w->system.out_of_memory)
    status = attempt(w, SEEN_THRESHOLDS[chosen % COUNT], SLOW[chosen / COUNT], tolerance, log_weights, out);
  if (!start || !shown || w->system.out_of_memory) status = bs_fail_memory(error, "the sliding updates");
  free(start);
  free(shown);
  return status;
}

biascope_status bs_sliding_solve(bs_game *game, double tolerance, double *log_weights, bs_equilibrium *out,
                                 biascope_error *error) {
  work w = {.game = game, .schedule = bs_epoch_map_schedule(game->map, 0)};
  biascope_status status = work_create(&w, error);
  if (status == BIASCOPE_OK) {
    bs_schedule_find_steps(w.schedule, w.step_of);
    status = BIASCOPE_NOT_CONVERGED;
    for (size_t n = 0;
         n < sizeof THRESHOLDS / sizeof *THRESHOLDS && status == BIASCOPE_NOT_CONVERGED && !w.system.out_of_memory; n++)
      status = attempt(&w, THRESHOLDS[n], INFINITY, tolerance, log_weights, out);
    if (w.system.out_of_memory) status = bs_fail_memory(error, "the sliding updates");
  }
  work_free(&w);
  return status;
}

biascope_status bs_sliding_solve_seen(bs_game *game, const double *updates, double tolerance, double *log_weights,
                                      bs_equilibrium *out, biascope_error *error) {
  work w = {.game = game, .schedule = bs_epoch_map_schedule(game->map, 0), .seen = updates};
  biascope_status status = work_create(&w, error);
  if (status == BIASCOPE_OK) {
    bs_schedule_find_steps(w.schedule, w.step_of);
    status = choose(&w, tolerance, log_weights, out, error);
  }
  work_free(&w);
  return status;
}
