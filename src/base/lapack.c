#include "base/lapack.h"

#include "base/memory.h"
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

/* LAPACK's iterations need not end on a NaN. */
static bool is_finite(size_t n, const double *a) {
  for (size_t k = 0; k < n; k++)
    if (!isfinite(a[k])) return false;
  return true;
}

/* A driver called with length -1 writes the length it wants into its first argument. */
typedef lapack_int driver(void *arguments, double *work, lapack_int length, lapack_int *integers);

static lapack_int with_workspace(driver *call, void *arguments, size_t integer_count) {
  double wanted = 0.0;
  lapack_int first_integer = 0;
  lapack_int failed = call(arguments, &wanted, -1, &first_integer);
  if (failed != 0) return failed;
  /* dgelsd reports its integer workspace here; the others leave it at 0 */
  if (first_integer > 0 && (size_t)first_integer > integer_count) integer_count = (size_t)first_integer;
  double *work = BS_NEW(double, (size_t)wanted);
  lapack_int *integers = BS_NEW(lapack_int, integer_count);
  failed = work && integers ? call(arguments, work, (lapack_int)wanted, integers) : LAPACK_WORK_MEMORY_ERROR;
  free(work);
  free(integers);
  return failed;
}

typedef struct {
  lapack_int rows, columns;
  double *a, *b, *singular, *left, *right;
  double tolerance;
  lapack_int rank;
} problem;

/* A row-major A is the column-major A' = R' S L', so left and right trade places. */
static lapack_int call_svd(void *arguments, double *work, lapack_int length, lapack_int *integers) {
  const problem *p = arguments;
  const lapack_int least = p->rows < p->columns ? p->rows : p->columns;
  return LAPACKE_dgesdd_work(LAPACK_COL_MAJOR, 'S', p->columns, p->rows, p->a, p->columns, p->singular, p->right,
                             p->columns, p->left, least, work, length, integers);
}

lapack_int bs_lapack_svd(size_t rows, size_t columns, double *a, double *left, double *singular, double *right) {
  if (!is_finite(rows * columns, a)) return 1;
  problem p = {.rows = (lapack_int)rows, .columns = (lapack_int)columns, .a = a};
  p.left = left;
  p.singular = singular;
  p.right = right;
  const size_t least = rows < columns ? rows : columns;
  return least > 0 ? with_workspace(call_svd, &p, 8 * least) : 0;
}

static lapack_int call_right_vectors(void *arguments, double *work, lapack_int length, lapack_int *integers) {
  (void)integers;
  const problem *p = arguments;
  double unused = 0.0;
  return LAPACKE_dgesvd_work(LAPACK_COL_MAJOR, 'A', 'N', p->columns, p->rows, p->a, p->columns, p->singular, p->right,
                             p->columns, &unused, 1, work, length);
}

lapack_int bs_lapack_right_vectors(size_t rows, size_t columns, double *a, double *singular, double *right) {
  if (!is_finite(rows * columns, a)) return 1;
  problem p = {.rows = (lapack_int)rows, .columns = (lapack_int)columns, .a = a};
  p.singular = singular;
  p.right = right;
  return with_workspace(call_right_vectors, &p, 0);
}

static lapack_int call_least_squares(void *arguments, double *work, lapack_int length, lapack_int *integers) {
  (void)integers;
  const problem *p = arguments;
  return LAPACKE_dgels_work(LAPACK_COL_MAJOR, 'N', p->rows, p->columns, 1, p->a, p->rows, p->b, p->rows, work, length);
}

lapack_int bs_lapack_least_squares(size_t rows, size_t columns, double *a, double *b) {
  if (!is_finite(rows * columns, a) || !is_finite(rows, b)) return 1;
  problem p = {.rows = (lapack_int)rows, .columns = (lapack_int)columns, .a = a, .b = b};
  return with_workspace(call_least_squares, &p, 0);
}

static lapack_int call_shortest(void *arguments, double *work, lapack_int length, lapack_int *integers) {
  problem *p = arguments;
  const lapack_int tall = p->rows > p->columns ? p->rows : p->columns;
  return LAPACKE_dgelsd_work(LAPACK_COL_MAJOR, p->rows, p->columns, 1, p->a, p->rows, p->b, tall, p->singular,
                             p->tolerance, &p->rank, work, length, integers);
}

lapack_int bs_lapack_shortest_least_squares(size_t rows, size_t columns, double *a, double *b, double *singular,
                                            double tolerance, size_t *rank) {
  if (!is_finite(rows * columns, a) || !is_finite(rows, b)) return 1;
  problem p = {.rows = (lapack_int)rows, .columns = (lapack_int)columns, .a = a, .b = b};
  p.singular = singular;
  p.tolerance = tolerance;
  const lapack_int failed = with_workspace(call_shortest, &p, 0);
  *rank = (size_t)p.rank;
  return failed;
}

static lapack_int call_eigenvalues(void *arguments, double *work, lapack_int length, lapack_int *integers) {
  (void)integers;
  const problem *p = arguments;
  return LAPACKE_dgeev_work(LAPACK_COL_MAJOR, 'N', 'N', p->rows, p->a, p->rows, p->left, p->right, NULL, 1, NULL, 1,
                            work, length);
}

lapack_int bs_lapack_eigenvalues(size_t n, double *a, double *real, double *imaginary) {
  if (!is_finite(n * n, a)) return 1;
  problem p = {.rows = (lapack_int)n, .columns = (lapack_int)n, .a = a, .left = real, .right = imaginary};
  return with_workspace(call_eigenvalues, &p, 0);
}

lapack_int bs_lapack_reciprocal_condition(size_t n, const double *lu, double one_norm, double *reciprocal) {
  if (!is_finite(n * n, lu) || !isfinite(one_norm)) return 1;
  double *work = BS_NEW(double, 4 * n);
  lapack_int *integers = BS_NEW(lapack_int, n);
  lapack_int failed = LAPACK_WORK_MEMORY_ERROR;
  if (work && integers)
    failed = LAPACKE_dgecon_work(LAPACK_COL_MAJOR, '1', (lapack_int)n, lu, (lapack_int)n, one_norm, reciprocal, work,
                                 integers);
  free(work);
  free(integers);
  return failed;
}
