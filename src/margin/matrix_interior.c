#include "margin/matrix_interior.h"

#include "base/dense.h"
#include "base/lanes.h"
#include "base/memory.h"
#include "base/vector.h"
#include "margin/cholesky.h"
#include "margin/helmert.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* How far of the way to the bounds a step goes. */
static const double TO_BOUNDS = 0.995;
/* Data whose bound has fallen so far are not separable, or nearly so. */
static const double VANISHED = 1e-11;
/* What evaluating a row may lose, in roundings of its terms. */
static const double ROUNDINGS = 64.0;
/* Rows are dropped from this gap on, where c s is this much less than that of others. */
static const double NEAR = 1e-3, NEGLIGIBLE = 1e-6;
/* What a step leaves of the distance to the ball, and of mu. */
static const double LEFT_OF_BALL = 0.05, CAUTIOUS_LEFT = 0.4, LEAST_SIGMA = 1e-3, CAUTIOUS_SIGMA = 0.2;
/* The norm of G over that of W at the start. */
static const double START = 3.0;
enum { HALVINGS = 20, PATIENCE = 8 };

/* ---- Memory ---------------------------------------------------------------------------------------- */

static biascope_status allocate(bs_matrix_interior *run, biascope_error *error) {
  const size_t md = bs_padded(run->order + 1), kd = bs_padded(run->k * run->d), n = bs_padded(run->n),
               all = run->k * run->d;
  double *next = run->basis = BS_NEW(double, bs_padded(run->k * run->m) + 9 * n + 13 * md + kd + 2 * run->least);
  run->gram = BS_NEW(double, all *all);
  const size_t equations = run->unknowns * run->unknowns, reduction = run->order * all;
  run->system = BS_NEW(double, equations > reduction ? equations : reduction);
  run->products = BS_NEW(double, run->m * run->m + run->d * run->d);
  run->scratch = BS_NEW(double, bs_matrix_gram_scratch(&run->problem->x, false) + run->order + run->least * run->least);
  run->pivot = BS_NEW(int, run->unknowns);
  if (!run->basis || !run->gram || !run->system || !run->products || !run->scratch || !run->pivot)
    return bs_fail_memory(error, "the interior point of matrices");
  next += bs_padded(run->k * run->m);
  double **of_rows[] = {&run->c,     &run->s,         &run->dc,     &run->ds,        &run->z,
                        &run->theta, &run->free_step, &run->best_c, &run->correction};
  for (size_t i = 0; i < sizeof of_rows / sizeof *of_rows; i++, next += n) *of_rows[i] = next;
  double **of_weights[] = {&run->w,        &run->g,     &run->dw,     &run->dg,       &run->h,
                           &run->centre,   &run->spare, &run->best_w, &run->turned_w, &run->turned_g,
                           &run->turned_h, &run->scale, &run->target};
  for (size_t i = 0; i < sizeof of_weights / sizeof *of_weights; i++, next += md) *of_weights[i] = next;
  run->wide = next;
  run->of_w = run->wide + kd;
  run->of_g = run->of_w + run->least;
  return bs_matrix_turn_create(&run->problem->x, &run->turn, error);
}

void bs_matrix_interior_free(bs_matrix_interior *run) {
  free(run->basis);
  free(run->gram);
  free(run->system);
  free(run->products);
  free(run->scratch);
  free(run->pivot);
  bs_matrix_turn_free(&run->turn);
  *run = (bs_matrix_interior){0};
}

/* ---- Products -------------------------------------------------------------------------------------- */

/* z_r = <A_r, V> */
static void apply(bs_matrix_interior *run, const double *v, double *z) {
  bs_helmert_expand(run->k, run->d, run->basis, v, run->wide);
  bs_matrix_apply(&run->problem->x, run->wide, z);
}

/* sum_r c_r A_r, m x d, and in run->wide k x d. */
static void combine(bs_matrix_interior *run, const double *c, double *to) {
  bs_matrix_combine(&run->problem->x, c, run->wide);
  bs_helmert_reduce(run->k, run->d, run->basis, run->wide, to);
}

