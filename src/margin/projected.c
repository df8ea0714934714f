/* Modified proportioning with reduced gradient projections: Dostal and Schoeberl, Minimizing quadratic functions
 * subject to bound constraints with the rate of convergence and finite termination, Comput. Optim. Appl. 30 (2005). In
 * units where every row of X has length 1, K = X M^-1 X' has unit diagonal. */
#include "margin/projected.h"

#include "base/memory.h"
#include "base/vector.h"
#include "margin/kernel.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Proportioning constant: how large the gradient at the bounds may be against the free one before they are released. */
static const double PROPORTION = 1.0;
/* Length of X'a, rows of length 1 and a in the simplex, below which no separation is looked for any further. */
static const double VANISHING = 1e-7;
enum { POWER_ITERATIONS = 15, CHECK_EVERY = 10 };

typedef struct {
  const bs_problem *problem;
  size_t n, d;
  double *length;                              /* row lengths in the inverse metric */
  double *a, *gradient, *p, *kp, *scratch, *b; /* n */
  double *u;                                   /* d */
  double step;                                 /* fixed step of the projections, 1 / |K| */
} solver;

static double metric(const solver *run, size_t k) {
  return run->problem->metric ? run->problem->metric[k] : 1.0;
}

/* u = M^-1 X' (a / length), out = K a */
static void apply(solver *run, const double *a, double *out) {
  for (size_t i = 0; i < run->n; i++) run->scratch[i] = a[i] / run->length[i];
  bs_matrix_combine(&run->problem->x, run->scratch, run->u);
  for (size_t k = 0; k < run->d && run->problem->metric; k++) run->u[k] /= metric(run, k);
  bs_matrix_apply(&run->problem->x, run->u, out);
  for (size_t i = 0; i < run->n; i++) out[i] /= run->length[i];
}

static void set_lengths(solver *run) {
  double *row = run->u;
  for (size_t i = 0; i < run->n; i++) {
    const bs_matrix *x = &run->problem->x;
    double sum = 0.0;
    if (x->dense || x->classes > 1) {
      memset(row, 0, run->d * sizeof *row);
      bs_matrix_row(x, i, row);
      for (size_t k = 0; k < run->d; k++) sum += row[k] * row[k] / metric(run, k);
    } else {
      for (size_t k = x->row_start[i]; k < x->row_start[i + 1]; k++)
        sum += x->value[k] * x->value[k] / metric(run, x->column[k]);
    }
    run->length[i] = sqrt(sum);
    run->b[i] = run->problem->rho[i] / run->length[i];
  }
}

/* Largest eigenvalue of K, from below, by power iterations from b; the margin of safety covers the rest. */
static double largest_eigenvalue(solver *run) {
  double value = 1.0;
  memcpy(run->p, run->b, run->n * sizeof *run->p);
  for (int round = 0; round < POWER_ITERATIONS; round++) {
    bs_scale(run->n, 1.0 / bs_norm2(run->n, run->p), run->p);
    apply(run, run->p, run->kp);
    value = bs_norm2(run->n, run->kp);
    memcpy(run->p, run->kp, run->n * sizeof *run->p);
  }
  return 1.2 * value;
}

static void restart(solver *run) {
  for (size_t i = 0; i < run->n; i++) run->p[i] = run->a[i] > 0.0 ? run->gradient[i] : 0.0;
}

static void set_gradient(solver *run) {
  apply(run, run->a, run->gradient);
  bs_axpy(run->n, -1.0, run->b, run->gradient);
}

/* Whether the bounds' gradient is small against the free, reduced one. */
static bool proportional(const solver *run) {
  double chopped = 0.0, free_part = 0.0;
  for (size_t i = 0; i < run->n; i++) {
    const double g = run->gradient[i];
    if (run->a[i] > 0.0)
      free_part += fmin(run->a[i] / run->step, g) * g;
    else if (g < 0.0)
      chopped += g * g;
  }
  return chopped <= PROPORTION * PROPORTION * free_part;
}

/* A conjugate-gradient step in the free variables, or, where a bound is in the way, up to it and a projected step on.
 */
