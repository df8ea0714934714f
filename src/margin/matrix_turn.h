/* Matrices expressed in the singular vectors of one of them, X -> U' X V. Where the equations of an interior point have
 * coefficients of the order of mu beside those of 1/mu, these vectors keep them apart, and rounding does not mix them.
 */
#ifndef BIASCOPE_MARGIN_MATRIX_TURN_H
#define BIASCOPE_MARGIN_MATRIX_TURN_H

#include "base/dense.h"
#include "margin/problem.h"

typedef struct {
  size_t k, m, d, least;
  double *left, *right, *right_rows; /* U, m x m; V, and V', d x d */
  double *singular;                  /* least */
  double *copy, *vectors;            /* scratch: m x d each */
  double *basis;                     /* k x m: Q U */
  bs_matrix samples;                 /* X V: dense */
} bs_matrix_turn;

biascope_status bs_matrix_turn_create(const bs_matrix *x, bs_matrix_turn *out, biascope_error *error);
void bs_matrix_turn_free(bs_matrix_turn *turn);
/* Takes the singular vectors of A, m x d, all of them. */
bs_dense_status bs_matrix_turn_set(bs_matrix_turn *turn, const bs_matrix *x, const double *basis, const double *a);
/* to = U' X V, and to = U X V'. */
void bs_matrix_turn_forth(bs_matrix_turn *turn, const double *x, double *to);
void bs_matrix_turn_back(bs_matrix_turn *turn, const double *x, double *to);

#endif
