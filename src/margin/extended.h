/* The normal matrix of a Newton step and its Cholesky factor in extended precision. Forming the matrix squares the
 * condition of the problem, which is large for a small margin: 64 bits are then enough where 53 are not. */
#ifndef BIASCOPE_MARGIN_EXTENDED_H
#define BIASCOPE_MARGIN_EXTENDED_H

#include "margin/matrix.h"

/* Whether the matrix, formed in plain loops, costs little enough. */
bool bs_extended_affordable(const bs_matrix *x, bool by_sample);
/* k: the upper triangle of the rows x rows matrix X diag(weight) X' + diag(diagonal) + border rho rho'. */
void bs_extended_sample_gram(const bs_matrix *x, const double *weight, const double *diagonal, double border,
                             const double *rho, double *scratch, long double *k);
/* k: the upper triangle of the columns x columns matrix sum_i weight_i (x_i - rho_i m)(x_i - rho_i m)' +
 * diag(diagonal).
 */
void bs_extended_feature_gram(const bs_matrix *x, const double *weight, const double *diagonal, const double *m,
                              const double *rho, double *scratch, long double *k);
/* Overwrites the upper triangle of the n x n matrix with its factor U, K = U'U; false where it is not definite. */
bool bs_extended_factor(size_t n, long double *k);
/* x := K^-1 x */
void bs_extended_solve(size_t n, const long double *u, double *x);

#endif