static biascope_status find_singular_values(bs_matrix_interior *run, const double *a, double *values,
                                            biascope_error *error) {
  bs_matrix_turn *turn = &run->turn;
  memcpy(run->spare, a, run->order * sizeof *a);
  const bs_dense_status found = bs_dense_svd(run->m, run->d, run->spare, turn->copy, values, turn->vectors);
  if (found == BS_DENSE_OK) return BIASCOPE_OK;
  if (found == BS_DENSE_NO_MEMORY) return bs_fail_memory(error, "the singular values");
  return bs_fail(error, BIASCOPE_NOT_CONVERGED, "the singular values of the weights were not found");
}

/* Whether |V| < radius: whether radius^2 - V V', or V'V where that is smaller, is positive definite. */
static bool is_inside(size_t m, size_t d, const double *v, double radius, double *gram) {
  const size_t n = m < d ? m : d;
  if (!(radius > 0.0)) return false;
  memset(gram, 0, n * n * sizeof *gram);
  if (m <= d)
    bs_dense_row_gram(m, d, v, d, gram, m);
  else
    bs_dense_add_column_gram(d, m, v, d, gram, d);
  for (size_t i = 0; i < n; i++)
    for (size_t j = i; j < n; j++) gram[i * n + j] = (i == j ? radius * radius : 0.0) - gram[i * n + j];
  return bs_cholesky_factor(n, n, gram);
}

double bs_matrix_step(size_t m, size_t d, const double *x, const double *dx, double radius, double dradius, double step,
                      double *scratch) {
  double inside = 0.0, outside = step, tried = step, *v = scratch, *gram = scratch + m * d;
  for (int halving = 0; halving < HALVINGS; halving++) {
    for (size_t at = 0; at < m * d; at++) v[at] = x[at] + tried * dx[at];
    if (is_inside(m, d, v, radius + tried * dradius, gram)) {
      if (tried == step) return step;
      inside = tried;
    } else {
      outside = tried;
    }
    tried = 0.5 * (inside + outside);
  }
  return inside;
}

/* ---- The iterate ----------------------------------------------------------------------------------- */

double bs_sum_of(size_t count, const double *singular) {
  double sum = 0.0;
  for (size_t i = 0; i < count; i++) sum += singular[i];
  return sum;
}

double bs_largest_of(size_t count, const double *singular) {
  (void)count;
  return singular[0];
}

biascope_status bs_matrix_interior_evaluate(bs_matrix_interior *run, biascope_error *error) {
  const double *rho = run->problem->rho;
  combine(run, run->c, run->g);
  apply(run, run->w, run->z);
  biascope_status status = find_singular_values(run, run->w, run->of_w, error);
  if (status == BIASCOPE_OK) status = find_singular_values(run, run->g, run->of_g, error);
  if (status != BIASCOPE_OK) return status;
  double least = INFINITY;
  for (size_t i = 0; i < run->n; i++) least = fmin(least, run->z[i] / rho[i]);
  const double length = run->equation->norm(run->least, run->of_w);
  run->total = bs_dot(run->n, rho, run->c);
  run->margin = length > 0.0 ? least / length : 0.0;
  run->bound = run->equation->dual(run->least, run->of_g) / run->total;
  if (run->margin > run->best_margin) {
    run->best_margin = run->margin;
    memcpy(run->best_w, run->w, run->order * sizeof *run->w);
  }
  if (run->bound < run->best_bound) {
    run->best_bound = run->bound;
    memcpy(run->best_c, run->c, run->n * sizeof *run->c);
  }
  return BIASCOPE_OK;
}

