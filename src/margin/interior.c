#include "margin/interior.h"

#include "base/memory.h"
#include "base/vector.h"
#include "margin/kernel.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A free t decides separability, but its elimination costs accuracy like 1/margin^2. Once the iterate separates by
 * this fraction of the bound, t stays where it is and the scale of c is free instead: the hard-margin problem. */
static const double SAFE_MARGIN = 0.1;
/* l1: the gap of the l2 solution it may start from. */
static const double NEARLY_SOLVED = 0.2;
enum { MAX_ITERATIONS_L2 = 100 };
/* lp: the factor by which p - 1 changes at a time. */
static const double LONG_STRIDE = 2.0, SHORT_STRIDE = 1.3;

static biascope_status allocate(bs_interior *run, biascope_error *error) {
  const size_t rows = run->rows, columns = run->columns;
  run->memory = BS_NEW(double, 11 * rows + 20 * columns);
  if (!run->memory) return bs_fail_memory(error, "the interior-point iterate");
  double *next = run->memory;
  double **by_sample[] = {&run->c,  &run->s,  &run->z,      &run->r,     &run->theta, &run->es,
                          &run->dc, &run->ds, &run->best_c, &run->old_s, &run->old_c};
  for (size_t i = 0; i < sizeof by_sample / sizeof *by_sample; i++, next += rows) *by_sample[i] = next;
  double **by_feature[] = {&run->w,  &run->u,   &run->a,         &run->b,      &run->za,    &run->zb,   &run->combined,
                           &run->rd, &run->g,   &run->curvature, &run->ea,     &run->eb,    &run->dw,   &run->du,
                           &run->da, &run->dza, &run->dzb,       &run->best_w, &run->old_w, &run->old_u};
  for (size_t i = 0; i < sizeof by_feature / sizeof *by_feature; i++, next += columns) *by_feature[i] = next;
  return BIASCOPE_OK;
}

static double metric(const bs_interior *run, size_t k) {
  return run->problem->metric ? run->problem->metric[k] : 1.0;
}

static double signed_power(double value, double exponent) {
  return copysign(pow(fabs(value), exponent), value);
}

static bool boxed(const bs_interior *run) {
  return run->role == BS_BOXED_W || run->role == BS_BOXED_U;
}

static double potential_norm(const bs_interior *run, const double *w) {
  double sum = 0.0;
  if (run->role == BS_BOXED_W) return bs_max_abs(run->d, w);
  if (run->role == BS_POWER) return pow(bs_dot(run->d, w, run->u) / run->power_scale, 1.0 / run->exponent);
  for (size_t k = 0; k < run->d; k++) sum += run->role == BS_BOXED_U ? fabs(w[k]) : metric(run, k) * w[k] * w[k];
  return run->role == BS_BOXED_U ? sum : sqrt(sum);
}

static double dual_norm(const bs_interior *run, const double *u) {
  double sum = 0.0;
  if (run->role == BS_BOXED_U) return bs_max_abs(run->d, u);
  if (run->role == BS_POWER) {
    const double q = run->exponent / (run->exponent - 1.0), largest = bs_max_abs(run->d, u);
    for (size_t k = 0; k < run->d && largest > 0.0; k++) sum += pow(fabs(u[k]) / largest, q);
    return largest * pow(sum, 1.0 / q);
  }
  for (size_t k = 0; k < run->d; k++) sum += run->role == BS_BOXED_W ? fabs(u[k]) : u[k] * u[k] / metric(run, k);
  return run->role == BS_BOXED_W ? sum : sqrt(sum);
}

