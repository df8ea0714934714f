#include "base/memory.h"
#include "margin/certificate.h"
#include "margin/contradiction.h"
#include "margin/helmert.h"
#include "margin/interior.h"
#include "margin/kernel.h"
#include "margin/matrix_interior.h"
#include "margin/norm.h"
#include "margin/polish.h"
#include "margin/projected.h"
#include "margin/saddle.h"
#include "margin/separability.h"
#include "margin/support.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Below this gap nothing more is tried, and a later candidate replaces an earlier one. */
static const double POLISHED = 1e-13;
/* Orders of the smaller side: up to which sparse data are factored, and the largest factor at all (2 GB). */
static const size_t FACTORED_SPARSE = 3000, LARGEST_FACTOR = 16384;
/* Of the interior point of matrices, which holds two of them (2 GB). */
static const size_t LARGEST_MATRIX = 10000;
/* Gap of the l2 solution that first-order steps in other norms start from. */
static const double STARTING_GAP = 1e-2;
/* Nearer the interior point of matrices need not come. */
static const double MATRICES_MEET = 1e-12;
/* The gap that is enough where none is asked for: so many roundings, but then a margin of some digits. */
static const double ROUNDINGS_ALLOWED = 16.0, WIDEST_GAP = 1e-3;
/* X'c relative to the sum of its terms' sizes: below this, a change of the data by a few roundings makes X'c = 0. */
static const double FARKAS_TOLERANCE = 16 * DBL_EPSILON;

double biascope_margin_of(const biascope_dataset *data, biascope_norm norm, const double *w) {
  return (double)bs_certify_direction(data, &norm, w).margin;
}

void biascope_margin_free(biascope_margin *margin) {
  free(margin->direction);
  free(margin->dual);
  *margin = (biascope_margin){0};
}

/* What every stage of one solve works on. */
typedef struct {
  const biascope_dataset *data;
  size_t n, d; /* rows and weights */
  const biascope_norm *norm;
  biascope_margin *out;
  bs_problem problem;
  bs_interior point;
  double *w, *c;            /* a candidate in the solver's units */
  double *direction, *dual; /* and in the caller's */
  long double *u, *magnitude;
  bs_primal_certificate primal; /* of out's pair */
  bs_dual_certificate upper;
  double gap;        /* of the two; 1 where nothing is proved */
  bool lacks_memory; /* for the singular values of a certificate */
} solve_run;

static bool in_simplex(size_t n, const double *dual) {
  for (size_t i = 0; i < n; i++) {
    if (!(dual[i] >= 0.0)) return false;
  }
  return true;
}

/* Takes the candidate's direction or dual, or both, where they prove more than what out holds. True where both do, or
 * nearly so: then the candidate is the solution, not only a bound on it. */
static bool offer(solve_run *run, const double *w, const double *c) {
  const size_t n = run->n, d = run->d;
  bs_problem_export(&run->problem, w, c, run->direction, run->dual);
  const bs_primal_certificate primal = bs_certify_direction(run->data, run->norm, run->direction);
  bs_dual_certificate dual = {.bound = INFINITY, .rounding = INFINITY};
  if (in_simplex(n, run->dual)) dual = bs_certify_dual(run->data, run->norm, run->dual, run->u, run->magnitude);
  run->lacks_memory = run->lacks_memory || isnan(primal.margin) || isnan(dual.bound);
  const long double own_gap = (dual.bound - primal.margin) / dual.bound;
  const bool closed = own_gap <= (long double)POLISHED; /* a later candidate is also the sparser and cleaner one */
  if (closed || !(run->primal.margin > primal.margin)) {
    memcpy(run->out->direction, run->direction, d * sizeof *run->direction);
    run->primal = primal;
  }
  /* the many rows of several classes leave a difference in rounding alone, which does not tell */
  const long double slack = run->data->unfolded ? (long double)POLISHED : 0.0L;
  if (closed || dual.bound <= run->upper.bound * (1.0L + slack)) {
    memcpy(run->out->dual, run->dual, n * sizeof *run->dual);
    run->upper = dual;
  }
  const long double bound = run->upper.bound, gap = (bound - run->primal.margin) / bound;
  run->gap = bound > 0.0L && gap < 1.0L ? (double)fmaxl(gap, 0.0L) : 1.0;
  return own_gap <= (long double)(run->gap + POLISHED);
}