/* Equal dual weights, W along G well inside the ball, every margin positive. */
static biascope_status start(bs_matrix_interior *run, biascope_error *error) {
  const double *rho = run->problem->rho, total = bs_sum_of(run->n, rho);
  for (size_t i = 0; i < run->n; i++) run->c[i] = 1.0 / total;
  combine(run, run->c, run->g);
  const biascope_status status = find_singular_values(run, run->g, run->of_g, error);
  if (status != BIASCOPE_OK) return status;
  const double length = fmax(START * run->equation->norm(run->least, run->of_g), DBL_MIN);
  run->tau = 1.5 * run->of_g[0];
  for (size_t at = 0; at < run->order; at++) run->w[at] = run->g[at] / length;
  apply(run, run->w, run->z);
  double least = INFINITY, largest = 0.0;
  for (size_t i = 0; i < run->n; i++) {
    least = fmin(least, run->z[i] / rho[i]);
    largest = fmax(largest, fabs(run->z[i] / rho[i]));
  }
  run->t = least - fmax(largest, DBL_MIN);
  for (size_t i = 0; i < run->n; i++) run->s[i] = run->z[i] - run->t * rho[i];
  return BIASCOPE_OK;
}

biascope_status bs_matrix_interior_create(const bs_problem *problem, bool cautious, bs_matrix_interior *out,
                                          biascope_error *error) {
  const bs_matrix *x = &problem->x;
  const size_t m = x->classes - 1, d = x->features;
  const bs_matrix_equation *equation =
      problem->norm.kind == BIASCOPE_SPECTRAL ? &bs_spectral_equation : &bs_nuclear_equation;
  *out = (bs_matrix_interior){.problem = problem,
                              .equation = equation,
                              .unknowns = m * d + equation->extra,
                              .n = x->rows,
                              .live = x->rows,
                              .cautious = cautious,
                              .left_of_ball = cautious ? CAUTIOUS_LEFT : LEFT_OF_BALL,
                              .least_sigma = cautious ? CAUTIOUS_SIGMA : LEAST_SIGMA,
                              .k = x->classes,
                              .m = m,
                              .d = d,
                              .order = m * d,
                              .least = m < d ? m : d,
                              .best_margin = -INFINITY,
                              .best_bound = INFINITY};
  biascope_status status = allocate(out, error);
  if (status == BIASCOPE_OK) {
    bs_helmert_fill(out->k, out->basis);
    status = start(out, error);
  }
  if (status == BIASCOPE_OK) status = bs_matrix_interior_evaluate(out, error);
  if (status != BIASCOPE_OK) bs_matrix_interior_free(out);
  return status;
}

/* ---- A step ---------------------------------------------------------------------------------------- */

/* Rows far from active are left out: each would keep margin and bound apart by mu. */
static bool is_dropped(const bs_matrix_interior *run, size_t i) {
  return run->c[i] == 0.0;
}

/* Drops rows by how c and s compare, and takes those back that the others do not keep in their place. */
static void choose_rows(bs_matrix_interior *run) {
  const double c_scale = bs_max_abs(run->n, run->c), s_scale = bs_max_abs(run->n, run->s), mu = run->mu;
  for (size_t i = 0; i < run->n; i++) {
    if (!is_dropped(run, i)) {
      if (!(run->c[i] * s_scale < NEGLIGIBLE * run->s[i] * c_scale)) continue;
      run->c[i] = 0.0;
      run->live--;
      continue;
    }
    run->s[i] = run->z[i] - run->t * run->problem->rho[i];
    if (run->s[i] > 0.0) continue;
    run->c[i] = sqrt(mu * c_scale / s_scale);
    run->s[i] = mu / run->c[i];
    run->live++;
  }
}

/* K = sum_r theta_r (A_r - rho_r centre)(A_r - rho_r centre)': dt is eliminated without cancellation. Returns
 * sum theta rho^2. */