static void step_in_face(solver *run) {
  apply(run, run->p, run->kp);
  const double curvature = bs_dot(run->n, run->p, run->kp), wanted = bs_dot(run->n, run->gradient, run->p) / curvature;
  double feasible = INFINITY;
  for (size_t i = 0; i < run->n; i++) {
    if (run->p[i] > 0.0) feasible = fmin(feasible, run->a[i] / run->p[i]);
  }
  const double length = fmin(wanted, feasible);
  bs_axpy(run->n, -length, run->p, run->a);
  bs_axpy(run->n, -length, run->kp, run->gradient);
  if (wanted <= feasible) {
    double along = 0.0;
    for (size_t i = 0; i < run->n; i++) along += run->a[i] > 0.0 ? run->gradient[i] * run->kp[i] : 0.0;
    for (size_t i = 0; i < run->n; i++)
      run->p[i] = (run->a[i] > 0.0 ? run->gradient[i] : 0.0) - along / curvature * run->p[i];
    return;
  }
  for (size_t i = 0; i < run->n; i++)
    run->a[i] = run->a[i] > 0.0 ? fmax(run->a[i] - run->step * run->gradient[i], 0.0) : 0.0;
  set_gradient(run);
  restart(run);
}

/* Releases the bounds the gradient pushes away from, with the best step along their gradient. */
static void release(solver *run) {
  for (size_t i = 0; i < run->n; i++) run->p[i] = run->a[i] > 0.0 ? 0.0 : fmin(run->gradient[i], 0.0);
  apply(run, run->p, run->kp);
  const double length = bs_dot(run->n, run->gradient, run->p) / bs_dot(run->n, run->p, run->kp);
  bs_axpy(run->n, -length, run->p, run->a);
  bs_axpy(run->n, -length, run->kp, run->gradient);
  restart(run);
}

/* Whether |X'a| is nothing against sum a: then the data are as good as not separable, and a grows without end. */
static bool vanishes(const solver *run) {
  double square = 0.0, total = 0.0;
  for (size_t i = 0; i < run->n; i++) {
    square += run->a[i] * (run->gradient[i] + run->b[i]);
    total += run->a[i];
  }
  return !(square > VANISHING * VANISHING * total * total);
}

/* 1 - margin / bound of the pair (X'a, a), from what is at hand: X X'a = gradient + b. */
static double gap_of(const solver *run) {
  double least = INFINITY, square = 0.0, total = 0.0;
  for (size_t i = 0; i < run->n; i++) {
    const double z = run->gradient[i] + run->b[i];
    least = fmin(least, z / run->b[i]);
    square += run->a[i] * z;
    total += run->a[i] * run->b[i];
  }
  return square > 0.0 ? 1.0 - least * total / square : 1.0;
}

static void iterate(solver *run, double tolerance, int max_iterations) {
  run->step = 1.0 / largest_eigenvalue(run);
  for (size_t i = 0; i < run->n; i++) run->a[i] = run->step * run->b[i];
  set_gradient(run);
  restart(run);
  for (int iteration = 1; iteration <= max_iterations; iteration++) {
    if (proportional(run))
      step_in_face(run);
    else
      release(run);
    if (iteration % CHECK_EVERY != 0) continue;
    if (vanishes(run)) return;
    if (gap_of(run) > tolerance) continue;
    set_gradient(run); /* the updated gradient drifts: believe the computed one */
    if (gap_of(run) <= tolerance) return;
    restart(run);
  }
}

biascope_status bs_projected_solve(const bs_problem *problem, double tolerance, int max_iterations, double *w,
                                   double *c, biascope_error *error) {
  solver run = {.problem = problem, .n = problem->x.rows, .d = problem->x.columns};
  const size_t rows = bs_padded(run.n);
  double *memory = BS_NEW(double, 7 * rows + bs_padded(run.d));
  if (!memory) return bs_fail_memory(error, "the projected conjugate gradients");
  double **vectors[] = {&run.length, &run.a, &run.gradient, &run.p, &run.kp, &run.scratch, &run.b};
  for (size_t i = 0; i < 7; i++) *vectors[i] = memory + i * rows;
  run.u = memory + 7 * rows;
  set_lengths(&run);
  iterate(&run, tolerance, max_iterations);
  apply(&run, run.a, run.kp);
  memcpy(w, run.u, run.d * sizeof *w);
  for (size_t i = 0; i < run.n; i++) c[i] = run.a[i] / run.length[i];
  free(memory);
  return BIASCOPE_OK;
}
