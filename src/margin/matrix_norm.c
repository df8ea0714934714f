#include "margin/matrix_norm.h"

#include "base/dense.h"
#include "base/memory.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>

/* A = L S R + E, all of them but E as doubles. */
typedef struct {
  size_t rows, columns, least;
  double *copy, *left, *singular, *right;
  const long double *a;
} decomposition;

static long double *squares_of(const decomposition *of, bool left, long double *square) {
  for (size_t j = 0; j < of->least; j++) {
    square[j] = 0.0L;
    const size_t count = left ? of->rows : of->columns;
    for (size_t i = 0; i < count; i++) {
      const long double v = (long double)(left ? of->left[i * of->least + j] : of->right[j * of->columns + i]);
      square[j] += v * v;
    }
  }
  return square;
}

/* Of the vectors' products, less the unit matrix, in the Frobenius norm: |L|^2 is at most 1 more. */
static long double defect(const decomposition *of, bool left) {
  long double sum = 0.0L;
  for (size_t i = 0; i < of->least; i++) {
    for (size_t j = i; j < of->least; j++) {
      long double product = i == j ? -1.0L : 0.0L;
      const size_t count = left ? of->rows : of->columns;
      for (size_t at = 0; at < count; at++)
        product += left ? (long double)of->left[at * of->least + i] * (long double)of->left[at * of->least + j]
                        : (long double)of->right[i * of->columns + at] * (long double)of->right[j * of->columns + at];
      sum += (i == j ? 1.0L : 2.0L) * product * product;
    }
  }
  return sqrtl(sum);
}

/* |E| in the Frobenius norm, and that of A's entries' sizes in *size. */
static long double residual(const decomposition *of, long double *size) {
  long double sum = 0.0L;
  *size = 0.0L;
  for (size_t i = 0; i < of->rows; i++) {
    for (size_t k = 0; k < of->columns; k++) {
      const long double entry = of->a[i * of->columns + k];
      long double left = entry;
      for (size_t j = 0; j < of->least; j++)
        left -= (long double)of->left[i * of->least + j] * (long double)of->singular[j] *
                (long double)of->right[j * of->columns + k];
      sum += left * left;
      *size += entry * entry;
    }
  }
  *size = sqrtl(*size);
  return sqrtl(sum);
}

/* |L S R|_2 <= |L| s_1 |R|, and its nuclear norm is at most that of the sum of s_j |l_j| |r_j|; E adds its own. */
static bs_matrix_norms bound(const decomposition *of, long double *squares) {
  long double size, sum = 0.0L;
  const long double least = (long double)of->least;
  const long double *left = squares_of(of, true, squares), *right = squares_of(of, false, squares + of->least);
  for (size_t j = 0; j < of->least; j++) sum += (long double)of->singular[j] * sqrtl(left[j] * right[j]);
  const long double largest =
      (long double)of->singular[0] * sqrtl((1.0L + defect(of, true)) * (1.0L + defect(of, false)));
  long double rest = residual(of, &size);
  rest += (long double)(of->rows + of->columns) * LDBL_EPSILON * size; /* the evaluation's own error */
  return (bs_matrix_norms){.spectral = largest + rest, .nuclear = sum + sqrtl(least) * rest};
}

biascope_status bs_bound_matrix_norms(size_t rows, size_t columns, const long double *a, bs_matrix_norms *out,
                                      biascope_error *error) {
  decomposition of = {.rows = rows, .columns = columns, .least = rows < columns ? rows : columns, .a = a};
  double *memory = BS_NEW(double, rows *columns + (rows + columns + 1) * of.least);
  long double *squares = BS_NEW(long double, 2 * of.least);
  biascope_status status = memory && squares ? BIASCOPE_OK : bs_fail_memory(error, "the singular values");
  if (status == BIASCOPE_OK) {
    of.copy = memory;
    of.left = of.copy + rows * columns;
    of.right = of.left + rows * of.least;
    of.singular = of.right + of.least * columns;
    for (size_t at = 0; at < rows * columns; at++) of.copy[at] = (double)a[at];
    const bs_dense_status found = bs_dense_svd(rows, columns, of.copy, of.left, of.singular, of.right);
    if (found == BS_DENSE_NO_MEMORY) status = bs_fail_memory(error, "the singular values");
    if (found == BS_DENSE_FAILED)
      status = bs_fail(error, BIASCOPE_NOT_CONVERGED, "the singular values of the weights were not found");
    if (found == BS_DENSE_OK) *out = bound(&of, squares);
  }
  free(memory);
  free(squares);
  return status;
}

bs_matrix_norms bs_matrix_norms_of(size_t rows, size_t columns, const double *a) {
  bs_matrix_norms norms = {NAN, NAN};
  long double *copy = BS_NEW(long double, rows *columns);
  for (size_t at = 0; copy && at < rows * columns; at++) copy[at] = (long double)a[at];
  if (copy && bs_bound_matrix_norms(rows, columns, copy, &norms, NULL) != BIASCOPE_OK)
    norms = (bs_matrix_norms){NAN, NAN};
  free(copy);
  return norms;
}