static double set_gram(bs_matrix_interior *run) {
  const double *rho = run->problem->rho;
  double square = 0.0;
  for (size_t i = 0; i < run->n; i++) {
    run->theta[i] = is_dropped(run, i) ? 0.0 : run->c[i] / run->s[i];
    run->free_step[i] = run->theta[i] * rho[i];
    square += run->free_step[i] * rho[i];
  }
  combine(run, run->free_step, run->centre);
  bs_scale(run->order, 1.0 / square, run->centre);
  bs_matrix_turn_forth(&run->turn, run->centre, run->turned_h);
  bs_helmert_expand(run->k, run->d, run->turn.basis, run->turned_h, run->wide);
  bs_matrix_feature_gram(&run->turn.samples, run->theta, rho, run->wide, run->scratch, run->gram, run->k * run->d);
  bs_helmert_reduce_gram(run->k, run->d, run->turn.basis, run->gram, run->system);
  return square;
}

/* Sets the equations up at mu, each divided by its largest coefficient, and factors them. */
static bs_dense_status factor(bs_matrix_interior *run, double mu) {
  const size_t n = run->unknowns;
  run->equation->fill(run, mu);
  for (size_t i = 0; i < n; i++) {
    const double largest = bs_max_abs(n, run->system + i * n);
    if (!(largest > 0.0)) return BS_DENSE_FAILED;
    run->scale[i] = 1.0 / largest;
    bs_scale(n, run->scale[i], run->system + i * n);
  }
  return bs_dense_lu(n, run->system, run->pivot, NULL);
}

/* dW and dtau, given h. */
static void solve(bs_matrix_interior *run, double mu, double factored) {
  bs_matrix_turn_forth(&run->turn, run->h, run->turned_h);
  run->equation->aim(run, mu, factored);
  for (size_t i = 0; i < run->unknowns; i++) run->target[i] *= run->scale[i];
  bs_dense_lu_solve(run->unknowns, run->system, run->pivot, true, run->target);
  bs_matrix_turn_back(&run->turn, run->target, run->dw);
  run->dtau = run->equation->extra ? run->target[run->order] : 0.0;
}

/* What is left of z_r - t rho_r = s_r; zero where it is rounding, which divided by s would spoil c and with it G. */
static double residual(const bs_matrix_interior *run, size_t i) {
  const double asked = run->t * run->problem->rho[i], left = run->z[i] - asked - run->s[i];
  return fabs(left) > ROUNDINGS * DBL_EPSILON * (fabs(run->z[i]) + fabs(asked) + run->s[i]) ? left : 0.0;
}

/* (dw, dt, ds, dc) towards c s = mu - correction, with square = sum theta rho^2. */
static void find_step(bs_matrix_interior *run, double square, double factored, double mu, const double *correction) {
  const double *rho = run->problem->rho;
  double excess = 1.0 - run->total;
  for (size_t i = 0; i < run->n; i++) {
    run->free_step[i] = 0.0;
    if (is_dropped(run, i)) continue;
    const double target = mu - run->c[i] * run->s[i] - (correction ? correction[i] : 0.0);
    run->free_step[i] = (target - run->c[i] * residual(run, i)) / run->s[i];
    excess -= rho[i] * run->free_step[i];
  }
  combine(run, run->free_step, run->h);
  bs_axpy(run->order, excess, run->centre, run->h);
  solve(run, mu, factored);
  run->dt = excess / square + bs_dot(run->order, run->centre, run->dw);
  apply(run, run->dw, run->ds);
  for (size_t i = 0; i < run->n; i++) {
    run->dc[i] = 0.0;
    if (is_dropped(run, i)) continue;
    const double target = mu - run->c[i] * run->s[i] - (correction ? correction[i] : 0.0);
    run->ds[i] += residual(run, i) - rho[i] * run->dt;
    run->dc[i] = (target - run->c[i] * run->ds[i]) / run->s[i];
  }
  combine(run, run->dc, run->dg);
}

static void find_lengths(bs_matrix_interior *run, double *primal, double *dual) {
  double on_s = 1.0, on_c = 1.0;
  for (size_t i = 0; i < run->n; i++) {
    if (is_dropped(run, i)) continue;
    if (run->ds[i] < 0.0) on_s = fmin(on_s, -TO_BOUNDS * run->s[i] / run->ds[i]);
    if (run->dc[i] < 0.0) on_c = fmin(on_c, -TO_BOUNDS * run->c[i] / run->dc[i]);
  }
  *primal = run->equation->limit_primal(run, on_s);
  *dual = run->equation->limit_dual(run, on_c);
}

