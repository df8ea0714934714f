#include "margin/support.h"

#include "base/dense.h"
#include "base/memory.h"
#include "base/vector.h"
#include "margin/cholesky.h"
#include "margin/equations.h"
#include "margin/kernel.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Exchanges before giving up; each solves one system. */
enum { ROUNDS = 12, REFINEMENTS = 2 };
/* A sample this much inside its constraint, relative to it, joins the support. */
static const double VIOLATION = 1e-12;
/* Least squared pivot ratio at which X_S still counts as of full rank. */
static const double PIVOT_RATIO = 1e-6;

typedef struct {
  const bs_problem *problem;
  const bs_interior *point;
  size_t count, stride, capacity;
  size_t *sample;
  double *rows; /* count x padded d: X_S M^(-1/2) */
  double *gram; /* count x stride: K_SS or its factor */
  double *z, *step;
} support;

static double metric(const support *set, size_t k) {
  return set->problem->metric ? set->problem->metric[k] : 1.0;
}

/* Row i of the support, divided by sqrt(M). */
static void write_row(const support *set, size_t i, double *row) {
  bs_matrix_row(&set->problem->x, set->sample[i], row);
  for (size_t k = 0; k < set->problem->x.columns && set->problem->metric; k++) row[k] /= sqrt(set->problem->metric[k]);
}

static void gather_gram(support *set) {
  const size_t d = set->problem->x.columns, columns = bs_padded(d), order = set->point->newton.stride;
  const double *whole = set->point->newton.gram;
  if (whole) {
    for (size_t i = 0; i < set->count; i++) {
      for (size_t j = i; j < set->count; j++)
        set->gram[i * set->stride + j] = whole[set->sample[i] * order + set->sample[j]];
    }
    return;
  }
  memset(set->rows, 0, set->count * columns * sizeof *set->rows);
  for (size_t i = 0; i < set->count; i++) write_row(set, i, set->rows + i * columns);
  if (bs_small_product(set->count, d)) {
    for (size_t i = 0; i < set->count; i++) {
      for (size_t j = i; j < set->count; j++)
        set->gram[i * set->stride + j] = bs_padded_dot(columns, set->rows + i * columns, set->rows + j * columns);
    }
  } else {
    bs_dense_row_gram(set->count, d, set->rows, columns, set->gram, set->stride);
  }
}

static bool factor(support *set) {
  set->stride = bs_padded(set->count);
  gather_gram(set);
  if (!bs_cholesky_factor(set->count, set->stride, set->gram)) return false;
  double least = INFINITY, largest = 0.0;
  for (size_t i = 0; i < set->count; i++) {
    const double pivot = set->gram[i * set->stride + i];
    least = fmin(least, pivot * pivot);
    largest = fmax(largest, pivot * pivot);
  }
  return least > PIVOT_RATIO * largest;
}

/* w = M^-1 X'c and z = X w. */
static void set_primal(support *set, double *w, const double *c) {
  bs_matrix_combine(&set->problem->x, c, w);
  for (size_t k = 0; k < set->problem->x.columns; k++) w[k] /= metric(set, k);
  bs_matrix_apply(&set->problem->x, w, set->z);
}

/* c on the support from X_S M^-1 X_S'c = rho_S, refined against the data itself. */
static void solve(support *set, double *w, double *c) {
  memset(c, 0, set->problem->x.rows * sizeof *c);
  memset(set->z, 0, set->problem->x.rows * sizeof *set->z);
  for (int pass = 0; pass <= REFINEMENTS; pass++) {
    for (size_t i = 0; i < set->count; i++) set->step[i] = set->problem->rho[set->sample[i]] - set->z[set->sample[i]];
    bs_cholesky_solve(set->count, set->stride, set->gram, set->step);
    for (size_t i = 0; i < set->count; i++) c[set->sample[i]] += set->step[i];
    set_primal(set, w, c);
  }
}

/* The same where X_S is nearly or exactly dependent, whose Gram matrix has lost it: w = (X_S M^(-1/2))^+ rho_S, and c
 * from w, both by singular values. */
static biascope_status solve_dependent(support *set, double *w, double *c, biascope_error *error) {
  const size_t d = set->problem->x.columns;
  bs_equations equations;
  double *work = BS_NEW(double, d + set->count);
  biascope_status status = bs_equations_create(set->count, d, &equations, error);
  if (status == BIASCOPE_OK && !work) status = bs_fail_memory(error, "the support's equations");
  for (size_t i = 0; i < set->count && status == BIASCOPE_OK; i++) write_row(set, i, equations.a + i * d);
  if (status == BIASCOPE_OK) status = bs_equations_factor(&equations, error);
  if (status == BIASCOPE_OK) {
    double *v = work, *weights = work + d;
    for (size_t i = 0; i < set->count; i++) set->step[i] = set->problem->rho[set->sample[i]];
    bs_equations_solve(&equations, set->step, v);
    bs_equations_solve_transposed(&equations, v, weights);
    memset(c, 0, set->problem->x.rows * sizeof *c);
    for (size_t i = 0; i < set->count; i++) c[set->sample[i]] = weights[i];
    for (size_t k = 0; k < d; k++) w[k] = v[k] / sqrt(metric(set, k));
    bs_matrix_apply(&set->problem->x, w, set->z);
  }
  bs_equations_free(&equations);
  free(work);
  return status;
}

