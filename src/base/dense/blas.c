/* The back end that calls a BLAS and LAPACK by their Fortran symbols. Fortran reads a row-major matrix as its
 * transpose, and its workspaces come from bs_allocate. */
#include "base/dense.h"

#include "base/memory.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Fortran's names: the length of each text follows the arguments -------------------------------- */

void dgemv_(const char *transposed, const int *m, const int *n, const double *alpha, const double *a, const int *lda,
            const double *x, const int *incx, const double *beta, double *y, const int *incy, size_t);
void dgemm_(const char *ta, const char *tb, const int *m, const int *n, const int *k, const double *alpha,
            const double *a, const int *lda, const double *b, const int *ldb, const double *beta, double *c,
            const int *ldc, size_t, size_t);
void dsyrk_(const char *uplo, const char *transposed, const int *n, const int *k, const double *alpha, const double *a,
            const int *lda, const double *beta, double *c, const int *ldc, size_t, size_t);
void dtrsv_(const char *uplo, const char *transposed, const char *diagonal, const int *n, const double *a,
            const int *lda, double *x, const int *incx, size_t, size_t, size_t);
void dpotrf_(const char *uplo, const int *n, double *a, const int *lda, int *info, size_t);
void dgetrf_(const int *m, const int *n, double *a, const int *lda, int *pivot, int *info);
void dgetrs_(const char *transposed, const int *n, const int *nrhs, const double *a, const int *lda, const int *pivot,
             double *b, const int *ldb, int *info, size_t);
void dgecon_(const char *norm, const int *n, const double *a, const int *lda, const double *anorm, double *rcond,
             double *work, int *iwork, int *info, size_t);
void dgesdd_(const char *job, const int *m, const int *n, double *a, const int *lda, double *s, double *u,
             const int *ldu, double *vt, const int *ldvt, double *work, const int *lwork, int *iwork, int *info,
             size_t);
void dgesvd_(const char *jobu, const char *jobvt, const int *m, const int *n, double *a, const int *lda, double *s,
             double *u, const int *ldu, double *vt, const int *ldvt, double *work, const int *lwork, int *info, size_t,
             size_t);
void dgels_(const char *transposed, const int *m, const int *n, const int *nrhs, double *a, const int *lda, double *b,
            const int *ldb, double *work, const int *lwork, int *info, size_t);
void dgelsd_(const int *m, const int *n, const int *nrhs, double *a, const int *lda, double *b, const int *ldb,
             double *s, const double *rcond, int *rank, double *work, const int *lwork, int *iwork, int *info);
void dgeev_(const char *jobvl, const char *jobvr, const int *n, double *a, const int *lda, double *wr, double *wi,
            double *vl, const int *ldvl, double *vr, const int *ldvr, double *work, const int *lwork, int *info, size_t,
            size_t);

static const int ONE = 1;

/* The distance between columns: Fortran refuses 0, which matrices without entries have. */
static int leading(size_t stride) {
  return stride > 0 ? (int)stride : 1;
}

static const double UNIT = 1.0, NOTHING = 0.0;

#ifdef BIASCOPE_OPENBLAS
void openblas_set_num_threads(int threads);
int openblas_get_num_threads(void);

/* Threads pay from about this many multiplications. With less to do they wait for each other, and where the processor
 * is busy, for a thousand times longer than the work takes. */
static const double WORTH_THREADS = 4e6;
static _Atomic int most_threads; /* 0: not known yet */

void bs_dense_set_threads(int threads) {
  most_threads = threads;
  openblas_set_num_threads(threads);
}

static void choose_threads(double multiplications) {
  if (most_threads == 0) most_threads = openblas_get_num_threads();
  if (most_threads > 1) openblas_set_num_threads(multiplications < WORTH_THREADS ? 1 : most_threads);
}
#else
void bs_dense_set_threads(int threads) {
  (void)threads; /* if the user chose another BLAS */
}

static void choose_threads(double multiplications) {
  (void)multiplications;
}
#endif

/* For the product of a matrix and a vector, which waits for memory. */
static void choose_threads_of_vectors(size_t rows, size_t columns) {
  choose_threads(8.0 * (double)rows * (double)columns);
}

/* ---- Products ------------------------------------------------------------------------------------- */

void bs_dense_apply(size_t rows, size_t columns, double scale, const double *a, size_t stride, const double *x,
                    double keep, double *y) {
  const int m = (int)columns, n = (int)rows, lda = leading(stride);
  choose_threads_of_vectors(rows, columns);
  dgemv_("T", &m, &n, &scale, a, &lda, x, &ONE, &keep, y, &ONE, 1);
}

void bs_dense_combine(size_t rows, size_t columns, double scale, const double *a, size_t stride, const double *x,
                      double *y) {
  const int m = (int)columns, n = (int)rows, lda = leading(stride);
  choose_threads_of_vectors(rows, columns);
  dgemv_("N", &m, &n, &scale, a, &lda, x, &ONE, &UNIT, y, &ONE, 1);
}

