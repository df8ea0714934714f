#include "margin/equations.h"

#include "base/dense.h"
#include "base/memory.h"
#include "base/vector.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

biascope_status bs_equations_create(size_t rows, size_t columns, bs_equations *out, biascope_error *error) {
  *out = (bs_equations){.rows = rows, .columns = columns};
  out->a = BS_NEW(double, rows *columns);
  return out->a ? BIASCOPE_OK : bs_fail_memory(error, "the equations of the active constraints");
}

void bs_equations_free(bs_equations *equations) {
  free(equations->a);
  free(equations->lu);
  free(equations->pivot);
  free(equations->work);
  free(equations->left);
  free(equations->singular);
  free(equations->right);
  *equations = (bs_equations){0};
}

/* Sets the rank where A, square, is clearly of full rank. */
static biascope_status factor_square(bs_equations *equations, biascope_error *error) {
  double reciprocal;
  memcpy(equations->lu, equations->a, equations->rows * equations->rows * sizeof *equations->a);
  if (bs_dense_lu(equations->rows, equations->lu, equations->pivot, &reciprocal) == BS_DENSE_NO_MEMORY)
    return bs_fail_memory(error, "the equations of the active constraints");
  if (reciprocal > BS_RANK_TOLERANCE) equations->rank = equations->rows;
  return BIASCOPE_OK;
}

static biascope_status factor_any(bs_equations *equations, biascope_error *error) {
  const size_t rows = equations->rows, columns = equations->columns, least = rows < columns ? rows : columns;
  double *copy = BS_NEW(double, rows *columns);
  equations->left = BS_NEW(double, rows *least);
  equations->singular = BS_NEW(double, least);
  equations->right = BS_NEW(double, least *columns);
  bs_dense_status found = BS_DENSE_NO_MEMORY;
  if (copy && equations->left && equations->singular && equations->right) {
    memcpy(copy, equations->a, rows * columns * sizeof *copy);
    found = bs_dense_svd(rows, columns, copy, equations->left, equations->singular, equations->right);
  }
  free(copy);
  if (found == BS_DENSE_NO_MEMORY) return bs_fail_memory(error, "the equations of the active constraints");
  if (found == BS_DENSE_FAILED)
    return bs_fail(error, BIASCOPE_NOT_CONVERGED, "the singular values of the active constraints did not converge");
  while (equations->rank < least && equations->singular[equations->rank] > BS_RANK_TOLERANCE * equations->singular[0])
    equations->rank++;
  return BIASCOPE_OK;
}

biascope_status bs_equations_factor(bs_equations *equations, biascope_error *error) {
  if (equations->rows == equations->columns) {
    equations->lu = BS_NEW(double, equations->rows * equations->rows);
    equations->pivot = BS_NEW(int, equations->rows);
    equations->work = BS_NEW(double, equations->rows);
    if (!equations->lu || !equations->pivot || !equations->work)
      return bs_fail_memory(error, "the equations of the active constraints");
    const biascope_status status = factor_square(equations, error);
    if (status != BIASCOPE_OK || equations->rank > 0) return status;
  }
  return factor_any(equations, error);
}

/* The LU factors are those of the column-major reading, A'. */
static void solve_lu(const bs_equations *equations, bool transposed, const double *b, double *y) {
  double *x = equations->work;
  memcpy(x, b, equations->rows * sizeof *x);
  bs_dense_lu_solve(equations->rows, equations->lu, equations->pivot, transposed, x);
  bs_axpy(equations->rows, 1.0, x, y);
}

void bs_equations_solve(const bs_equations *equations, const double *b, double *y) {
  if (!equations->singular) {
    solve_lu(equations, true, b, y);
    return;
  }
  const size_t least = equations->rows < equations->columns ? equations->rows : equations->columns;
  for (size_t j = 0; j < equations->rank; j++) {
    double sum = 0.0;
    for (size_t i = 0; i < equations->rows; i++) sum += equations->left[i * least + j] * b[i];
    bs_axpy(equations->columns, sum / equations->singular[j], equations->right + j * equations->columns, y);
  }
}

void bs_equations_solve_transposed(const bs_equations *equations, const double *e, double *x) {
  if (!equations->singular) {
    solve_lu(equations, false, e, x);
    return;
  }
  const size_t least = equations->rows < equations->columns ? equations->rows : equations->columns;
  for (size_t j = 0; j < equations->rank; j++) {
    const double sum =
        bs_dot(equations->columns, equations->right + j * equations->columns, e) / equations->singular[j];
    for (size_t i = 0; i < equations->rows; i++) x[i] += sum * equations->left[i * least + j];
  }
}