/* A centred start: equal dual weights, every complementarity product equal. */
static void start(bs_interior *run) {
  const double *rho = run->problem->rho;
  double total = 0.0;
  for (size_t i = 0; i < run->n; i++) total += rho[i];
  for (size_t i = 0; i < run->n; i++) run->c[i] = 1.0 / total;
  bs_matrix_combine(&run->problem->x, run->c, run->combined);
  double bound = dual_norm(run, run->combined);
  if (!(bound > 0.0)) bound = DBL_MIN;
  double mu = bound / (double)(run->n + 2 * run->d);
  if (run->role == BS_SMOOTH) {
    for (size_t k = 0; k < run->d; k++) run->w[k] = run->combined[k] / metric(run, k);
    mu = bound * bound / (double)run->n;
  } else if (run->role == BS_POWER) {
    mu = bound / (double)run->n;
    run->power_scale = bound;
    for (size_t k = 0; k < run->d; k++) {
      run->u[k] = run->combined[k];
      run->w[k] = signed_power(run->u[k] / bound, 1.0 / (run->exponent - 1.0));
    }
  } else if (run->role == BS_BOXED_U) {
    const double scale = 0.5 / bound;
    bs_scale(run->n, scale, run->c);
    for (size_t k = 0; k < run->d; k++) run->u[k] = scale * run->combined[k];
    mu = scale * 2.0 / (double)(run->n + 2 * run->d);
    run->t = 1.0;
  }
  for (size_t i = 0; i < run->n; i++) run->s[i] = mu / run->c[i];
  for (size_t k = 0; k < run->d && boxed(run); k++) {
    run->a[k] = 1.0 - run->u[k];
    run->b[k] = 1.0 + run->u[k];
    run->za[k] = mu / run->a[k];
    run->zb[k] = mu / run->b[k];
    if (run->role == BS_BOXED_U) run->w[k] = run->za[k] - run->zb[k];
  }
}

/* l1: a strictly feasible pair from one of l2, whose dual problem has no bounds to run into: t = 1 asks for half of the
 * margin w has, u is halfway into its box. */
static void start_from(bs_interior *run, const double *w, const double *c) {
  const double *rho = run->problem->rho;
  memcpy(run->w, w, run->d * sizeof *w);
  memcpy(run->c, c, run->n * sizeof *c);
  bs_matrix_apply(&run->problem->x, run->w, run->z);
  bs_matrix_combine(&run->problem->x, run->c, run->combined);
  double least = INFINITY, total = 0.0;
  for (size_t i = 0; i < run->n; i++) least = fmin(least, run->z[i] / rho[i]);
  for (size_t k = 0; k < run->d; k++) total += fabs(run->w[k]);
  const double w_scale = 2.0 / least, c_scale = 0.5 / bs_max_abs(run->d, run->combined);
  bs_scale(run->d, w_scale, run->w);
  bs_scale(run->n, c_scale, run->c);
  for (size_t i = 0; i < run->n; i++) run->s[i] = w_scale * run->z[i] - rho[i];
  for (size_t k = 0; k < run->d; k++) {
    run->u[k] = c_scale * run->combined[k];
    run->a[k] = 1.0 - run->u[k];
    run->b[k] = 1.0 + run->u[k];
    const double size = fabs(run->w[k]) + w_scale * total / (double)run->d;
    run->za[k] = 0.5 * (size + run->w[k]);
    run->zb[k] = 0.5 * (size - run->w[k]);
  }
}

static biascope_status start_from_l2(bs_interior *run, biascope_error *error) {
  bs_problem problem = *run->problem;
  bs_interior l2;
  problem.norm.kind = BIASCOPE_L2;
  const biascope_status status = bs_interior_create(&problem, false, &l2, error);
  if (status != BIASCOPE_OK) return status;
  bs_interior_run(&l2, NEARLY_SOLVED, MAX_ITERATIONS_L2);
  if (l2.margin > 0.0) start_from(run, l2.w, l2.c);
  bs_interior_free(&l2);
  return BIASCOPE_OK;
}

/* Evaluates the iterate and keeps the best direction and the best dual seen. */
static void evaluate(bs_interior *run) {
  const double *rho = run->problem->rho;
  bs_matrix_apply(&run->problem->x, run->w, run->z);
  bs_matrix_combine(&run->problem->x, run->c, run->combined);
  double least = INFINITY;
  for (size_t i = 0; i < run->n; i++) least = fmin(least, run->z[i] / rho[i]);
  const double length = potential_norm(run, run->w);
  run->margin = length > 0.0 ? least / length : 0.0;
  run->bound = dual_norm(run, run->combined) / bs_dot(run->n, rho, run->c);
  if (run->margin > run->best_margin) {
    run->best_margin = run->margin;
    memcpy(run->best_w, run->w, run->d * sizeof *run->w);
  }
  if (run->bound < run->best_bound) {
    run->best_bound = run->bound;
    memcpy(run->best_c, run->c, run->n * sizeof *run->c);
  }
}