static biascope_status polish_linear(solve_run *run, biascope_error *error) {
  size_t face_dimension = 0;
  const biascope_status status = bs_polish_linear(&run->problem, &run->point, run->w, run->c, &face_dimension, error);
  if (status == BIASCOPE_OK && offer(run, run->w, run->c)) run->out->face_dimension = face_dimension;
  return status;
}

static biascope_status polish_quadratic(solve_run *run, biascope_error *error) {
  if (!(run->point.best_margin > 0.0)) return BIASCOPE_OK; /* nothing separates yet: there may be no solution */
  const biascope_status status = bs_polish_quadratic(&run->point, run->w, run->c, error);
  if (status == BIASCOPE_OK) offer(run, run->w, run->c);
  return status;
}

static biascope_status refine(solve_run *run, biascope_error *error) {
  const bs_interior *point = &run->point;
  offer(run, point->best_w, point->best_c);
  if (point->role == BS_SMOOTH) return polish_quadratic(run, error);
  if (point->role != BS_POWER) return polish_linear(run, error);
  for (size_t i = 0; i < point->n; i++) run->c[i] = point->c[i] > point->s[i] ? point->c[i] : 0.0;
  offer(run, point->best_w, run->c);
  return BIASCOPE_OK;
}

/* Takes the direction where it separates, else the dual where it vanishes. */
static void offer_separation(solve_run *run) {
  const size_t n = run->n;
  bs_problem_export(&run->problem, run->w, run->c, run->direction, run->dual);
  const bs_primal_certificate primal = bs_certify_direction(run->data, run->norm, run->direction);
  run->lacks_memory = run->lacks_memory || isnan(primal.margin);
  if (primal.separates)
    offer(run, run->w, run->c);
  else if (in_simplex(n, run->dual))
    memcpy(run->out->dual, run->dual, n * sizeof *run->dual);
}

static biascope_status conclude(solve_run *run, double tolerance, biascope_error *error) {
  biascope_margin *out = run->out;
  out->margin = (double)run->primal.margin;
  out->upper_bound = (double)run->upper.bound;
  out->gap = run->gap;
  bs_count_support(out);
  out->unique = out->face_dimension == 0;
  if (run->primal.separates && !(out->margin > 0.0 && out->upper_bound <= DBL_MAX))
    return bs_fail(error, BIASCOPE_NOT_CONVERGED,
                   "the margin, %.6Lg, is outside the range of double precision: scale the data", run->primal.margin);
  if (!run->primal.separates) {
    const double residual = bs_farkas_residual(run->data, out->dual, run->u, run->magnitude);
    if (residual <= FARKAS_TOLERANCE) {
      memset(out->direction, 0, run->d * sizeof *out->direction);
      out->margin = 0.0;
      out->upper_bound = residual;
      return bs_fail(error, BIASCOPE_NOT_SEPARABLE,
                     "the data are not separable: a convex combination of the %s vanishes (relative residual %.1e)",
                     run->data->unfolded ? "rows (w_y - w_j).x" : "samples", residual);
    }
    return bs_fail(error, BIASCOPE_NOT_CONVERGED, "undecided whether the data are separable: the margin is at most %g",
                   out->upper_bound);
  }
  if (!(tolerance > 0.0)) /* wider only where doubles cannot hold a direction that good */
    tolerance =
        fmin(WIDEST_GAP, fmax(BS_DEFAULT_GAP, ROUNDINGS_ALLOWED * (run->primal.rounding + run->upper.rounding)));
  return bs_check_gap(out, tolerance, error);
}

static biascope_status run_interior(solve_run *run, bool cautious, int limit, biascope_error *error) {
  biascope_status status = bs_interior_create(&run->problem, cautious, &run->point, error);
  if (status == BIASCOPE_OK && run->point.newton.gram) {
    bool settled;
    status = bs_solve_full_support(&run->point, run->w, run->c, &settled, error);
    if (status == BIASCOPE_OK && settled) offer(run, run->w, run->c);
  }
  /* An early stop suffices where the polish identifies the active constraints from it. */
  const double stops[] = {1e-9, 1e-12, 1e-15};
  for (int stage = run->norm->kind == BIASCOPE_LP ? 2 : 0;
       stage < 3 && status == BIASCOPE_OK && !(run->gap <= POLISHED); stage++) {
    bs_interior_run(&run->point, stops[stage], limit);
    status = refine(run, error);
  }
  bs_interior_free(&run->point);
  return status;
}

