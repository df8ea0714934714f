/* The set of optimal directions of a linear norm, and its point nearest to a given direction.
 * With (w*, c*) strictly complementary, S the support of c* and J the features whose entry may vary (linf: u_k = 0;
 * l1: |u_k| = ||u||), the optimal directions of length s are y = s w* + z, z in the null space of X_SJ, subject to
 * x_i.y >= gamma s off S and, on J, |y_k| <= s (linf) or sign(u_k) y_k >= 0 (l1). That is a polyhedral cone. */
#include "base/dense.h"
#include "base/memory.h"
#include "base/vector.h"
#include "margin/certificate.h"
#include "margin/cone.h"
#include "margin/equations.h"
#include "margin/norm.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The projection takes time with the fourth power of the free features, memory with their number times d. */
enum { MOST_FREE = 1000, MOST_CELLS = 1 << 26 };

/* u_k relative to sum_i c_i |x_ik|: below this it counts as zero. The polish leaves u_k at a few roundings. */
static const double ZERO = 1e-11;

typedef struct {
  const biascope_dataset *data;
  const biascope_margin *solution;
  bool linf;
  size_t free_count, dimension; /* |J|, and 1 + the dimension of the null space */
  size_t *free_feature;
  double *sign;  /* d: of u */
  double *basis; /* dimension x d: orthonormal; the last row is w* less its part in the null space */
  double length; /* of that part: s = (last coordinate) / length */
} face;

static void find_free_features(face *set, long double *u, long double *magnitude) {
  const size_t d = bs_margin_weights(set->data);
  bs_combination_and_size(set->data, set->solution->dual, u, magnitude);
  long double largest = 0.0L;
  for (size_t k = 0; k < d; k++) largest = fmaxl(largest, fabsl(u[k]));
  for (size_t k = 0; k < d; k++) {
    const long double distance = set->linf ? fabsl(u[k]) : largest - fabsl(u[k]);
    set->sign[k] = u[k] < 0.0L ? -1.0 : 1.0;
    if (distance <= ZERO * magnitude[k]) set->free_feature[set->free_count++] = k;
  }
}

/* Orthonormal rows spanning the null space of X_SJ, written into basis. */
static biascope_status find_null_space(face *set, biascope_error *error) {
  const size_t d = bs_margin_weights(set->data), columns = set->free_count, rows = set->solution->support;
  const size_t least = rows < columns ? rows : columns;
  double *matrix = BS_NEW(double, rows *columns), *singular = BS_NEW(double, least);
  double *right = BS_NEW(double, columns *columns), *row = BS_NEW(double, d);
  biascope_status status = BIASCOPE_OK;
  if (!matrix || !singular || !right || !row) status = bs_fail_memory(error, "the optimal face");
  size_t next = 0;
  for (size_t i = 0; i < bs_margin_rows(set->data) && status == BIASCOPE_OK; i++) {
    if (!(set->solution->dual[i] > 0.0)) continue;
    memset(row, 0, d * sizeof *row);
    bs_margin_row_axpy(set->data, i, 1.0, row);
    bs_scale(d, 1.0 / bs_max_abs(d, row), row);
    for (size_t j = 0; j < columns; j++) matrix[next * columns + j] = row[set->free_feature[j]];
    next++;
  }
  bs_dense_status found = BS_DENSE_OK;
  if (status == BIASCOPE_OK && columns > 0) found = bs_dense_right_vectors(rows, columns, matrix, singular, right);
  if (found == BS_DENSE_NO_MEMORY) status = bs_fail_memory(error, "the optimal face");
  if (found == BS_DENSE_FAILED)
    status = bs_fail(error, BIASCOPE_NOT_CONVERGED, "the null space of the optimal face was not found");
  for (size_t j = 0; j < columns && status == BIASCOPE_OK; j++) {
    if (j < least && singular[j] > BS_RANK_TOLERANCE * singular[0]) continue;
    for (size_t k = 0; k < columns; k++) set->basis[set->dimension * d + set->free_feature[k]] = right[j * columns + k];
    set->dimension++;
  }
  free(matrix);
  free(singular);
  free(right);
  free(row);
  return status;
}

/* The last basis row: w* less its part in the null space. */
static void complete_basis(face *set) {
  const size_t d = bs_margin_weights(set->data), last = set->dimension;
  double *row = set->basis + last * d;
  memcpy(row, set->solution->direction, d * sizeof *row);
  for (int twice = 0; twice < 2; twice++) {
    for (size_t j = 0; j < last; j++) bs_axpy(d, -bs_dot(d, row, set->basis + j * d), set->basis + j * d, row);
  }
  set->length = bs_norm2(d, row);
  bs_scale(d, 1.0 / set->length, row);
  set->dimension++;
}

/* The constraint a.y >= level s, in the coordinates of the basis given a's in them, as a unit row. */
static void end_constraint(const face *set, double level, double *g) {
  const size_t n = set->dimension;
  g[n - 1] -= level / set->length;
  const double size = bs_norm2(n, g);
  if (size > 0.0) bs_scale(n, 1.0 / size, g);
}

/* sign y_k >= level s */
static void write_bound(const face *set, size_t k, double sign, double level, double *g) {
  for (size_t j = 0; j < set->dimension; j++) g[j] = sign * set->basis[j * bs_margin_weights(set->data) + k];
  end_constraint(set, level, g);
}

