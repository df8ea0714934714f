/* Cholesky factors of symmetric positive definite systems; row-major upper triangle, K = U'U. */
#ifndef BIASCOPE_MARGIN_CHOLESKY_H
#define BIASCOPE_MARGIN_CHOLESKY_H

#include <stdbool.h>
#include <stddef.h>

/* Overwrites the upper triangle of the n x n matrix (leading dimension `stride`, padded) with its factor; false
 * where it is not positive definite. */
bool bs_cholesky_factor(size_t n, size_t stride, double *k);
/* x := K^-1 x */
void bs_cholesky_solve(size_t n, size_t stride, const double *u, double *x);

#endif
