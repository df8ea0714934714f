#include "margin/newton.h"

#include "base/memory.h"
#include "base/vector.h"
#include "margin/cholesky.h"
#include "margin/extended.h"
#include "margin/kernel.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A step is refined against the unreduced equations until this much of the right-hand side is left, and so may come
 * from the factor of a matrix with a little added to its diagonal, where rounding left the exact one indefinite. */
static const double SMALL_RESIDUAL = 1e-12, LARGE_RESIDUAL = 0.03, LEAST_SHIFT = 1e-15, LARGEST_SHIFT = 1e-11;
enum { REFINEMENTS = 4 };

biascope_status bs_newton_create(const bs_problem *problem, bool has_t, bool constant_curvature, bs_newton *out,
                                 biascope_error *error) {
  const size_t n = problem->x.rows, d = problem->x.columns;
  *out = (bs_newton){.problem = problem, .has_t = has_t, .by_sample = n <= d};
  out->size = out->by_sample ? n : d;
  out->stride = bs_padded(out->size);
  out->factor = BS_NEW(double, out->stride * out->stride);
  out->scratch = BS_NEW(double, bs_matrix_gram_scratch(&problem->x, out->by_sample));
  if (out->by_sample && constant_curvature) out->gram = BS_NEW(double, out->stride * out->stride);
  const size_t rows = bs_padded(n), columns = bs_padded(d);
  out->inverse_curvature = BS_NEW(double, 5 * columns + 4 * rows);
  const bool extensible = bs_extended_affordable(&problem->x, out->by_sample);
  if (extensible) {
    out->extended = BS_NEW(long double, out->size * out->size);
    out->extended_scratch = BS_NEW(double, 2 * d);
  }
  if (!out->factor || !out->scratch || !out->inverse_curvature ||
      (extensible && !(out->extended && out->extended_scratch)) ||
      (out->by_sample && constant_curvature && !out->gram)) {
    bs_newton_free(out);
    return bs_fail_memory(error, "the Newton system");
  }
  out->centre = out->inverse_curvature + columns;
  out->columns = out->centre + columns;
  out->border = out->columns + columns;
  out->rows = out->border + rows;
  out->residual_r = out->rows + rows;
  out->more_c = out->residual_r + rows;
  out->residual_g = out->more_c + rows;
  out->more_w = out->residual_g + columns;
  if (out->gram) {
    for (size_t k = 0; k < d; k++) out->inverse_curvature[k] = problem->metric ? 1.0 / problem->metric[k] : 1.0;
    bs_matrix_sample_gram(&problem->x, out->inverse_curvature, out->scratch, out->gram, out->stride);
  }
  return BIASCOPE_OK;
}

void bs_newton_free(bs_newton *newton) {
  free(newton->factor);
  free(newton->scratch);
  free(newton->gram);
  free(newton->extended);
  free(newton->extended_scratch);
  free(newton->inverse_curvature);
  *newton = (bs_newton){0};
}

/* From here on the normal matrix is formed and factored in extended precision. False where that is not affordable. */
static bool extend(bs_newton *newton) {
  const bool possible = !newton->is_extended && newton->extended;
  newton->is_extended = newton->extended != NULL;
  return possible;
}

static bool factor_extended(bs_newton *newton) {
  const bs_matrix *x = &newton->problem->x;
  const double *rho = newton->problem->rho;
  if (newton->by_sample) {
    for (size_t i = 0; i < x->rows; i++) newton->rows[i] = 1.0 / newton->theta[i];
    bs_extended_sample_gram(x, newton->inverse_curvature, newton->rows, newton->border_weight, rho,
                            newton->extended_scratch, newton->extended);
  } else {
    bs_extended_feature_gram(x, newton->theta, newton->curvature, newton->centre, rho, newton->extended_scratch,
                             newton->extended);
  }
  return bs_extended_factor(newton->size, newton->extended);
}

static bool factor_normal(bs_newton *newton, double shift) {
  if (newton->is_extended) return factor_extended(newton);
  for (size_t i = 0; i < newton->size; i++) newton->factor[i * newton->stride + i] *= 1.0 + shift;
  return bs_cholesky_factor(newton->size, newton->stride, newton->factor);
}

