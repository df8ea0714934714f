/* The LAPACK drivers that need workspace, with the workspace from bs_allocate: LAPACKE's own wrappers print on standard
 * output where memory runs out. All return 0; > 0 where the method failed or the input is not finite; or
 * LAPACK_WORK_MEMORY_ERROR. Matrices are overwritten. */
#ifndef BIASCOPE_BASE_LAPACK_H
#define BIASCOPE_BASE_LAPACK_H

#include <lapacke.h>
#include <stddef.h>

/* Of a row-major rows x columns matrix A = L S R: L (rows x least), S (least) and R (least x columns), row-major, with
 * least = min(rows, columns). */
lapack_int bs_lapack_svd(size_t rows, size_t columns, double *a, double *left, double *singular, double *right);
/* S as above and all `columns` right vectors as the rows of R (columns x columns). */
lapack_int bs_lapack_right_vectors(size_t rows, size_t columns, double *a, double *singular, double *right);
/* min |A x - b| for a column-major A of full rank with rows >= columns; x replaces the start of b (rows). */
lapack_int bs_lapack_least_squares(size_t rows, size_t columns, double *a, double *b);
/* The shortest x that minimises |A x - b|, A column-major; x replaces b (max(rows, columns)), the residual follows it
 * where A has full rank. Singular values below tolerance times the largest count as zero; singular: least. */
lapack_int bs_lapack_shortest_least_squares(size_t rows, size_t columns, double *a, double *b, double *singular,
                                            double tolerance, size_t *rank);
/* The eigenvalues of an n x n matrix. */
lapack_int bs_lapack_eigenvalues(size_t n, double *a, double *real, double *imaginary);
/* An estimate of 1 / (|A|_1 |A^-1|_1) from dgetrf's factors and |A|_1. */
lapack_int bs_lapack_reciprocal_condition(size_t n, const double *lu, double one_norm, double *reciprocal);

#endif
