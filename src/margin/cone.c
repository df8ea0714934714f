#include "margin/cone.h"

#include "base/dense.h"
#include "base/memory.h"
#include "base/vector.h"
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  size_t n, constraints, count;
  const double *g, *x;
  size_t *passive;            /* the constraints with a positive multiplier */
  double *multiplier, *trial; /* of the passive ones */
  double *columns, *target, *residual;
} projection;

/* The shortest x + sum l_j g_j over the passive constraints, signs of l free; the result is bs_dense_least_squares'.
 */
static bs_dense_status solve_passive(projection *run) {
  const size_t n = run->n;
  for (size_t j = 0; j < run->count; j++)
    memcpy(run->columns + j * n, run->g + run->passive[j] * n, n * sizeof *run->columns);
  for (size_t k = 0; k < n; k++) run->target[k] = -run->x[k];
  const bs_dense_status solved = bs_dense_least_squares(n, run->count, run->columns, run->target);
  if (solved == BS_DENSE_OK) memcpy(run->trial, run->target, run->count * sizeof *run->trial);
  return solved;
}

static void set_residual(projection *run) {
  memcpy(run->residual, run->x, run->n * sizeof *run->residual);
  for (size_t j = 0; j < run->count; j++)
    bs_axpy(run->n, run->multiplier[j], run->g + run->passive[j] * run->n, run->residual);
}

/* The most violated constraint, or `constraints`. */
static size_t most_violated(const projection *run, double tolerance) {
  size_t worst = run->constraints;
  double least = -tolerance;
  for (size_t j = 0; j < run->constraints; j++) {
    const double slack = bs_dot(run->n, run->g + j * run->n, run->residual);
    bool passive = false;
    for (size_t p = 0; p < run->count && slack < least; p++) passive = passive || run->passive[p] == j;
    if (slack < least && !passive) {
      least = slack;
      worst = j;
    }
  }
  return worst;
}

/* Moves the multipliers towards the trial as far as they stay positive, and drops those that reach zero. True once
 * the trial itself is reached. */
static bool step_towards_trial(projection *run) {
  double step = 1.0;
  for (size_t j = 0; j < run->count; j++) {
    if (run->trial[j] <= 0.0) step = fmin(step, run->multiplier[j] / (run->multiplier[j] - run->trial[j]));
  }
  size_t kept = 0;
  bool reached = true;
  for (size_t j = 0; j < run->count; j++) {
    const double next = run->multiplier[j] + step * (run->trial[j] - run->multiplier[j]);
    const bool drop = run->trial[j] <= 0.0 && next <= DBL_EPSILON * fabs(run->trial[j]);
    reached = reached && run->trial[j] > 0.0;
    if (drop) continue;
    run->passive[kept] = run->passive[j];
    run->multiplier[kept++] = next;
  }
  run->count = kept;
  return reached;
}

static biascope_status project(projection *run, biascope_error *error) {
  const double tolerance = 16 * DBL_EPSILON * bs_norm2(run->n, run->x);
  for (size_t round = 0; round < 10 * (run->constraints + 1); round++) {
    set_residual(run);
    const size_t next = run->count < run->n ? most_violated(run, tolerance) : run->constraints;
    if (next == run->constraints) return BIASCOPE_OK;
    run->passive[run->count] = next;
    run->multiplier[run->count++] = 0.0;
    do {
      const bs_dense_status solved = solve_passive(run);
      if (solved == BS_DENSE_NO_MEMORY) return bs_fail_memory(error, "the projection on the optimal face");
      if (solved != BS_DENSE_OK) return BIASCOPE_OK; /* dependent to rounding: the violation is rounding too */
    } while (!step_towards_trial(run) && run->count > 0);
  }
  return bs_fail(error, BIASCOPE_NOT_CONVERGED, "the projection on the optimal face did not converge");
}

biascope_status bs_project_on_cone(size_t n, size_t constraints, const double *g, double *x, biascope_error *error) {
  projection run = {.n = n, .constraints = constraints, .g = g, .x = x};
  run.passive = BS_NEW(size_t, n + 1);
  double *memory = BS_NEW(double, 2 * (n + 1) + n * (n + 1) + 2 * n);
  biascope_status status =
      run.passive && memory ? BIASCOPE_OK : bs_fail_memory(error, "the projection on the optimal face");
  if (status == BIASCOPE_OK) {
    run.multiplier = memory;
    run.trial = run.multiplier + n + 1;
    run.columns = run.trial + n + 1;
    run.target = run.columns + n * (n + 1);
    run.residual = run.target + n;
    status = project(&run, error);
    if (status == BIASCOPE_OK) {
      set_residual(&run);
      memcpy(x, run.residual, n * sizeof *x);
    }
  }
  free(run.passive);
  free(memory);
  return status;
}
