/* The primal-dual hybrid gradient of Chambolle and Pock (2011) for the game max_w min_a a'(X/rho) w, a in the simplex,
 * averaged and restarted where the gap has fallen (Applegate, Hinder, Lu and Lubin 2021). */
#include "margin/saddle.h"

#include "base/memory.h"
#include "base/vector.h"
#include "margin/kernel.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Iterations between evaluations of the gap, which cost as much as one. */
enum { POWER_ITERATIONS = 20, CHECK_EVERY = 40 };
/* A restart needs the gap to fall so much, or an epoch so long in proportion to all iterations. */
static const double ENOUGH = 0.5, LONG_EPOCH = 0.36;

typedef struct {
  double *w, *a;
} point;

typedef struct {
  const bs_problem *problem;
  bool linf;
  size_t n, d;
  point now, sum, best;      /* the iterate, the sum over the epoch, and the best direction and dual */
  double *start_w, *start_a; /* of the epoch */
  double *z, *u, *ahead;     /* n, d, d */
  double *scratch;           /* n */
  double step, weight, best_margin, best_bound;
} game;

static void apply(const game *run, const double *w, double *z) {
  bs_matrix_apply(&run->problem->x, w, z);
  for (size_t i = 0; i < run->n; i++) z[i] /= run->problem->rho[i];
}

static void combine(const game *run, const double *a, double *u) {
  for (size_t i = 0; i < run->n; i++) run->scratch[i] = a[i] / run->problem->rho[i];
  bs_matrix_combine(&run->problem->x, run->scratch, u);
}

/* v := the nearest point with entries of v's signs and sum of sizes 1: Michelot (1986). */
static void project_on_sum(size_t n, double *v) {
  double shift = 0.0;
  for (size_t kept = n + 1, last = 0; kept != last;) {
    double total = 0.0;
    last = kept;
    kept = 0;
    for (size_t k = 0; k < n; k++) {
      if (!(fabs(v[k]) > shift)) continue;
      total += fabs(v[k]);
      kept++;
    }
    if (kept == 0) break; /* entries so large that their rounding exceeds the sum asked for */
    shift = (total - 1.0) / (double)kept;
  }
  for (size_t k = 0; k < n; k++) v[k] = copysign(fmax(fabs(v[k]) - shift, 0.0), v[k]);
}

/* Into the simplex: a shift makes every entry positive and moves no projection. */
static void project_on_simplex(size_t n, double *a) {
  double least = INFINITY;
  for (size_t i = 0; i < n; i++) least = fmin(least, a[i]);
  for (size_t i = 0; i < n; i++) a[i] += 1.0 - least;
  project_on_sum(n, a);
}

static double sum_of_sizes(size_t n, const double *v) {
  double sum = 0.0;
  for (size_t k = 0; k < n; k++) sum += fabs(v[k]);
  return sum;
}

static void project_on_ball(const game *run, double *w) {
  if (run->linf)
    for (size_t k = 0; k < run->d; k++) w[k] = fmin(fmax(w[k], -1.0), 1.0);
  else if (sum_of_sizes(run->d, w) > 1.0)
    project_on_sum(run->d, w);
}

static void take_step(game *run) {
  const double up = run->step * run->weight, down = run->step / run->weight;
  combine(run, run->now.a, run->u);
  for (size_t k = 0; k < run->d; k++) {
    run->ahead[k] = -run->now.w[k];
    run->now.w[k] += up * run->u[k];
  }
  project_on_ball(run, run->now.w);
  bs_axpy(run->d, 2.0, run->now.w, run->ahead);
  apply(run, run->ahead, run->z);
  bs_axpy(run->n, -down, run->z, run->now.a);
  project_on_simplex(run->n, run->now.a);
  bs_axpy(run->d, 1.0, run->now.w, run->sum.w);
  bs_axpy(run->n, 1.0, run->now.a, run->sum.a);
}

/* Width of the pair (w / scale, a / scale), keeping what is the best so far. */
static double evaluate(game *run, const double *w, const double *a, double scale) {
  apply(run, w, run->z);
  combine(run, a, run->u);
  double least = INFINITY;
  for (size_t i = 0; i < run->n; i++) least = fmin(least, run->z[i]);
  const double length = run->linf ? bs_max_abs(run->d, w) : sum_of_sizes(run->d, w);
  const double bound = (run->linf ? sum_of_sizes(run->d, run->u) : bs_max_abs(run->d, run->u)) / scale;
  const double margin = length > 0.0 ? least / length : 0.0;
  if (margin > run->best_margin) {
    run->best_margin = margin;
    memcpy(run->best.w, w, run->d * sizeof *w);
  }
  if (bound < run->best_bound) {
    run->best_bound = bound;
    memcpy(run->best.a, a, run->n * sizeof *a);
  }
  return bound - margin;
}