/* Large sparse data, whose Gram matrix would be many times their size: first without one. */
static bool large_and_sparse(const solve_run *run) {
  const size_t n = run->n, d = run->d;
  return (run->norm->kind == BIASCOPE_L2 || run->norm->kind == BIASCOPE_MAHALANOBIS) && !run->data->dense &&
         (n < d ? n : d) > FACTORED_SPARSE;
}

/* Decides separability by itself where the norm's own solver found no separating direction. */
static biascope_status run_separation(solve_run *run, biascope_error *error) {
  const biascope_status status = bs_separate(&run->problem, run->w, run->c, error);
  if (status == BIASCOPE_OK) offer_separation(run);
  return status;
}

static bool factorable(const solve_run *run) {
  const size_t n = run->n, d = run->d;
  return (n < d ? n : d) <= LARGEST_FACTOR;
}

static biascope_status run_projected(solve_run *run, double tolerance, int limit, biascope_error *error) {
  /* The certificate is evaluated afresh: ask for a little more than must hold. */
  biascope_status status = bs_projected_solve(&run->problem, 0.5 * tolerance, limit, run->w, run->c, error);
  if (status == BIASCOPE_OK) offer(run, run->w, run->c);
  if (status == BIASCOPE_OK && !run->primal.separates && factorable(run)) status = run_separation(run, error);
  return status;
}

/* Too large to factor: the l2 solution proves something in every norm, and is where first-order steps start. */
static biascope_status run_first_order(solve_run *run, double tolerance, int limit, biascope_error *error) {
  biascope_status status = bs_projected_solve(&run->problem, STARTING_GAP, limit, run->w, run->c, error);
  if (status == BIASCOPE_OK) offer(run, run->w, run->c);
  if (status != BIASCOPE_OK || run->norm->kind == BIASCOPE_LP || !run->primal.separates) return status;
  status = bs_saddle_solve(&run->problem, 0.5 * tolerance, limit, run->w, run->c, error);
  if (status == BIASCOPE_OK) offer(run, run->w, run->c);
  return status;
}

static biascope_status run_factored(solve_run *run, int limit, biascope_error *error) {
  biascope_status status = run_interior(run, false, limit, error);
  const bool has_cautious = run->norm->kind == BIASCOPE_LP || run->norm->kind == BIASCOPE_L1;
  if (status == BIASCOPE_OK && has_cautious && !(run->gap <= BS_DEFAULT_GAP))
    status = run_interior(run, true, limit, error);
  if (status == BIASCOPE_OK && !run->primal.separates) status = run_separation(run, error);
  return status;
}

static bool has_matrix_norm(const solve_run *run) {
  return run->out->outputs > 1 && (run->norm->kind == BIASCOPE_SPECTRAL || run->norm->kind == BIASCOPE_NUCLEAR);
}

/* Whatever gap is asked for: the last iterations take little and give the most. */
static biascope_status run_matrix_interior(solve_run *run, bool cautious, int limit, biascope_error *error) {
  bs_matrix_interior point;
  size_t dimension = 0;
  biascope_status status = bs_matrix_interior_create(&run->problem, cautious, &point, error);
  if (status == BIASCOPE_OK) {
    status = bs_matrix_interior_run(&point, MATRICES_MEET, limit, error);
    if (status == BIASCOPE_OK) status = bs_matrix_interior_take_best(&point, error);
    if (status == BIASCOPE_OK && run->norm->kind == BIASCOPE_NUCLEAR) status = bs_polish_nuclear(&point, error);
    if (status == BIASCOPE_OK && point.best_margin > 0.0) status = bs_matrix_face(&point, &dimension, error);
    bs_helmert_expand(point.k, point.d, point.basis, point.best_w, run->w);
    if (status == BIASCOPE_OK && offer(run, run->w, point.best_c)) run->out->face_dimension = dimension;
    bs_matrix_interior_free(&point);
  }
  return status;
}