static void solve_normal(const bs_newton *newton, double *x) {
  if (newton->is_extended)
    bs_extended_solve(newton->size, newton->extended, x);
  else
    bs_cholesky_solve(newton->size, newton->stride, newton->factor, x);
}

/* K = X H^-1 X' + 1/theta. At a vertex of a linear programme K loses the direction of c, and only the border brings
 * it back: adding a multiple of rho.dc = e to the rows, which changes no solution, keeps K definite. */
static bool factor_samples(bs_newton *newton, double shift) {
  const bs_matrix *x = &newton->problem->x;
  const size_t n = newton->size, stride = newton->stride;
  if (newton->gram)
    memcpy(newton->factor, newton->gram, stride * stride * sizeof *newton->gram);
  else
    bs_matrix_sample_gram(x, newton->inverse_curvature, newton->scratch, newton->factor, stride);
  double trace = 0.0;
  for (size_t i = 0; i < n; i++) {
    trace += newton->factor[i * stride + i];
    newton->factor[i * stride + i] += 1.0 / newton->theta[i];
  }
  newton->border_weight = newton->has_t ? trace / bs_dot(n, newton->problem->rho, newton->problem->rho) : 0.0;
  for (size_t i = 0; i < n && newton->has_t; i++)
    bs_axpy(n - i, newton->border_weight * newton->problem->rho[i], newton->problem->rho + i,
            newton->factor + i * stride + i);
  if (!factor_normal(newton, shift)) return false;
  if (!newton->has_t) return true;
  memcpy(newton->border, newton->problem->rho, n * sizeof *newton->border);
  solve_normal(newton, newton->border);
  newton->border_square = bs_dot(n, newton->problem->rho, newton->border);
  return newton->border_square > 0.0;
}

/* K = H + sum_i theta_i (x_i - rho_i m)(x_i - rho_i m)', m the centre: dt eliminated without cancellation. */
static bool factor_features(bs_newton *newton, double shift) {
  const bs_matrix *x = &newton->problem->x;
  const size_t n = x->rows, d = newton->size, stride = newton->stride;
  const double *rho = newton->problem->rho;
  memset(newton->centre, 0, bs_padded(d) * sizeof *newton->centre);
  if (newton->has_t) {
    newton->border_square = 0.0;
    for (size_t i = 0; i < n; i++) {
      newton->rows[i] = newton->theta[i] * rho[i];
      newton->border_square += newton->rows[i] * rho[i];
    }
    bs_matrix_combine(x, newton->rows, newton->centre);
    bs_scale(d, 1.0 / newton->border_square, newton->centre);
  }
  bs_matrix_feature_gram(x, newton->theta, rho, newton->centre, newton->scratch, newton->factor, stride);
  for (size_t k = 0; k < d; k++) newton->factor[k * stride + k] += newton->curvature[k];
  return factor_normal(newton, shift);
}

static bool factor(bs_newton *newton, double shift) {
  return newton->by_sample ? factor_samples(newton, shift) : factor_features(newton, shift);
}

bool bs_newton_factor(bs_newton *newton, const double *curvature, const double *theta) {
  newton->theta = theta;
  newton->curvature = curvature;
  for (size_t k = 0; k < newton->problem->x.columns; k++) newton->inverse_curvature[k] = 1.0 / curvature[k];
  if (factor(newton, 0.0)) return true;
  if (newton->is_extended || extend(newton)) return factor(newton, 0.0);
  double shift = LEAST_SHIFT;
  while (shift <= LARGEST_SHIFT && !factor(newton, shift)) shift *= 10.0;
  return shift <= LARGEST_SHIFT;
}

static void solve_samples(bs_newton *newton, const double *g, const double *r, double e, double *dw, double *dt,
                          double *dc) {
  const bs_matrix *x = &newton->problem->x;
  const size_t n = x->rows, d = x->columns;
  for (size_t k = 0; k < d; k++) newton->columns[k] = newton->inverse_curvature[k] * g[k];
  bs_matrix_apply(x, newton->columns, dc);
  for (size_t i = 0; i < n; i++) dc[i] = r[i] - dc[i] + newton->border_weight * e * newton->problem->rho[i];
  solve_normal(newton, dc);
  *dt = 0.0;
  if (newton->has_t) {
    *dt = (e - bs_dot(n, newton->problem->rho, dc)) / newton->border_square;
    bs_axpy(n, *dt, newton->border, dc);
  }
  bs_matrix_combine(x, dc, dw);
  for (size_t k = 0; k < d; k++) dw[k] = newton->inverse_curvature[k] * (dw[k] + g[k]);
}