/* Starts an epoch at the average, or the iterate where that is better; the steps follow how far w and a have moved. */
static void restart(game *run, bool from_average, double length) {
  if (from_average) {
    for (size_t k = 0; k < run->d; k++) run->now.w[k] = run->sum.w[k] / length;
    for (size_t i = 0; i < run->n; i++) run->now.a[i] = run->sum.a[i] / length;
  }
  bs_axpy(run->d, -1.0, run->now.w, run->start_w);
  bs_axpy(run->n, -1.0, run->now.a, run->start_a);
  const double moved_w = bs_norm2(run->d, run->start_w), moved_a = bs_norm2(run->n, run->start_a);
  if (moved_w > 0.0 && moved_a > 0.0) run->weight = sqrt(run->weight * moved_w / moved_a);
  memcpy(run->start_w, run->now.w, run->d * sizeof *run->start_w);
  memcpy(run->start_a, run->now.a, run->n * sizeof *run->start_a);
  memset(run->sum.w, 0, run->d * sizeof *run->sum.w);
  memset(run->sum.a, 0, run->n * sizeof *run->sum.a);
}

static void iterate(game *run, double tolerance, int max_iterations) {
  double at_start = evaluate(run, run->now.w, run->now.a, 1.0);
  for (int iteration = 1, length = 1; iteration <= max_iterations; iteration++, length++) {
    take_step(run);
    if (iteration % CHECK_EVERY != 0) continue;
    const double own = evaluate(run, run->now.w, run->now.a, 1.0);
    const double average = evaluate(run, run->sum.w, run->sum.a, (double)length), width = fmin(own, average);
    if (run->best_bound - run->best_margin <= tolerance * run->best_bound) return;
    if (width > ENOUGH * at_start && length < LONG_EPOCH * iteration) continue;
    restart(run, average < own, (double)length);
    at_start = width;
    length = 0;
  }
}

/* Steps of 1 / |X/rho|, found by power iterations with a margin of safety. */
static void set_steps(game *run) {
  double square = 1.0;
  for (size_t i = 0; i < run->n; i++) run->z[i] = 1.0;
  for (int round = 0; round < POWER_ITERATIONS; round++) {
    bs_scale(run->n, 1.0 / bs_norm2(run->n, run->z), run->z);
    combine(run, run->z, run->u);
    apply(run, run->u, run->z);
    square = bs_norm2(run->n, run->z);
  }
  run->step = 1.0 / sqrt(1.2 * square);
  run->weight = run->linf ? sqrt((double)run->d) : 1.0;
}

static void start(game *run, const double *w, const double *c) {
  const double length = run->linf ? bs_max_abs(run->d, w) : sum_of_sizes(run->d, w);
  for (size_t k = 0; k < run->d; k++) run->now.w[k] = length > 0.0 ? w[k] / length : 0.0;
  for (size_t i = 0; i < run->n; i++) run->now.a[i] = c[i] * run->problem->rho[i];
  bs_scale(run->n, 1.0 / sum_of_sizes(run->n, run->now.a), run->now.a);
  memcpy(run->start_w, run->now.w, run->d * sizeof *run->start_w);
  memcpy(run->start_a, run->now.a, run->n * sizeof *run->start_a);
}

biascope_status bs_saddle_solve(const bs_problem *problem, double tolerance, int max_iterations, double *w, double *c,
                                biascope_error *error) {
  game run = {.problem = problem,
              .linf = problem->norm.kind == BIASCOPE_LINF,
              .n = problem->x.rows,
              .d = problem->x.columns,
              .best_margin = -INFINITY,
              .best_bound = INFINITY};
  const size_t rows = bs_padded(run.n), columns = bs_padded(run.d);
  double *memory = BS_NEW(double, 6 * (rows + columns));
  if (!memory) return bs_fail_memory(error, "the first-order method");
  double **by_sample[] = {&run.now.a, &run.sum.a, &run.best.a, &run.start_a, &run.z, &run.scratch};
  double **by_feature[] = {&run.now.w, &run.sum.w, &run.best.w, &run.start_w, &run.u, &run.ahead};
  for (size_t i = 0; i < 6; i++) {
    *by_sample[i] = memory + i * rows;
    *by_feature[i] = memory + 6 * rows + i * columns;
  }
  set_steps(&run);
  start(&run, w, c);
  iterate(&run, tolerance, max_iterations);
  memcpy(w, run.best.w, run.d * sizeof *w);
  for (size_t i = 0; i < run.n; i++) c[i] = run.best.a[i] / problem->rho[i];
  free(memory);
  return BIASCOPE_OK;
}