static double complementarity(const bs_interior *run, double primal, double dual) {
  double sum = 0.0;
  for (size_t i = 0; i < run->n; i++) sum += (run->s[i] + primal * run->ds[i]) * (run->c[i] + dual * run->dc[i]);
  if (!boxed(run)) return sum / (double)run->n;
  const double box = run->role == BS_BOXED_W ? primal : dual, multiplier = run->role == BS_BOXED_W ? dual : primal;
  for (size_t k = 0; k < run->d; k++) {
    const double above = (run->a[k] + box * run->da[k]) * (run->za[k] + multiplier * run->dza[k]);
    const double below = (run->b[k] - box * run->da[k]) * (run->zb[k] + multiplier * run->dzb[k]);
    sum += above + below; /* in one sum, for a feature that changes sign to change no bit */
  }
  return sum / (double)(run->n + 2 * run->d);
}

/* lp: du/dw on the curve, kept in a range the linear algebra can use. */
static double power_curvature(const bs_interior *run, size_t k) {
  const double p = run->exponent, widest = 1e8;
  const double slope = run->w[k] != 0.0 ? (p - 1.0) * run->u[k] / run->w[k] / run->power_scale : p > 2.0 ? 0.0 : widest;
  return run->power_scale * fmin(fmax(slope, 1.0 / widest), widest);
}

/* H of the reduced system. */
static void set_curvature(bs_interior *run) {
  for (size_t k = 0; k < run->d; k++) {
    if (run->role == BS_POWER) {
      run->curvature[k] = power_curvature(run, k);
      continue;
    }
    const double h = run->role == BS_SMOOTH ? metric(run, k) : run->za[k] / run->a[k] + run->zb[k] / run->b[k];
    run->curvature[k] = run->role == BS_BOXED_U ? 1.0 / h : h;
  }
  for (size_t i = 0; i < run->n; i++) run->theta[i] = run->c[i] / run->s[i];
}

/* The step towards complementarity products `target`, with the last step's products as second-order correction. */
static void find_step(bs_interior *run, double target, bool corrected) {
  const double *rho = run->problem->rho, second = corrected ? 1.0 : 0.0;
  for (size_t i = 0; i < run->n; i++) {
    run->es[i] = target - run->s[i] * run->c[i] - second * run->ds[i] * run->dc[i];
    run->r[i] = run->es[i] / run->c[i] - (run->z[i] - run->t * rho[i] - run->s[i]);
  }
  for (size_t k = 0; k < run->d; k++) {
    run->rd[k] = run->combined[k] - (run->role == BS_SMOOTH ? metric(run, k) * run->w[k] : run->u[k]);
    run->g[k] = run->rd[k];
    if (!boxed(run)) continue;
    run->ea[k] = target - run->a[k] * run->za[k] - second * run->da[k] * run->dza[k];
    run->eb[k] = target - run->b[k] * run->zb[k] + second * run->da[k] * run->dzb[k];
    const double pull = run->ea[k] / run->a[k] - run->eb[k] / run->b[k];
    run->g[k] += run->role == BS_BOXED_W ? -pull : run->curvature[k] * pull;
  }
  bs_newton_solve(&run->newton, corrected, run->g, run->r, 1.0 - bs_dot(run->n, rho, run->c), run->dw, &run->dt,
                  run->dc);
  for (size_t i = 0; i < run->n; i++) run->ds[i] = (run->es[i] - run->s[i] * run->dc[i]) / run->c[i];
  for (size_t k = 0; k < run->d && boxed(run); k++) {
    const double pull = run->ea[k] / run->a[k] - run->eb[k] / run->b[k];
    const double dy = run->role == BS_BOXED_W ? run->dw[k] : run->curvature[k] * (run->dw[k] - pull);
    run->da[k] = -dy;
    run->dza[k] = (run->ea[k] + run->za[k] * dy) / run->a[k];
    run->dzb[k] = (run->eb[k] - run->zb[k] * dy) / run->b[k];
    run->du[k] = run->role == BS_BOXED_W ? run->dza[k] - run->dzb[k] : dy;
  }
}

static double longest(size_t n, const double *x, const double *dx, double sign) {
  double ratio = 0.0;
  for (size_t i = 0; i < n; i++) ratio = fmax(ratio, -sign * dx[i] / x[i]);
  return ratio > 0.0 ? 1.0 / ratio : INFINITY;
}

