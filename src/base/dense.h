/* Dense linear algebra: all of it that the library calls, with two back ends in src/base/dense/, OpenBLAS (or any other
 * library with the Fortran symbols of BLAS and LAPACK) and Eigen, one of which a build chooses.
 *
 * Matrices are row-major where nothing else is said; `stride` is the distance between rows. Arrays may not overlap.
 * The last bits of a result depend on the back end, the processor and the number of threads; training calls none of
 * this. */
#ifndef BIASCOPE_BASE_DENSE_H
#define BIASCOPE_BASE_DENSE_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  BS_DENSE_OK,
  BS_DENSE_FAILED, /* the method did not converge, or the input is not finite */
  BS_DENSE_NO_MEMORY
} bs_dense_status;

/* The number of threads of the products; 1 if the caller has threads of its own. */
void bs_dense_set_threads(int threads);

/* ---- Products ------------------------------------------------------------------------------------- */

/* y = scale A x + keep y, A rows x columns. If keep is 0, the old y is not read. */
void bs_dense_apply(size_t rows, size_t columns, double scale, const double *a, size_t stride, const double *x,
                    double keep, double *y);
/* y += scale A'x */
void bs_dense_combine(size_t rows, size_t columns, double scale, const double *a, size_t stride, const double *x,
                      double *y);
/* C = scale A B', A m x k, B n x k, both without gaps between rows; C m x n with its stride. */
void bs_dense_multiply_abt(size_t m, size_t n, size_t k, double scale, const double *a, const double *b, double *c,
                           size_t stride);
/* C = scale A'B, A k x m, B k x n, C m x n, all without gaps between rows. */
void bs_dense_multiply_atb(size_t m, size_t n, size_t k, double scale, const double *a, const double *b, double *c);
/* The upper triangle of G = A A', A n x k, G n x n with stride `order`. */
void bs_dense_row_gram(size_t n, size_t k, const double *a, size_t stride, double *g, size_t order);
/* Adds A'A to the upper triangle of G: A k x n, G n x n with stride `order`. */
void bs_dense_add_column_gram(size_t n, size_t k, const double *a, size_t stride, double *g, size_t order);

/* ---- Square systems ------------------------------------------------------------------------------- */

/* Overwrites the upper triangle of the n x n matrix by U with K = U'U; false if K is not positive definite. */
bool bs_dense_cholesky(size_t n, double *k, size_t stride);
/* x := (U'U)^-1 x */
void bs_dense_cholesky_solve(size_t n, const double *u, size_t stride, double *x);

/* LU factors, with row exchanges, of a column-major n x n matrix, in its place; pivot: n entries. reciprocal: of the
 * condition number in the one norm, 0 if the matrix is singular; NULL: not wanted. BS_DENSE_FAILED: singular. */
bs_dense_status bs_dense_lu(size_t n, double *a, int *pivot, double *reciprocal);
/* x := A^-1 x, or A'^-1 x. */
void bs_dense_lu_solve(size_t n, const double *lu, const int *pivot, bool transposed, double *x);

/* ---- Decompositions; each overwrites A ------------------------------------------------------------ */

/* A = L S R, A rows x columns: L rows x least, S least entries in descending order, R least x columns, with least =
 * min(rows, columns). */
bs_dense_status bs_dense_svd(size_t rows, size_t columns, double *a, double *left, double *singular, double *right);
/* S as above, and all `columns` right vectors as the rows of R, columns x columns. */
bs_dense_status bs_dense_right_vectors(size_t rows, size_t columns, double *a, double *singular, double *right);
/* min |A x - b|_2 for a column-major A of full rank with rows >= columns; x replaces the start of b (rows entries).
 * BS_DENSE_FAILED: not of full rank. */
bs_dense_status bs_dense_least_squares(size_t rows, size_t columns, double *a, double *b);
/* The shortest x that minimises |A x - b|_2, A column-major; x replaces b, which has max(rows, columns) entries.
 * Singular values below tolerance times the largest count as zero; singular: least entries that descend. */
bs_dense_status bs_dense_shortest_least_squares(size_t rows, size_t columns, double *a, double *b, double *singular,
                                                double tolerance);
/* The eigenvalues of an n x n matrix, in any order. */
bs_dense_status bs_dense_eigenvalues(size_t n, double *a, double *real, double *imaginary);

#ifdef __cplusplus
}
#endif
#endif