/* Column-major, C' = B A' is n x m. */
void bs_dense_multiply_abt(size_t m, size_t n, size_t k, double scale, const double *a, const double *b, double *c,
                           size_t stride) {
  const int rows = (int)n, columns = (int)m, inner = (int)k, ld = leading(k), ldc = leading(stride);
  choose_threads((double)m * (double)n * (double)k);
  dgemm_("T", "N", &rows, &columns, &inner, &scale, b, &ld, a, &ld, &NOTHING, c, &ldc, 1, 1);
}

/* Column-major, C' = B'A is n x m. */
void bs_dense_multiply_atb(size_t m, size_t n, size_t k, double scale, const double *a, const double *b, double *c) {
  const int rows = (int)n, columns = (int)m, inner = (int)k, ldb = leading(n), lda = leading(m);
  choose_threads((double)m * (double)n * (double)k);
  dgemm_("N", "T", &rows, &columns, &inner, &scale, b, &ldb, a, &lda, &NOTHING, c, &ldb, 1, 1);
}

void bs_dense_row_gram(size_t n, size_t k, const double *a, size_t stride, double *g, size_t order) {
  const int size = (int)n, inner = (int)k, lda = leading(stride), ldg = leading(order);
  choose_threads((double)n * (double)n * (double)k);
  dsyrk_("L", "T", &size, &inner, &UNIT, a, &lda, &NOTHING, g, &ldg, 1, 1);
}

void bs_dense_add_column_gram(size_t n, size_t k, const double *a, size_t stride, double *g, size_t order) {
  const int size = (int)n, inner = (int)k, lda = leading(stride), ldg = leading(order);
  choose_threads((double)n * (double)n * (double)k);
  dsyrk_("L", "N", &size, &inner, &UNIT, a, &lda, &UNIT, g, &ldg, 1, 1);
}

/* ---- Square systems ------------------------------------------------------------------------------- */

bool bs_dense_cholesky(size_t n, double *k, size_t stride) {
  const int size = (int)n, ldk = leading(stride);
  int info;
  choose_threads((double)n * (double)n * (double)n);
  dpotrf_("L", &size, k, &ldk, &info, 1);
  return info == 0;
}

void bs_dense_cholesky_solve(size_t n, const double *u, size_t stride, double *x) {
  const int size = (int)n, ldu = leading(stride);
  choose_threads_of_vectors(n, n);
  dtrsv_("L", "N", "N", &size, u, &ldu, x, &ONE, 1, 1, 1);
  dtrsv_("L", "T", "N", &size, u, &ldu, x, &ONE, 1, 1, 1);
}

/* LAPACK's iterations may not end if there is a NaN. */
static bool is_finite(size_t n, const double *a) {
  for (size_t k = 0; k < n; k++)
    if (!isfinite(a[k])) return false;
  return true;
}

static double one_norm(size_t n, const double *a) {
  double largest = 0.0;
  for (size_t j = 0; j < n; j++) {
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) sum += fabs(a[j * n + i]);
    largest = fmax(largest, sum);
  }
  return largest;
}

static bs_dense_status estimate_condition(size_t n, const double *lu, double norm, double *reciprocal) {
  const int size = (int)n, ld = leading(n);
  int info = 0;
  double *work = BS_NEW(double, 4 * n);
  int *integers = BS_NEW(int, n);
  const bool allocated = work && integers;
  if (allocated) dgecon_("1", &size, lu, &ld, &norm, reciprocal, work, integers, &info, 1);
  free(work);
  free(integers);
  return allocated ? BS_DENSE_OK : BS_DENSE_NO_MEMORY;
}

bs_dense_status bs_dense_lu(size_t n, double *a, int *pivot, double *reciprocal) {
  const int size = (int)n, ld = leading(n);
  int info;
  if (reciprocal) *reciprocal = 0.0;
  if (!is_finite(n * n, a)) return BS_DENSE_FAILED;
  const double norm = reciprocal ? one_norm(n, a) : 0.0;
  choose_threads((double)n * (double)n * (double)n);
  dgetrf_(&size, &size, a, &ld, pivot, &info);
  if (info != 0) return BS_DENSE_FAILED;
  if (!reciprocal || !is_finite(n * n, a) || !isfinite(norm)) return BS_DENSE_OK;
  return estimate_condition(n, a, norm, reciprocal);
}

void bs_dense_lu_solve(size_t n, const double *lu, const int *pivot, bool transposed, double *x) {
  const int size = (int)n, ld = leading(n);
  int info;
  choose_threads_of_vectors(n, n);
  dgetrs_(transposed ? "T" : "N", &size, &ONE, lu, &ld, pivot, x, &ld, &info, 1);
}

/* ---- Decompositions ------------------------------------------------------------------------------- */

typedef struct {
  int rows, columns;
  double *a, *b, *singular, *left, *right;
  double tolerance;
} problem;

/* A driver called with length -1 writes the length it needs to the first entries of its workspaces. Returns LAPACK's
 * info. */