/* Longest steps that keep everything non-negative, at most 1 after the factor. */
static void step_lengths(const bs_interior *run, double factor, double *primal, double *dual) {
  *primal = longest(run->n, run->s, run->ds, 1.0);
  *dual = longest(run->n, run->c, run->dc, 1.0);
  if (boxed(run)) {
    const double box = fmin(longest(run->d, run->a, run->da, 1.0), longest(run->d, run->b, run->da, -1.0));
    const double multiplier = fmin(longest(run->d, run->za, run->dza, 1.0), longest(run->d, run->zb, run->dzb, 1.0));
    *primal = fmin(*primal, run->role == BS_BOXED_W ? box : multiplier);
    *dual = fmin(*dual, run->role == BS_BOXED_W ? multiplier : box);
  }
  *primal = fmin(1.0, factor * *primal);
  *dual = fmin(1.0, factor * *dual);
  if (!boxed(run)) *primal = *dual = fmin(*primal, *dual); /* w stands in both residuals */
}

/* lp: back from the tangent to the curve, keeping whichever of w_k and u_k the other depends on mildly; then, by the
 * problem's homogeneity, to ||w|| = 1. Where the margin is small a change of w_k upsets it more than one of u_k. */
static void move_on_curve(bs_interior *run, double step) {
  const double power = run->exponent - 1.0, scale = run->power_scale;
  const double preference = run->cautious ? fmin(1.0, scale) : 1.0;
  for (size_t k = 0; k < run->d; k++) {
    const double w = run->w[k] + step * run->dw[k], u = run->u[k] + step * run->curvature[k] * run->dw[k];
    const double w_of_u = signed_power(u / scale, 1.0 / power), u_of_w = scale * signed_power(w, power);
    const bool keep_u = fabs(w_of_u - w) * scale < preference * fabs(u_of_w - u);
    run->w[k] = keep_u ? w_of_u : w;
    run->u[k] = keep_u ? u : u_of_w;
  }
  const double length = potential_norm(run, run->w);
  bs_scale(run->d, 1.0 / length, run->w);
  bs_scale(run->n, 1.0 / length, run->s);
  run->t /= length;
  run->power_scale *= pow(length, power);
}

static void move(bs_interior *run, double primal, double dual) {
  run->t += primal * run->dt;
  bs_axpy(run->n, primal, run->ds, run->s);
  bs_axpy(run->n, dual, run->dc, run->c);
  if (run->role == BS_POWER) {
    move_on_curve(run, primal);
    return;
  }
  bs_axpy(run->d, primal, run->dw, run->w);
  if (run->role == BS_SMOOTH) return;
  const double box = run->role == BS_BOXED_W ? primal : dual, multiplier = run->role == BS_BOXED_W ? dual : primal;
  bs_axpy(run->d, dual, run->du, run->u);
  bs_axpy(run->d, box, run->da, run->a);
  bs_axpy(run->d, -box, run->da, run->b);
  bs_axpy(run->d, multiplier, run->dza, run->za);
  bs_axpy(run->d, multiplier, run->dzb, run->zb);
}

/* lp: extreme exponents are reached in steps, each from a point near the solution of the last. */
static double nearer_exponent(double from, double target, double stride) {
  const double ratio = (target - 1.0) / (from - 1.0);
  return ratio > stride ? 1.0 + stride * (from - 1.0) : ratio < 1.0 / stride ? 1.0 + (from - 1.0) / stride : target;
}

static void advance_exponent(bs_interior *run) {
  run->exponent = nearer_exponent(run->exponent, run->problem->norm.p, run->stride);
  run->best_margin = -INFINITY;
  run->best_bound = INFINITY;
  move_on_curve(run, 0.0);
  evaluate(run);
}

/* lp: the step, or the first third of a third ... of it that does not take margin and bound much further apart: the
 * tangent may leave the curve far behind. */
static void move_and_check(bs_interior *run, double step) {
  const double width = run->bound - run->margin, t = run->t, scale = run->power_scale;
  memcpy(run->old_s, run->s, run->n * sizeof *run->s);
  memcpy(run->old_c, run->c, run->n * sizeof *run->c);
  memcpy(run->old_w, run->w, run->d * sizeof *run->w);
  memcpy(run->old_u, run->u, run->d * sizeof *run->u);
  for (int attempt = 0;; attempt++) {
    move(run, step, step);
    evaluate(run);
    if (run->bound - run->margin <= 2.0 * width || attempt == 4) return;
    memcpy(run->s, run->old_s, run->n * sizeof *run->s);
    memcpy(run->c, run->old_c, run->n * sizeof *run->c);
    memcpy(run->w, run->old_w, run->d * sizeof *run->w);
    memcpy(run->u, run->old_u, run->d * sizeof *run->u);
    run->t = t;
    run->power_scale = scale;
    step /= 3.0;
  }
}

