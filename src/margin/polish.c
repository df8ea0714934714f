#include "margin/polish.h"

#include "base/memory.h"
#include "base/vector.h"
#include "margin/equations.h"
#include "margin/kernel.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The constraints active at the solution: samples with c_i > 0, and features whose boxed variable is off its bound
 * (linf: |w_k| < 1, so u_k = 0) or on it (l1: |u_k| = 1, so w_k may differ from 0). */
typedef struct {
  size_t samples, features;
  size_t *sample, *feature;
} active_set;

typedef struct {
  long double *z, *u;  /* samples and features */
  double *row, *b, *y; /* features, and twice both sides of the equations */
} polish_work;

/* Strict complementarity separates the two of a pair by orders of magnitude once the iterate is close. */
static bool dominates(double value, double scale, double other, double other_scale) {
  return value * other_scale > other * scale;
}

static void find_active(const bs_problem *problem, const bs_interior *point, active_set *active) {
  const size_t n = problem->x.rows, d = problem->x.columns;
  const double c_scale = bs_max_abs(n, point->c), s_scale = fmax(bs_max_abs(n, point->s), fabs(point->t));
  const double z_scale = fmax(bs_max_abs(d, point->za), bs_max_abs(d, point->zb));
  const bool boxed_w = problem->norm.kind == BIASCOPE_LINF;
  active->samples = active->features = 0;
  for (size_t i = 0; i < n; i++) {
    if (dominates(point->c[i], c_scale, point->s[i], s_scale)) active->sample[active->samples++] = i;
  }
  for (size_t k = 0; k < d; k++) {
    const bool bound =
        dominates(point->za[k], z_scale, point->a[k], 2.0) || dominates(point->zb[k], z_scale, point->b[k], 2.0);
    if (bound != boxed_w) active->feature[active->features++] = k;
  }
}

/* w and c outside the active set get their exact values; inside, the interior point's. */
static void fix_inactive(const bs_problem *problem, const bs_interior *point, const active_set *active, double *w,
                         double *c) {
  const bool boxed_w = problem->norm.kind == BIASCOPE_LINF;
  for (size_t k = 0; k < problem->x.columns; k++) w[k] = boxed_w ? (point->a[k] < point->b[k] ? 1.0 : -1.0) : 0.0;
  memset(c, 0, problem->x.rows * sizeof *c);
  for (size_t j = 0; j < active->features; j++) {
    const size_t k = active->feature[j];
    w[k] = boxed_w ? 0.5 * (point->b[k] - point->a[k]) : point->za[k] - point->zb[k];
  }
  for (size_t i = 0; i < active->samples; i++) c[active->sample[i]] = point->c[active->sample[i]];
}

/* z_i = x_i.w on the active samples and u = X'c, in extended precision: refinement is worth what its residuals are. */
static void evaluate(const bs_problem *problem, const active_set *active, const double *w, const double *c,
                     polish_work *work) {
  const size_t d = problem->x.columns;
  memset(work->u, 0, d * sizeof *work->u);
  for (size_t i = 0; i < active->samples; i++) {
    const long double weight = (long double)c[active->sample[i]];
    const bs_margin_row row = bs_matrix_row_of(&problem->x, active->sample[i]);
    work->z[i] = 0.0L;
    for (size_t part = 0; part < row.parts; part++) {
      for (size_t j = 0; j < row.count; j++) {
        const size_t k = bs_margin_column(&row, part, j);
        const long double value = (long double)bs_margin_value(&row, part, j);
        work->z[i] += value * (long double)w[k];
        work->u[k] += value * weight;
      }
    }
  }
}

/* One Newton correction (linear, so the second is iterative refinement) of X_S w = t rho_S and of X'c on the
 * active features. */
static void correct(const bs_problem *problem, const bs_interior *point, const active_set *active,
                    const bs_equations *equations, double *t, double *w, double *c, polish_work *work) {
  const bool boxed_w = problem->norm.kind == BIASCOPE_LINF;
  double *b = work->b, *y = work->y;
  evaluate(problem, active, w, c, work);
  for (size_t i = 0; i < active->samples; i++)
    b[i] = (double)((long double)*t * (long double)problem->rho[active->sample[i]] - work->z[i]);
  memset(y, 0, equations->columns * sizeof *y);
  bs_equations_solve(equations, b, y);
  for (size_t j = 0; j < active->features; j++) w[active->feature[j]] += y[j];
  if (boxed_w) *t += y[active->features];
  for (size_t j = 0; j < active->features; j++) {
    const size_t k = active->feature[j];
    b[j] = (double)((boxed_w ? 0.0L : point->a[k] < point->b[k] ? 1.0L : -1.0L) - work->u[k]);
  }
  if (boxed_w) b[active->features] = bs_dot(problem->x.rows, problem->rho, c) - 1.0;
  memset(y, 0, equations->rows * sizeof *y);
  bs_equations_solve_transposed(equations, b, y);
  for (size_t i = 0; i < active->samples; i++) c[active->sample[i]] += y[i];
}

static void fill_equations(const bs_problem *problem, const active_set *active, double *row, bs_equations *equations) {
  memset(row, 0, problem->x.columns * sizeof *row);
  for (size_t i = 0; i < active->samples; i++) {
    double *out = equations->a + i * equations->columns;
    const bs_margin_row entries = bs_matrix_row_of(&problem->x, active->sample[i]);
    bs_matrix_row(&problem->x, active->sample[i], row);
    for (size_t j = 0; j < active->features; j++) out[j] = row[active->feature[j]];
    if (problem->norm.kind == BIASCOPE_LINF) out[active->features] = -problem->rho[active->sample[i]];
    for (size_t part = 0; part < entries.parts; part++)
      for (size_t at = 0; at < entries.count; at++) row[bs_margin_column(&entries, part, at)] = 0.0;
  }
}

static biascope_status polish_active(const bs_problem *problem, const bs_interior *point, const active_set *active,
                                     polish_work *work, double *w, double *c, size_t *face_dimension,
                                     biascope_error *error) {
  const size_t has_t = problem->norm.kind == BIASCOPE_LINF;
  bs_equations equations;
  fix_inactive(problem, point, active, w, c);
  biascope_status status = bs_equations_create(active->samples, active->features + has_t, &equations, error);
  if (status == BIASCOPE_OK) {
    fill_equations(problem, active, work->row, &equations);
    status = bs_equations_factor(&equations, error);
  }
  double t = point->t;
  for (int round = 0; round < 3 && status == BIASCOPE_OK; round++)
    correct(problem, point, active, &equations, &t, w, c, work);
  *face_dimension = active->features + has_t - equations.rank;
  bs_equations_free(&equations);
  return status;
}

biascope_status bs_polish_linear(const bs_problem *problem, const bs_interior *point, double *w, double *c,
                                 size_t *face_dimension, biascope_error *error) {
  const size_t n = problem->x.rows, d = problem->x.columns, sides = n + d + 1;
  size_t *indices = BS_NEW(size_t, n + d);
  polish_work work = {.z = BS_NEW(long double, n + d), .row = BS_NEW(double, bs_padded(d) + 2 * sides)};
  biascope_status status = BIASCOPE_OK;
  if (indices && work.z && work.row) {
    active_set active = {.sample = indices, .feature = indices + n};
    work.u = work.z + n;
    work.b = work.row + bs_padded(d);
    work.y = work.b + sides;
    find_active(problem, point, &active);
    status = polish_active(problem, point, &active, &work, w, c, face_dimension, error);
  } else {
    status = bs_fail_memory(error, "the active set");
  }
  free(indices);
  free(work.z);
  free(work.row);
  return status;
}