static double complementarity(const bs_matrix_interior *run, double primal, double dual) {
  double sum = 0.0;
  for (size_t i = 0; i < run->n; i++) sum += (run->s[i] + primal * run->ds[i]) * (run->c[i] + dual * run->dc[i]);
  return sum / (double)run->live;
}

static void move(bs_matrix_interior *run, double primal, double dual) {
  bs_axpy(run->order, primal, run->dw, run->w);
  bs_axpy(run->n, primal, run->ds, run->s);
  bs_axpy(run->n, dual, run->dc, run->c);
  run->t += primal * run->dt;
  run->tau += dual * run->dtau;
}

/* Mehrotra's predictor and corrector. BS_DENSE_FAILED where the arithmetic has nothing left to give. */
static bs_dense_status iterate(bs_matrix_interior *run) {
  const double mu = run->mu = bs_dot(run->n, run->c, run->s) / (double)run->live, factored = 0.1 * mu;
  bs_dense_status status =
      bs_matrix_turn_set(&run->turn, &run->problem->x, run->basis, run->equation->turns_g ? run->g : run->w);
  if (status != BS_DENSE_OK) return status;
  const double square = set_gram(run);
  bs_matrix_turn_forth(&run->turn, run->w, run->turned_w);
  bs_matrix_turn_forth(&run->turn, run->g, run->turned_g);
  if ((status = factor(run, factored)) != BS_DENSE_OK) return status;
  double primal, dual;
  find_step(run, square, factored, 0.0, NULL);
  find_lengths(run, &primal, &dual);
  const double ratio = complementarity(run, primal, dual) / mu;
  const double sigma = fmin(fmax(ratio * ratio * ratio, run->least_sigma), 1.0), least = fmin(primal, dual);
  for (size_t i = 0; i < run->n; i++) run->correction[i] = least * run->ds[i] * run->dc[i];
  find_step(run, square, factored, sigma * mu, run->correction);
  find_lengths(run, &primal, &dual);
  if (!(primal > 1e-10 && dual > 1e-10) || !isfinite(primal * dual)) return BS_DENSE_FAILED;
  move(run, primal, dual);
  return isfinite(bs_dot(run->n, run->c, run->s)) ? BS_DENSE_OK : BS_DENSE_FAILED;
}

biascope_status bs_matrix_interior_run(bs_matrix_interior *run, double tolerance, int max_iterations,
                                       biascope_error *error) {
  const double first = run->bound;
  double least = INFINITY;
  for (int stalled = 0; run->iterations < max_iterations; run->iterations++) {
    const double width = run->best_bound - run->best_margin;
    stalled = width < 0.9 * least ? 0 : stalled + 1;
    least = fmin(width, least);
    if (width <= tolerance * run->best_bound || stalled > PATIENCE || run->best_bound < VANISHED * first)
      return BIASCOPE_OK;
    const bs_dense_status moved = iterate(run);
    if (moved == BS_DENSE_NO_MEMORY) return bs_fail_memory(error, "the singular values");
    if (moved == BS_DENSE_FAILED) return BIASCOPE_OK;
    if (!run->cautious && width < NEAR * run->best_bound) choose_rows(run);
    const biascope_status status = bs_matrix_interior_evaluate(run, error);
    if (status != BIASCOPE_OK) return status;
  }
  return BIASCOPE_OK;
}

biascope_status bs_matrix_interior_take_best(bs_matrix_interior *run, biascope_error *error) {
  memcpy(run->c, run->best_c, run->n * sizeof *run->c);
  memcpy(run->w, run->best_w, run->order * sizeof *run->w);
  return bs_matrix_interior_evaluate(run, error);
}