/* Whether the complementarity products leave less to gain than `tolerance` of the objective: what else keeps margin
 * and bound apart is the equations' rounding, and further steps only spoil the iterate. */
static bool complementary(const bs_interior *run, double tolerance) {
  const double objective = run->t * bs_dot(run->n, run->problem->rho, run->c);
  const double products = (double)(run->n + (boxed(run) ? 2 * run->d : 0));
  return products * complementarity(run, 0.0, 0.0) < 0.1 * tolerance * objective;
}

/* Mehrotra's predictor and corrector. False where the arithmetic has nothing left to give. */
static bool iterate(bs_interior *run) {
  set_curvature(run);
  if (!bs_newton_factor(&run->newton, run->curvature, run->theta)) return false;
  double primal, dual;
  const double mu = complementarity(run, 0.0, 0.0);
  find_step(run, 0.0, false);
  step_lengths(run, 1.0, &primal, &dual);
  const double sigma = complementarity(run, primal, dual) / mu;
  double target = sigma * sigma * sigma * mu;
  if (run->role == BS_POWER) {
    const double total = bs_dot(run->n, run->problem->rho, run->c);
    target = fmax(target, 0.05 * total * (run->bound - run->margin) / (double)run->n);
  }
  find_step(run, target, true);
  step_lengths(run, 0.995, &primal, &dual);
  if (!(primal > 1e-10 && dual > 1e-10) || !isfinite(primal * dual)) return false;
  if (run->role == BS_POWER) {
    move_and_check(run, primal);
  } else {
    move(run, primal, dual);
    evaluate(run);
  }
  return true;
}

void bs_interior_run(bs_interior *run, double tolerance, int max_iterations) {
  double least = INFINITY;
  for (int stalled = 0;; run->iterations++) {
    const double width = run->best_bound - run->best_margin; /* falls to 0 on non-separable data, too */
    stalled = width < 0.9 * least ? 0 : stalled + 1;
    least = fmin(width, least);
    if ((run->role == BS_SMOOTH || (run->role == BS_POWER && run->cautious)) && run->t > 0.0 &&
        run->best_margin > SAFE_MARGIN * run->best_bound)
      run->newton.has_t = false;
    if (run->exponent != run->problem->norm.p && width < 0.03 * run->best_bound) {
      advance_exponent(run);
      least = INFINITY;
      continue;
    }
    if (width <= fmax(tolerance * run->best_bound, run->least_width) || stalled > 15 ||
        run->iterations >= max_iterations || (boxed(run) && complementary(run, tolerance)) || !iterate(run))
      return;
  }
}

biascope_status bs_interior_create(const bs_problem *problem, bool cautious, bs_interior *out, biascope_error *error) {
  const biascope_norm_kind kind = problem->norm.kind;
  *out = (bs_interior){.problem = problem,
                       .role = kind == BIASCOPE_LINF ? BS_BOXED_W
                               : kind == BIASCOPE_L1 ? BS_BOXED_U
                               : kind == BIASCOPE_LP ? BS_POWER
                                                     : BS_SMOOTH,
                       .n = problem->x.rows,
                       .d = problem->x.columns,
                       .exponent = kind == BIASCOPE_LP
                                       ? cautious ? 2.0 : nearer_exponent(2.0, problem->norm.p, LONG_STRIDE)
                                       : problem->norm.p,
                       .cautious = cautious,
                       .stride = cautious ? SHORT_STRIDE : LONG_STRIDE,
                       .rows = bs_padded(problem->x.rows),
                       .columns = bs_padded(problem->x.columns),
                       .best_margin = -INFINITY,
                       .best_bound = INFINITY};
  biascope_status status = allocate(out, error);
  if (status == BIASCOPE_OK)
    status = bs_newton_create(problem, out->role != BS_BOXED_U, out->role == BS_SMOOTH, &out->newton, error);
  if (status == BIASCOPE_OK) {
    start(out);
    if (cautious && out->role == BS_BOXED_U) status = start_from_l2(out, error);
  }
  if (status == BIASCOPE_OK)
    evaluate(out);
  else
    bs_interior_free(out);
  return status;
}

void bs_interior_free(bs_interior *run) {
  bs_newton_free(&run->newton);
  free(run->memory);
  *run = (bs_interior){0};
}