typedef int driver(const problem *p, double *work, int length, int *integers);

static bs_dense_status with_workspace(driver *call, const problem *p, size_t integer_count) {
  const double rows = (double)p->rows, columns = (double)p->columns;
  double wanted = 0.0;
  int first_integer = 0;
  choose_threads(rows * columns * fmin(rows, columns));
  if (call(p, &wanted, -1, &first_integer) != 0) return BS_DENSE_FAILED;
  /* dgelsd reports its integer workspace here; the others leave it at 0 */
  if (first_integer > 0 && (size_t)first_integer > integer_count) integer_count = (size_t)first_integer;
  double *work = BS_NEW(double, (size_t)wanted);
  int *integers = BS_NEW(int, integer_count);
  bs_dense_status status = BS_DENSE_NO_MEMORY;
  if (work && integers) status = call(p, work, (int)wanted, integers) == 0 ? BS_DENSE_OK : BS_DENSE_FAILED;
  free(work);
  free(integers);
  return status;
}

/* A row-major A is the column-major A' = R' S L', so left and right change places. */
static int call_svd(const problem *p, double *work, int length, int *integers) {
  const int least = p->rows < p->columns ? p->rows : p->columns;
  int info;
  dgesdd_("S", &p->columns, &p->rows, p->a, &p->columns, p->singular, p->right, &p->columns, p->left, &least, work,
          &length, integers, &info, 1);
  return info;
}

bs_dense_status bs_dense_svd(size_t rows, size_t columns, double *a, double *left, double *singular, double *right) {
  if (!is_finite(rows * columns, a)) return BS_DENSE_FAILED;
  const problem p = {
      .rows = (int)rows, .columns = (int)columns, .a = a, .left = left, .singular = singular, .right = right};
  const size_t least = rows < columns ? rows : columns;
  return least > 0 ? with_workspace(call_svd, &p, 8 * least) : BS_DENSE_OK;
}

static int call_right_vectors(const problem *p, double *work, int length, int *integers) {
  (void)integers;
  double unused = 0.0;
  int info;
  dgesvd_("A", "N", &p->columns, &p->rows, p->a, &p->columns, p->singular, p->right, &p->columns, &unused, &ONE, work,
          &length, &info, 1, 1);
  return info;
}

bs_dense_status bs_dense_right_vectors(size_t rows, size_t columns, double *a, double *singular, double *right) {
  if (!is_finite(rows * columns, a)) return BS_DENSE_FAILED;
  const problem p = {.rows = (int)rows, .columns = (int)columns, .a = a, .singular = singular, .right = right};
  return with_workspace(call_right_vectors, &p, 0);
}

static int call_least_squares(const problem *p, double *work, int length, int *integers) {
  (void)integers;
  int info;
  dgels_("N", &p->rows, &p->columns, &ONE, p->a, &p->rows, p->b, &p->rows, work, &length, &info, 1);
  return info;
}

bs_dense_status bs_dense_least_squares(size_t rows, size_t columns, double *a, double *b) {
  if (!is_finite(rows * columns, a) || !is_finite(rows, b)) return BS_DENSE_FAILED;
  const problem p = {.rows = (int)rows, .columns = (int)columns, .a = a, .b = b};
  return with_workspace(call_least_squares, &p, 0);
}

static int call_shortest(const problem *p, double *work, int length, int *integers) {
  const int tall = p->rows > p->columns ? p->rows : p->columns;
  int rank, info;
  dgelsd_(&p->rows, &p->columns, &ONE, p->a, &p->rows, p->b, &tall, p->singular, &p->tolerance, &rank, work, &length,
          integers, &info);
  return info;
}

bs_dense_status bs_dense_shortest_least_squares(size_t rows, size_t columns, double *a, double *b, double *singular,
                                                double tolerance) {
  if (!is_finite(rows * columns, a) || !is_finite(rows, b)) return BS_DENSE_FAILED;
  if (rows == 0 || columns == 0) { /* LAPACK takes no leading dimension of 0 */
    memset(b, 0, (rows > columns ? rows : columns) * sizeof *b);
    return BS_DENSE_OK;
  }
  const problem p = {
      .rows = (int)rows, .columns = (int)columns, .a = a, .b = b, .singular = singular, .tolerance = tolerance};
  return with_workspace(call_shortest, &p, 0);
}

static int call_eigenvalues(const problem *p, double *work, int length, int *integers) {
  (void)integers;
  double unused = 0.0;
  int info;
  dgeev_("N", "N", &p->rows, p->a, &p->rows, p->left, p->right, &unused, &ONE, &unused, &ONE, work, &length, &info, 1,
         1);
  return info;
}

bs_dense_status bs_dense_eigenvalues(size_t n, double *a, double *real, double *imaginary) {
  if (!is_finite(n * n, a)) return BS_DENSE_FAILED;
  const problem p = {.rows = (int)n, .columns = (int)n, .a = a, .left = real, .right = imaginary};
  return with_workspace(call_eigenvalues, &p, 0);
}