static biascope_status run_matrices(solve_run *run, int limit, biascope_error *error) {
  const size_t order = run->d - run->data->features;
  if (order > LARGEST_MATRIX)
    return bs_fail(
        error, BIASCOPE_USAGE,
        "norms of matrices are solved for with at most %zu weights, features times classes less one; not %zu",
        LARGEST_MATRIX, order);
  biascope_status status = run_matrix_interior(run, false, limit, error);
  if (status == BIASCOPE_OK && run->upper.bound > 0.0L && !(run->gap <= BS_DEFAULT_GAP))
    status = run_matrix_interior(run, true, limit, error);
  if (status == BIASCOPE_OK && !run->primal.separates) status = run_separation(run, error);
  return status == BIASCOPE_OK && run->lacks_memory ? bs_fail_memory(error, "the singular values") : status;
}

static biascope_status run_stages(solve_run *run, const biascope_solve_options *options, biascope_error *error) {
  const double asked = options && options->tolerance > 0.0 ? options->tolerance : 0.0;
  const int limit = options && options->max_iterations > 0 ? options->max_iterations : 0;
  biascope_status status = BIASCOPE_OK;
  if (has_matrix_norm(run))
    status = run_matrices(run, limit ? limit : 100, error);
  else if (large_and_sparse(run))
    status = run_projected(run, asked > 0.0 ? asked : BS_DEFAULT_GAP, limit ? limit : 20000, error);
  else if (!factorable(run))
    status = run_first_order(run, asked > 0.0 ? asked : BS_DEFAULT_GAP, limit ? limit : 3000, error);
  else
    status = run_factored(run, limit ? limit : 1000, error);
  return status == BIASCOPE_OK ? conclude(run, asked, error) : status;
}

static biascope_status zero_row_certificate(size_t sample, biascope_margin *out, biascope_error *error) {
  out->dual[sample * (out->rows / out->samples)] = 1.0;
  out->support = 1;
  out->upper_bound = 0.0;
  return bs_fail(error, BIASCOPE_NOT_SEPARABLE, "the data are not separable: sample %zu is zero", sample);
}

/* BIASCOPE_NOT_SEPARABLE, with its certificate, where a look at the samples shows it. */
static biascope_status look_for_certificate(const biascope_dataset *data, biascope_margin *out, biascope_error *error) {
  const size_t zero = bs_zero_sample(data);
  size_t first, second;
  if (zero < data->samples) return zero_row_certificate(zero, out, error);
  const biascope_status status = bs_find_contradiction(data, &first, &second, error);
  if (status != BIASCOPE_OK || first == SIZE_MAX) return status;
  bs_contradiction_dual(data, first, second, out->dual);
  out->support = 2;
  out->upper_bound = 0.0;
  return bs_fail(error, BIASCOPE_NOT_SEPARABLE,
                 "the data are not separable: samples %zu and %zu are equal, but of different classes", first, second);
}

biascope_status biascope_margin_solve(const biascope_dataset *data, biascope_norm norm,
                                      const biascope_solve_options *options, biascope_margin *out,
                                      biascope_error *error) {
  const size_t n = bs_margin_rows(data), d = bs_margin_weights(data);
  *out =
      (biascope_margin){.samples = data->samples, .features = data->features, .outputs = bs_outputs(data), .rows = n};
  biascope_status status = bs_norm_check(&norm, data, error);
  if (status != BIASCOPE_OK) return status;
  solve_run run = {.data = data,
                   .n = n,
                   .d = d,
                   .norm = &norm,
                   .out = out,
                   .primal.margin = -INFINITY,
                   .upper.bound = INFINITY,
                   .gap = 1.0};
  out->direction = BS_NEW(double, d);
  out->dual = BS_NEW(double, n);
  run.w = BS_NEW(double, 2 * (bs_padded(n) + bs_padded(d)));
  run.u = BS_NEW(long double, 2 * d);
  if (!out->direction || !out->dual || !run.w || !run.u)
    status = bs_fail_memory(error, "the max-margin solution");
  else
    status = look_for_certificate(data, out, error);
  if (status == BIASCOPE_OK && (status = bs_problem_create(data, &norm, &run.problem, error)) == BIASCOPE_OK) {
    run.direction = run.w + bs_padded(d);
    run.c = run.direction + bs_padded(d);
    run.dual = run.c + bs_padded(n);
    run.magnitude = run.u + d;
    status = run_stages(&run, options, error);
    bs_problem_free(&run.problem);
  }
  free(run.w);
  free(run.u);
  if (status != BIASCOPE_OK && status != BIASCOPE_NOT_SEPARABLE && status != BIASCOPE_NOT_CONVERGED)
    biascope_margin_free(out);
  return status;
}