/* Drops samples with negative weight, adds violated ones. True where there were none of either. */
static bool exchange(support *set, const double *c) {
  const size_t n = set->problem->x.rows;
  size_t next = 0, kept = 0;
  bool settled = true;
  size_t *members = set->sample + n; /* the new list, built beside the old */
  for (size_t i = 0; i < n; i++) {
    const bool member = next < set->count && set->sample[next] == i;
    next += member;
    const double rho = set->problem->rho[i];
    const bool stays = member ? c[i] > 0.0 : set->z[i] < rho * (1.0 - VIOLATION);
    if (stays) members[kept++] = i;
    settled = settled && stays == member;
  }
  memcpy(set->sample, members, kept * sizeof *members);
  set->count = kept;
  return settled;
}

/* The interior point's scale: x_i.w = rho_i on the support is t = 1. */
static void guess(support *set) {
  const bs_interior *point = set->point;
  const size_t n = set->problem->x.rows;
  const double c_scale = bs_max_abs(n, point->c), s_scale = fmax(bs_max_abs(n, point->s), fabs(point->t));
  for (size_t i = 0; i < n; i++) {
    if (point->c[i] * s_scale > point->s[i] * c_scale) set->sample[set->count++] = i;
  }
}

/* Room for the equations of `count` samples. */
static biascope_status reserve(support *set, biascope_error *error) {
  if (set->count <= set->capacity) return BIASCOPE_OK;
  free(set->rows);
  free(set->gram);
  set->capacity = set->count;
  set->rows = BS_NEW(double, set->point->newton.gram ? 1 : set->count *bs_padded(set->problem->x.columns));
  set->gram = BS_NEW(double, set->count *bs_padded(set->count));
  return set->rows && set->gram ? BIASCOPE_OK : bs_fail_memory(error, "the support's equations");
}

/* Of several classes an early guess may hold many times the rows that a solution needs. */
static bool is_hopeless(const support *set) {
  return set->problem->x.classes > 1 && set->count > 2 * set->problem->x.columns;
}

static biascope_status exchange_until_settled(support *set, bool allow_dependent, double *w, double *c, bool *settled,
                                              biascope_error *error) {
  *settled = false;
  for (int round = 0; round < ROUNDS && !*settled && set->count > 0; round++) {
    if (is_hopeless(set)) return BIASCOPE_OK;
    biascope_status status = reserve(set, error);
    if (status != BIASCOPE_OK) return status;
    if (factor(set))
      solve(set, w, c);
    else if (allow_dependent)
      status = solve_dependent(set, w, c, error);
    else
      return BIASCOPE_OK;
    if (status != BIASCOPE_OK) return status;
    *settled = exchange(set, c);
  }
  return BIASCOPE_OK;
}

static biascope_status support_create(const bs_interior *point, support *out, biascope_error *error) {
  const size_t n = point->n;
  *out = (support){.problem = point->problem, .point = point};
  out->sample = BS_NEW(size_t, 2 * n);
  out->z = BS_NEW(double, bs_padded(n) + n);
  if (!out->sample || !out->z) return bs_fail_memory(error, "the support");
  out->step = out->z + bs_padded(n);
  return BIASCOPE_OK;
}

static void support_free(support *set) {
  free(set->sample);
  free(set->z);
  free(set->rows);
  free(set->gram);
}

biascope_status bs_polish_quadratic(const bs_interior *point, double *w, double *c, biascope_error *error) {
  support set;
  bool settled;
  memcpy(w, point->best_w, point->d * sizeof *w);
  memcpy(c, point->best_c, point->n * sizeof *c);
  biascope_status status = support_create(point, &set, error);
  if (status == BIASCOPE_OK) {
    guess(&set);
    status = exchange_until_settled(&set, true, w, c, &settled, error);
  }
  for (size_t i = 0; i < point->n; i++) c[i] = fmax(c[i], 0.0);
  support_free(&set);
  return status;
}

biascope_status bs_solve_full_support(const bs_interior *point, double *w, double *c, bool *settled,
                                      biascope_error *error) {
  support set;
  *settled = false;
  biascope_status status = support_create(point, &set, error);
  if (status == BIASCOPE_OK) {
    for (size_t i = 0; i < point->n; i++) set.sample[set.count++] = i;
    status = exchange_until_settled(&set, false, w, c, settled, error);
  }
  support_free(&set);
  return status;
}