static void solve_features(bs_newton *newton, const double *g, const double *r, double e, double *dw, double *dt,
                           double *dc) {
  const bs_matrix *x = &newton->problem->x;
  const size_t n = x->rows, d = x->columns;
  const double *rho = newton->problem->rho, *theta = newton->theta;
  for (size_t i = 0; i < n; i++) newton->rows[i] = theta[i] * r[i];
  bs_matrix_combine(x, newton->rows, dw);
  const double excess = newton->has_t ? e - bs_dot(n, rho, newton->rows) : 0.0;
  for (size_t k = 0; k < d; k++) dw[k] += g[k] + newton->centre[k] * excess;
  solve_normal(newton, dw);
  *dt = newton->has_t ? excess / newton->border_square + bs_dot(d, newton->centre, dw) : 0.0;
  bs_matrix_apply(x, dw, dc);
  for (size_t i = 0; i < n; i++) dc[i] = theta[i] * (r[i] - dc[i] + rho[i] * *dt);
}

static void solve_reduced(bs_newton *newton, const double *g, const double *r, double e, double *dw, double *dt,
                          double *dc) {
  if (newton->by_sample)
    solve_samples(newton, g, r, e, dw, dt, dc);
  else
    solve_features(newton, g, r, e, dw, dt, dc);
}

/* What (dw, dt, dc) leaves of the unreduced equations; returns its size against the right-hand side's. */
static double find_residual(bs_newton *newton, const double *g, const double *r, double e, const double *dw, double dt,
                            const double *dc) {
  const bs_matrix *x = &newton->problem->x;
  const size_t n = x->rows, d = x->columns;
  const double *rho = newton->problem->rho;
  double left = 0.0, given = 0.0, left_r = 0.0, given_r = 0.0;
  bs_matrix_combine(x, dc, newton->residual_g);
  bs_matrix_apply(x, dw, newton->residual_r);
  for (size_t k = 0; k < d; k++) {
    newton->residual_g[k] += g[k] - newton->curvature[k] * dw[k];
    left = fmax(left, fabs(newton->residual_g[k]));
    given = fmax(given, fabs(g[k]));
  }
  for (size_t i = 0; i < n; i++) {
    newton->residual_r[i] = r[i] - newton->residual_r[i] + rho[i] * dt - dc[i] / newton->theta[i];
    left_r = fmax(left_r, fabs(newton->residual_r[i]));
    given_r = fmax(given_r, fabs(r[i]));
  }
  newton->residual_e = newton->has_t ? e - bs_dot(n, rho, dc) : 0.0;
  return (given > 0.0 ? left / given : 0.0) + (given_r > 0.0 ? left_r / given_r : 0.0);
}

/* What is left at the end. */
static double solve_refined(bs_newton *newton, const double *g, const double *r, double e, double *dw, double *dt,
                            double *dc) {
  solve_reduced(newton, g, r, e, dw, dt, dc);
  double least = INFINITY;
  for (int pass = 0;; pass++) {
    const double left = find_residual(newton, g, r, e, dw, *dt, dc);
    if (!(left > SMALL_RESIDUAL && left < 0.5 * least) || pass == REFINEMENTS) return left;
    least = left;
    double more;
    solve_reduced(newton, newton->residual_g, newton->residual_r, newton->residual_e, newton->more_w, &more,
                  newton->more_c);
    *dt += more;
    bs_axpy(newton->problem->x.columns, 1.0, newton->more_w, dw);
    bs_axpy(newton->problem->x.rows, 1.0, newton->more_c, dc);
  }
}

void bs_newton_solve(bs_newton *newton, bool refined, const double *g, const double *r, double e, double *dw,
                     double *dt, double *dc) {
  if (!refined) {
    solve_reduced(newton, g, r, e, dw, dt, dc);
    return;
  }
  if (!(solve_refined(newton, g, r, e, dw, dt, dc) > LARGE_RESIDUAL) || !extend(newton)) return;
  if (factor(newton, 0.0)) solve_refined(newton, g, r, e, dw, dt, dc);
}