static size_t write_constraints(const face *set, double *row, double *g) {
  const size_t d = bs_margin_weights(set->data), n = set->dimension;
  size_t count = 0;
  for (size_t i = 0; i < bs_margin_rows(set->data); i++) {
    if (set->solution->dual[i] > 0.0) continue;
    memset(row, 0, d * sizeof *row);
    bs_margin_row_axpy(set->data, i, 1.0, row);
    const double scale = 1.0 / bs_max_abs(d, row);
    bs_scale(d, scale, row);
    for (size_t j = 0; j < n; j++) g[count * n + j] = bs_dot(d, set->basis + j * d, row);
    end_constraint(set, scale * set->solution->margin, g + count++ * n);
  }
  for (size_t j = 0; j < set->free_count; j++) {
    const size_t k = set->free_feature[j];
    write_bound(set, k, set->linf ? 1.0 : set->sign[k], set->linf ? -1.0 : 0.0, g + count++ * n);
    if (set->linf) write_bound(set, k, -1.0, -1.0, g + count++ * n);
  }
  memset(g + count * n, 0, n * sizeof *g);
  end_constraint(set, -1.0, g + count++ * n); /* s >= 0 */
  return count;
}

/* point := the point of the cone nearest to w (of Euclidean norm 1); zero where all of it is at 90 degrees or more. */
static biascope_status project(face *set, const double *w, double *point, biascope_error *error) {
  const size_t d = bs_margin_weights(set->data);
  biascope_status status = find_null_space(set, error);
  if (status != BIASCOPE_OK) return status;
  complete_basis(set);
  const size_t n = set->dimension, limit = bs_margin_rows(set->data) + 2 * set->free_count + 1;
  double *g = BS_NEW(double, limit *n), *row = BS_NEW(double, d), *x = BS_NEW(double, n);
  if (g && row && x) {
    for (size_t k = 0; k < n; k++) x[k] = bs_dot(d, set->basis + k * d, w);
    status = bs_project_on_cone(n, write_constraints(set, row, g), g, x, error);
    memset(point, 0, d * sizeof *point);
    for (size_t k = 0; k < n; k++) bs_axpy(d, x[k], set->basis + k * d, point);
    if (!(bs_norm2(n, x) > ZERO)) memset(point, 0, d * sizeof *point);
  } else {
    status = bs_fail_memory(error, "the optimal face");
  }
  free(g);
  free(row);
  free(x);
  return status;
}

static biascope_status require_size(const face *set, biascope_error *error) {
  if (set->free_count <= MOST_FREE && (set->free_count + 1) * bs_margin_weights(set->data) <= MOST_CELLS)
    return BIASCOPE_OK;
  return bs_fail(error, BIASCOPE_NOT_CONVERGED,
                 "several %s max-margin directions, a set with %zu of %zu entries free: too large to find the nearest; "
                 "expected at most %d",
                 set->linf ? "linf" : "l1", set->free_count, bs_margin_weights(set->data), MOST_FREE);
}

/* point := the optimal direction nearest to w, of Euclidean length at most 1; zero where none is within 90 degrees. */
static biascope_status nearest_on_face(const biascope_dataset *data, bool linf, const biascope_margin *solution,
                                       const double *w, double *point, biascope_error *error) {
  const size_t d = bs_margin_weights(data);
  face set = {.data = data, .solution = solution, .linf = linf};
  set.free_feature = BS_NEW(size_t, d);
  set.sign = BS_NEW(double, d);
  long double *u = BS_NEW(long double, 2 * d);
  biascope_status status = set.free_feature && set.sign && u ? BIASCOPE_OK : bs_fail_memory(error, "the optimal face");
  if (status == BIASCOPE_OK) {
    find_free_features(&set, u, u + d);
    status = require_size(&set, error);
  }
  if (status == BIASCOPE_OK) {
    set.basis = BS_NEW(double, (set.free_count + 1) * d);
    status = set.basis ? project(&set, w, point, error) : bs_fail_memory(error, "the optimal face");
  }
  free(set.free_feature);
  free(set.sign);
  free(set.basis);
  free(u);
  return status;
}

biascope_status biascope_margin_cosine(const biascope_dataset *data, biascope_norm norm,
                                       const biascope_margin *solution, const double *w, double *cosine, double *angle,
                                       double *nearest, biascope_error *error) {
  const size_t d = bs_margin_weights(data);
  double *point = BS_NEW(double, 2 * d), *unit = point ? point + d : NULL;
  if (!point) return bs_fail_memory(error, "the nearest optimal direction");
  const bool of_matrices = norm.kind == BIASCOPE_SPECTRAL || norm.kind == BIASCOPE_NUCLEAR;
  memcpy(unit, w, d * sizeof *unit);
  const double length = bs_norm2(d, w);
  biascope_status status = BIASCOPE_OK;
  if (!solution->unique && of_matrices)
    status = bs_fail(error, BIASCOPE_NOT_CONVERGED, "several max-margin directions: the nearest is not searched for");
  else if (!solution->unique && length > 0.0) {
    bs_scale(d, 1.0 / length, unit);
    status = nearest_on_face(data, norm.kind == BIASCOPE_LINF, solution, unit, point, error);
  }
  if (bs_max_abs(d, point) == 0.0) memcpy(point, solution->direction, d * sizeof *point);
  *cosine = status == BIASCOPE_OK ? bs_cosine(d, point, w) : NAN;
  if (angle) *angle = status == BIASCOPE_OK ? bs_angle(d, point, w) : NAN;
  if (nearest) {
    memcpy(nearest, point, d * sizeof *nearest);
    bs_scale(d, (double)(1.0L / bs_norm_value(&norm, bs_margin_shape(data), point)), nearest);
  }
  free(point);
  return status;
}
